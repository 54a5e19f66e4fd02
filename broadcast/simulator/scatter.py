"""Receipts of which each has a time of its own, as a nation's have: how long one takes, and all that are under way.

Hot path: thousands a second, of which few are due together; nothing is kept of one but its columns.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

from broadcast.simulator.receipts import Receipts, Single
from broadcast.simulator.wheel import Wheel

_ALPHA, _BETA = 1.3, 3.0
# a draw of a beta distribution costs more than all else of a receipt: so many are drawn, and drawn from again
_DRAWN: Final = 4096
_KEPT_KINDS: Final = 1000


class Delays:
    """Most of them early, some late: a beta distribution of 1.3 and 3.0 from the first bound to the second."""

    def __init__(self, bounds: Sequence[float], chance: Random) -> None:
        """bounds: two, in seconds."""
        low, high = bounds
        self._chance = chance
        self._drawn = [low + (high - low) * chance.betavariate(_ALPHA, _BETA) for _ in range(_DRAWN)]

    def of(self, count: int) -> list[float]:
        """So many, in seconds."""
        return self._chance.choices(self._drawn, k=count)


class Scatter:
    """`put` some with their times; `due` gives them again, joined with all that are due in the same tick."""

    def __init__(self) -> None:
        self._wheel: Wheel[tuple[Receipts, Single]] = Wheel()
        self._kinds: dict[tuple[Any, ...], Receipts] = {}

    def __bool__(self) -> bool:
        return bool(self._wheel)

    def put(self, moments: Iterable[float], batch: Receipts) -> None:
        """moments: one for each, of the same clock as `due`'s."""
        if len(self._kinds) >= _KEPT_KINDS:
            self._kinds.clear()
        kind = self._kinds.setdefault(batch.kind(), batch.part(0, 0))
        self._wheel.put_each(moments, ((kind, single) for single in batch.singles()))

    def due(self, now: float) -> list[Receipts]:
        """As few batches as can be."""
        kinds: dict[int, tuple[Receipts, list[Single]]] = {}
        for kind, single in self._wheel.due(now):
            found = kinds.get(id(kind))
            if found is None:
                kinds[id(kind)] = (kind, [single])
            else:
                found[1].append(single)
        return [kind.of(singles) for kind, singles in kinds.values()]
