"""What is to happen later, in buckets of a tick: no timer per receipt. Pure."""

from collections.abc import Iterable, Sequence
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
        self.put_each((at,), (thing,))

    def put_each(self, moments: Iterable[float], things: Iterable[T]) -> None:
        """Each thing at its moment."""
        buckets, first = self._buckets, self._done + 1
        for at, thing in zip(moments, things, strict=True):
            tick = int(at / TICK_S) + 1
            if tick < first:
                tick = first
            bucket = buckets.get(tick)
            if bucket is None:
                buckets[tick] = [thing]
            else:
                bucket.append(thing)

    def due(self, now: float) -> list[T]:
        """What is due; forgotten here."""
        first, self._done = self._done + 1, int(now / TICK_S)
        past: Sequence[int] = range(first, self._done + 1)
        if len(past) > len(
            self._buckets
        ):  # after a rest; else fewer ticks are gone than have something to come
            past = sorted(tick for tick in self._buckets if tick <= self._done)
        return [thing for tick in past for thing in self._buckets.pop(tick, ())]
