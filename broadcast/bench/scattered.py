"""Receipts of what was accepted out of thin air, scattered as a simulated carrier's are, and with its habits.

Late, missing, doubled, undeliverable and rejected ones in the shares of its personality; not those before the response,
for there is none. Pure.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from broadcast.channel.receipt import ReceiptState
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.personality import Personality
from broadcast.simulator.scatter import Delays
from broadcast.simulator.wheel import Wheel

Told = tuple[int, str, str, int]
"""State, id, err and MSISDN."""

_SAYS: Final[dict[int, tuple[int, str]]] = {
    Fate.UNDELIVERABLE: (int(ReceiptState.UNDELIVERABLE), "027"),
    Fate.EXPIRED: (int(ReceiptState.EXPIRED), "011"),
    Fate.REJECTED: (int(ReceiptState.REJECTED), "004"),
}
_DELIVERED: Final = (int(ReceiptState.DELIVERED), "000")


class Scattered:
    """`put` what was accepted, take what is `due`."""

    def __init__(self, personality: Personality, chance: Random) -> None:
        habits = personality.receipts
        self._habits = habits
        self._chance = chance
        self._fates = Fates(personality)
        self._delays, self._late, self._again = (
            Delays(bounds, chance)
            for bounds in (habits.between_s, habits.late_between_s, habits.repeat_between_s)
        )
        self._wheel: Wheel[Told] = Wheel()

    def put(self, msisdns: Sequence[int], ids: Sequence[str], now: float) -> None:
        """ids: of each message's segments in order. now: of the same clock as `due`'s."""
        told = self._told(msisdns, ids)
        moments = [now + delay for delay in self._delays.of(len(told))]
        late = self._some(len(told), self._habits.late_share)
        for index, delay in zip(late, self._late.of(len(late)), strict=True):
            moments[index] = now + delay
        doubled = self._some(len(told), self._habits.repeat_share)
        moments += [
            moments[index] + delay for index, delay in zip(doubled, self._again.of(len(doubled)), strict=True)
        ]
        told += [told[index] for index in doubled]
        for index in reversed(self._some(len(told), self._habits.missing_share)):
            del moments[index], told[index]
        self._wheel.put_each(moments, told)

    def due(self, now: float) -> list[Told]:
        """Forgotten here."""
        return self._wheel.due(now)

    def _told(self, msisdns: Sequence[int], ids: Sequence[str]) -> list[Told]:
        segments = len(ids) // len(msisdns)
        places = self._fates.places([b"%d" % msisdn for msisdn in msisdns])
        columns = [self._fates.column(places, number) for number in range(1, segments + 1)]
        fates = (fate for message in zip(*columns, strict=True) for fate in message)
        says, whose = _SAYS.get, (msisdn for msisdn in msisdns for _ in range(segments))
        return [
            (state, smsc_id, err, msisdn)
            for smsc_id, msisdn, (state, err) in zip(
                ids, whose, (says(fate, _DELIVERED) for fate in fates), strict=True
            )
        ]

    def _some(self, count: int, share: float) -> list[int]:
        """So large a share of so many, by chance, in order."""
        chance = self._chance.random
        return [index for index in range(count) if chance() < share]
