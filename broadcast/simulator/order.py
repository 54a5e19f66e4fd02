"""When receipts come, and what comes beside them: intermediate states, repeats, ids of nobody. Pure.

Source: quirks 16 to 22; the switches are those of habits.ReceiptHabits.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final

from broadcast.simulator.message_ids import Ids
from broadcast.simulator.odd_receipts import poison
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipts import Receipts, Stage

_SPREAD_OVER: Final = 64  # receipts that share one delay at least
_STRANGERS_FROM: Final = 10**12  # counted by microseconds since 1970, so no run of ours ever gave these

Planned = tuple[float, Receipts]
"""When it is due; EARLY: at once, before the responses."""

EARLY: Final = float("-inf")


class _Nobody:
    """Owner of receipts that may go to any session."""

    receives = False


NOBODY: Final = _Nobody()


def plain_plan(personality: Personality, chance: Random, batch: Receipts, now: float) -> Iterator[Planned]:
    """Each piece of a batch has a delay of its own, so that large reads come back spread."""
    delay, jitter = personality.receipt_delay_s, personality.receipt_jitter_s
    if not jitter:
        yield now + delay, batch
        return
    for start in range(0, len(batch), _SPREAD_OVER):
        moment = now + max(0.0, delay + chance.uniform(-jitter, jitter))
        yield moment, batch if len(batch) <= _SPREAD_OVER else batch.part(start, start + _SPREAD_OVER)


class OddPlan:
    """`of` plans a batch, with the habits of one personality."""

    def __init__(self, personality: Personality, chance: Random) -> None:
        self._personality = personality
        self._habits = personality.receipts
        self._chance = chance
        self._ids = Ids(personality, _STRANGERS_FROM + chance.randrange(10**11))

    def of(self, batch: Receipts, now: float) -> Iterator[Planned]:
        """What is to be sent because of these receipts, themselves among it."""
        habits = self._habits
        if habits.any_session:
            batch.owner = NOBODY
        early, rest = self._split(batch, habits.early_share)
        if early is not None:
            yield EARLY, early
            yield from self._repeats(now, early)
        if rest is None:
            return
        late, rest = self._split(rest, habits.late_share)
        for part, delay in ((late, habits.late_s), (rest, 0.0)):
            if part is not None:
                for moment, piece in plain_plan(self._personality, self._chance, part, now):
                    yield from self._piece(moment + delay, piece)

    def _piece(self, moment: float, piece: Receipts) -> Iterator[Planned]:
        for number in range(len(self._habits.intermediate)):
            yield moment, replace(piece, stage=Stage.INTERMEDIATE, fates=bytes((number,)) * len(piece))
            moment += self._habits.intermediate_s
        yield moment, piece
        yield from self._repeats(moment, piece)
        strangers, _ = self._split(piece, self._habits.stranger_share)
        if strangers is not None:
            _, ids = self._ids.take(len(strangers))
            width = len(ids) // len(strangers)
            yield moment, replace(strangers, stage=Stage.STRANGER, ids=ids, id_width=width)

    def _repeats(self, moment: float, batch: Receipts) -> Iterator[Planned]:
        if not self._habits.repeats:
            return
        chosen, _ = self._split(batch, self._habits.repeat_share)
        if chosen is not None:
            for number in range(1, self._habits.repeats + 1):
                yield moment + number * self._habits.repeat_after_s, replace(chosen, stage=Stage.REPEAT)

    def _split(self, batch: Receipts, share: float) -> tuple[Receipts | None, Receipts | None]:
        """(so large a part by chance, the others); None for none."""
        if share in (0.0, 1.0):
            return (batch, None) if share else (None, batch)
        chosen = [self._chance.random() < share for _ in range(len(batch))]
        if all(chosen) or not any(chosen):
            return (batch, None) if chosen[0] else (None, batch)
        return batch.chosen(chosen), batch.chosen([not each for each in chosen])


def poisons(owner: Any, count: int, stored: dict[bytes, bytes]) -> Receipts:
    """`count` unreadable receipts for a session; their PDUs go to `stored`."""
    keys = [b"P%09d" % number for number in range(count)]
    stored |= {key: poison(number) for number, key in enumerate(keys)}
    return Receipts(owner, b"", b"", 0, 10, b"", b"".join(keys), bytes(count), stage=Stage.POISON)
