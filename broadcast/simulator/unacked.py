"""The deliver_sm of one session that are not answered yet. Pure.

Kept as the batches that went out, with a flag for each receipt: an answer to a whole run of them touches a
few slices, nothing per receipt.
"""

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from broadcast.simulator.receipts import Receipts
from broadcast.smpp.pdu import MAX_SEQUENCE

_FIRST: Final = 1
_OPEN: Final = b"\1"
_DONE: Final = b"\0"


@dataclass(slots=True)
class _Sent:
    """One batch under the sequence numbers from `first`. open: an octet each, 1 until it is answered."""

    first: int
    batch: Receipts
    open: bytearray
    left: int


@dataclass(slots=True)
class Unacked:
    """`add` what goes out, `answer` what comes back. count: receipts without an answer."""

    count: int = 0
    _next: int = _FIRST
    _sent: list[_Sent] = field(default_factory=list)  # by first, ascending, until the numbers wrap

    def add(self, batch: Receipts) -> bytes:
        """The sequence numbers that it goes out under, four octets each."""
        if self._next + len(batch) > MAX_SEQUENCE:
            self._next = _FIRST
        first = self._next
        self._next = first + len(batch)
        self._insert(_Sent(first, batch, bytearray(_OPEN * len(batch)), len(batch)))
        self.count += len(batch)
        return _swapped(array("I", range(first, self._next))).tobytes()

    def answer(self, sequences: bytes) -> list[Receipts]:
        """What is answered by this: joined sequence numbers, four octets each, in any order, some unknown."""
        ranges = _ranges(_swapped(array("I", sequences)))
        return [part for start, stop in ranges for part in self._answer(start, stop)]

    def open(self) -> list[Receipts]:
        """All without an answer; forgotten here."""
        left = [sent.batch.chosen(sent.open) for sent in self._sent]
        self._sent.clear()
        self.count = 0
        return left

    def _insert(self, sent: _Sent) -> None:
        place = len(self._sent)
        while place and self._sent[place - 1].first > sent.first:  # the numbers have wrapped
            place -= 1
        self._sent.insert(place, sent)

    def _answer(self, start: int, stop: int) -> Iterator[Receipts]:
        """Sequence numbers from `start` to before `stop`."""
        place = bisect_right(self._sent, start, key=lambda sent: sent.first) - 1
        place = max(place, 0)
        while place < len(self._sent) and self._sent[place].first < stop:
            sent = self._sent[place]
            left, right = max(start - sent.first, 0), min(stop - sent.first, len(sent.batch))
            if left < right:
                yield from self._close(sent, left, right)
            if sent.left:
                place += 1
            else:
                del self._sent[place]

    def _close(self, sent: _Sent, left: int, right: int) -> Iterator[Receipts]:
        was_open = bytes(sent.open[left:right])
        count = was_open.count(_OPEN)
        if count:
            sent.open[left:right] = _DONE * (right - left)
            sent.left -= count
            self.count -= count
            yield sent.batch.part(left, right).chosen(was_open)


def _swapped(numbers: "array[int]") -> "array[int]":
    """Between this machine's order of octets and the wire's."""
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _ranges(numbers: "array[int]") -> list[tuple[int, int]]:
    """(first, behind the last) of consecutive numbers, in order of arrival."""
    if not numbers:
        return []
    first, last = numbers[0], numbers[-1]
    if last - first + 1 == len(numbers) and numbers == array("I", range(first, last + 1)):
        return [(first, last + 1)]
    found = []
    start = previous = numbers[0]
    for number in numbers[1:]:
        if number != previous + 1:
            found.append((start, previous + 1))
            start = number
        previous = number
    return [*found, (start, previous + 1)]
