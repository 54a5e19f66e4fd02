"""Segments that go one by one: of a message too large for what is allowed now, and those that are tried again. Pure."""

import heapq

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

    def withdraw(self) -> list[Piece]:
        """Take out those of works that are given back."""
        withdrawn = [piece for _, _, piece in self._heap if piece[0].releasing]
        if withdrawn:
            self._heap = [each for each in self._heap if not each[2][0].releasing]
            heapq.heapify(self._heap)
        return withdrawn
