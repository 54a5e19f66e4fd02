"""Into how many people slices are cut: all alike, or the last ones ever smaller. Pure.

A slice is one worker's, so at an alert's end some have people left and others none. Where lower alerts have the TPS of
those meanwhile, and it is no use to anybody to wait for it (decision 032), what is left is to be little.
"""

from collections.abc import Iterator
from typing import Final

TAIL: Final = 32  # slices from the end: there it begins; with so many workers each has one of them
LEAST_PART: Final = 16  # of a slice
LEAST: Final = 20  # people: a slice costs a lease


def parts(people: int, size: int, graded: bool = False) -> Iterator[int]:
    """Of so many people: each `size`; graded: each a TAIL-th part of what is left, where that is less."""
    least = max(size // LEAST_PART, min(size, LEAST))
    while people:
        part = min(people, size, max(people // TAIL, least)) if graded else min(people, size)
        yield part
        people -= part


def until(people: int, size: int) -> int:
    """How many of them can be cut now, in whole slices, when more may come and the end is graded."""
    return max(0, people - TAIL * size) // size * size
