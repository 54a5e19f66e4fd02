"""What is to happen later, in buckets of a tick: no timer per receipt. Pure."""

from typing import Final, Generic, TypeVar

TICK_S: Final = 0.01

T = TypeVar("T")


class Wheel(Generic[T]):
    """Things due at a time; due ones are given in order of their ticks. Never early, late by up to a tick."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[T]] = {}
        self._done = 0

    def __bool__(self) -> bool:
        return bool(self._buckets)

    def put(self, at: float, thing: T) -> None:
        """at: seconds of the same clock as `due`'s."""
        tick = max(int(at / TICK_S) + 1, self._done + 1)
        self._buckets.setdefault(tick, []).append(thing)

    def due(self, now: float) -> list[T]:
        """What is due; forgotten here."""
        self._done = int(now / TICK_S)
        ticks = sorted(tick for tick in self._buckets if tick <= self._done)
        return [thing for tick in ticks for thing in self._buckets.pop(tick)]
