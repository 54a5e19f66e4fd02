"""When receipts come, and what comes beside them: intermediate states, repeats, ids of nobody. Pure.

Source: quirks 16 to 22; the switches are those of habits.ReceiptHabits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import compress
from operator import add
from random import Random
from typing import Any, Final

from broadcast.simulator.fate import Fate
from broadcast.simulator.message_ids import Ids
from broadcast.simulator.odd_receipts import poison
from broadcast.simulator.personality import Personality
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.simulator.scatter import Delays

_SPREAD_OVER: Final = 64  # receipts that share one delay at least
_STAY_TOGETHER: Final = 16  # of those that may go to any session, on one
_STRANGERS_HEAD: Final = b"\0\5\0SMSC\0\1\1"
_STRANGERS_FROM: Final = 10**12  # counted by microseconds since 1970, so no run of ours ever gave these

Due = float | list[float]
"""When: all of a batch together, or one moment for each. EARLY: at once, before the responses. HELD: when asked for."""

Coming = Callable[[int, int], list[bytes]]

Planned = tuple[Due, Receipts]

EARLY: Final = float("-inf")
HELD: Final = float("inf")


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
    """`of` plans a batch, with the habits of one personality. oddities: counted by name, in its book."""

    def __init__(
        self, personality: Personality, chance: Random, oddities: Counter[str], coming: Coming | None = None
    ) -> None:
        """coming: as OddIds.coming, where stranger_ahead is set."""
        habits = personality.receipts
        self._personality = personality
        self._habits = habits
        self._chance = chance
        self._oddities = oddities
        self._coming = coming
        self._nobodys = Strangers(personality, chance)
        self._delays, self._late_delays, self._repeat_delays = (
            Delays(bounds, chance) if bounds else None
            for bounds in (habits.between_s, habits.late_between_s, habits.repeat_between_s)
        )

    def of(self, batch: Receipts, now: float) -> Iterator[Planned]:
        """What is to be sent because of these receipts, themselves among it."""
        habits, came_on = self._habits, batch.owner
        if habits.any_session:
            batch.owner = NOBODY
        missing, rest = self._split(batch, habits.missing_share)
        if missing is not None:
            self._oddities["missing_receipts"] += len(missing)
        held, rest = self._split(rest, habits.held_share)
        if held is not None:
            yield HELD, held
        early, rest = self._split(rest, habits.early_share)
        if early is not None:
            yield EARLY, early
            yield from self._repeats(now, early, came_on)
        late, rest = self._split(rest, habits.late_share)
        for due, piece in (*self._late(late, now), *self._in_time(rest, now)):
            yield from self._piece(due, piece, came_on)

    def _in_time(self, batch: Receipts | None, now: float) -> Iterator[Planned]:
        if batch is None:
            return
        if self._delays is None:
            yield from plain_plan(self._personality, self._chance, batch, now)
        else:
            yield _each_later([now] * len(batch), self._delays), batch

    def _late(self, batch: Receipts | None, now: float) -> Iterator[Planned]:
        if batch is None:
            return
        if self._late_delays is not None:
            yield _each_later([now] * len(batch), self._late_delays), batch
            return
        for due, piece in self._in_time(batch, now):
            yield _later(due, self._habits.late_s), piece

    def _piece(self, due: Due, piece: Receipts, came_on: Any) -> Iterator[Planned]:
        for number in range(len(self._habits.intermediate)):
            yield due, replace(piece, stage=Stage.INTERMEDIATE, fates=bytes((number,)) * len(piece))
            due = _later(due, self._habits.intermediate_s)
        yield due, piece
        yield from self._repeats(due, piece, came_on)
        chosen = self._flags(len(piece), self._habits.stranger_share)
        if any(chosen):
            yield from self._strangers(_chosen(due, chosen), piece.chosen(chosen))

    def _strangers(self, due: Due, batch: Receipts) -> Iterator[Planned]:
        """Like these, of other ids."""
        if self._coming is None:
            yield due, self._nobodys.like(batch)
            return
        moments = due if isinstance(due, list) else [due] * len(batch)
        ids = self._coming(len(batch), self._habits.stranger_ahead)
        for index, (moment, one) in enumerate(zip(moments, ids, strict=True)):
            piece = batch.part(index, index + 1)
            yield moment, replace(piece, stage=Stage.STRANGER, ids=one, id_width=len(one))

    def _repeats(self, due: Due, batch: Receipts, came_on: Any) -> Iterator[Planned]:
        """came_on: the session of their messages, than which a new link is newer."""
        chosen = self._flags(len(batch), self._habits.repeat_share if self._habits.repeats else 0.0)
        if not any(chosen):
            return
        due, again = _chosen(due, chosen), batch.chosen(chosen)
        for _ in range(self._habits.repeats):
            if self._repeat_delays is None:
                due = _later(due, self._habits.repeat_after_s)
            else:
                moments = due if isinstance(due, list) else [due] * len(again)
                due = _each_later(moments, self._repeat_delays)
            owner = came_on if self._habits.repeats_on_new_link else again.owner
            yield due, replace(again, stage=Stage.REPEAT, owner=owner)

    def _split(self, batch: Receipts | None, share: float) -> tuple[Receipts | None, Receipts | None]:
        """(so large a part by chance, the others); None for none."""
        if batch is None or not share:
            return None, batch
        chosen = self._flags(len(batch), share)
        if all(chosen) or not any(chosen):
            return (batch, None) if chosen[0] else (None, batch)
        return batch.chosen(chosen), batch.chosen([not each for each in chosen])

    def _flags(self, count: int, share: float) -> list[bool]:
        """So many, so large a share of them true by chance."""
        if share in (0.0, 1.0):
            return [bool(share)] * count
        chance = self._chance.random
        return [chance() < share for _ in range(count)]


def _later(due: Due, delay_s: float) -> Due:
    return [each + delay_s for each in due] if isinstance(due, list) else due + delay_s


def _each_later(moments: list[float], delays: Delays) -> list[float]:
    return list(map(add, moments, delays.of(len(moments))))


def _chosen(due: Due, chosen: list[bool]) -> Due:
    return list(compress(due, chosen)) if isinstance(due, list) else due


class Strangers:
    """Receipts of ids that nobody was given."""

    def __init__(self, personality: Personality, chance: Random) -> None:
        self._chance = chance
        self._ids = Ids(personality, _STRANGERS_FROM + chance.randrange(10**11))

    def like(self, batch: Receipts) -> Receipts:
        """These, but for their ids."""
        _, ids = self._ids.take(len(batch))
        return replace(batch, stage=Stage.STRANGER, ids=ids, id_width=len(ids) // len(batch))

    def of(self, owner: Any, count: int, submitted: bytes) -> Receipts:
        """So many for a session, of numbers by chance. submitted: YYMMDDhhmm."""
        digits = b"".join(b"849%08d" % self._chance.randrange(10**8) for _ in range(count))
        fates = bytes((Fate.DELIVERED,)) * count
        return self.like(Receipts(owner, _STRANGERS_HEAD, submitted, 11, 0, digits, b"", fates))


def dealt(batches: Iterable[Receipts], receiving: Sequence[Any], chance: Random) -> Iterator[Receipts]:
    """Those whose owner receives nothing, in pieces to whichever sessions of `receiving`; the others as they are."""
    for batch in batches:
        if batch.owner.receives:
            yield batch
            continue
        for start in range(0, len(batch), _STAY_TOGETHER):
            piece = batch.part(start, start + _STAY_TOGETHER)
            piece.owner = chance.choice(receiving)
            yield piece


def poisons(owner: Any, count: int, stored: dict[bytes, bytes]) -> Receipts:
    """`count` unreadable receipts for a session; their PDUs go to `stored`."""
    keys = [b"P%09d" % number for number in range(count)]
    stored |= {key: poison(number) for number, key in enumerate(keys)}
    return Receipts(owner, b"", b"", 0, 10, b"", b"".join(keys), bytes(count), stage=Stage.POISON)
