"""Segments that go one by one: of a message too large for what is allowed now, and those that are tried again. Pure."""

import heapq
from collections.abc import Callable, Collection

from broadcast.engine.work import Work

Piece = tuple[Work, int, int]  # work, ordinal, segment from 1


class Pieces:
    """By the time when they are due (monotonic), and in the order in which they came."""

    __slots__ = ("_came", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Piece]] = []
        self._came = 0

    def add(self, piece: Piece, due: float) -> None:
        """It may leave at `due` or later."""
        self._came += 1
        heapq.heappush(self._heap, (due, self._came, piece))

    def __bool__(self) -> bool:
        """Is there any?"""
        return bool(self._heap)

    @property
    def next_at(self) -> float | None:
        """When the first is due; None: there is none."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> bool:
        """Is there one to send now?"""
        return bool(self._heap) and self._heap[0][0] <= now

    def pop(self) -> Piece:
        """The first."""
        return heapq.heappop(self._heap)[2]

    def of(self, goes: Callable[[Work], bool]) -> list[Piece]:
        """Those of such works, due or not."""
        return [piece for _, _, piece in self._heap if goes(piece[0])]

    def drop(self, messages: Collection[tuple[Work, int]]) -> None:
        """Take out all that there is of these messages (work, ordinal)."""
        if messages:
            self._heap = [each for each in self._heap if each[2][:2] not in messages]
            heapq.heapify(self._heap)
