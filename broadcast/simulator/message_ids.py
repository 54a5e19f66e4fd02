"""The message ids that a simulated carrier gives: how one is written in the response, and how in the receipt.

Made in batches and joined: within a batch all are of one width.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from broadcast.config import IdFormat
from broadcast.simulator.content import Content
from broadcast.simulator.personality import Personality
from broadcast.simulator.stamping import stamp

_UUID: Final = b"-" * 36
_UUID_GROUPS: Final = ((0, 8), (9, 4), (14, 4), (19, 4), (24, 12))
_DIGITS23: Final = 23
_LETTERS: Final[dict[IdFormat, str]] = {"text": "d", "decimal": "d", "hex": "x"}


Given = tuple[int, int, bytes, bytes]
"""From which to before which of some segments, and their ids, joined twice: as in responses and as in receipts."""


class Ids:
    """`take(count)` gives new ids twice, joined: as in responses and as in receipts."""

    def __init__(self, personality: Personality, first: int) -> None:
        """first: the first number of a counter; above all numbers of earlier runs, or ids come again."""
        self._next = first
        self._told = 0
        self._same_width_until = 0
        self._uuid = personality.id_kind == "uuid"
        self._cased: tuple[Callable[[bytes], bytes], ...] = tuple(
            bytes.upper if upper else bytes
            for upper in (personality.response_id_upper, personality.receipt_id_upper)
        )
        widths = (personality.response_id_width, personality.receipt_id_width)
        if personality.id_kind == "digits23":
            widths = (_DIGITS23, _DIGITS23)
        letters = (_LETTERS[personality.response_id], _LETTERS[personality.receipt_id])
        self._numbers = tuple(f"%0{width}{letter}" for width, letter in zip(widths, letters, strict=True))
        around = "SAR-{}-2-1" if personality.id_kind == "sar" else "{}"
        self._formats = tuple(around.format(number) for number in self._numbers)

    def take(self, count: int) -> tuple[bytes, bytes]:
        """Each of the two has `count` ids of one width."""
        if self._uuid:
            plain = _uuids(count)
            return self._cased[0](plain), self._cased[1](plain)
        first = self._first_of(count)
        self._next = first + count
        return self.written(tuple(range(first, first + count)))

    def given(self, content: Content, msisdns: Sequence[bytes]) -> Iterator[Given]:
        """The ids of these segments. content: what all of them say."""
        yield 0, len(msisdns), *self.take(len(msisdns))

    def coming(self, count: int, ahead: int) -> list[bytes]:
        """So many of a counter, as they stand in receipts, given when `ahead` more have been; none is told twice."""
        first = max(self._told, self._next + ahead)
        self._told = first + count
        return [self.written((number,))[1] for number in range(first, self._told)]

    def written(self, numbers: tuple[int, ...]) -> tuple[bytes, bytes]:
        """Those of a counter, joined twice."""
        written = ((text * len(numbers) % numbers).encode() for text in self._formats)
        response, receipt = (case(octets) for case, octets in zip(self._cased, written, strict=True))
        return response, receipt

    def _first_of(self, count: int) -> int:
        """The next number, or a later one from which all `count` are of one width in both formats."""
        first = self._next
        while first + count > self._same_width_until:
            first = max(first, self._same_width_until)
            self._same_width_until = min(_width_ends(text, first) for text in self._numbers)
        return first


def _width_ends(text: str, first: int) -> int:
    """The number at which ids in this format become wider than that of `first`."""
    base = 16 if text.endswith("x") else 10
    return int(base ** len(text % first))


def _uuids(count: int) -> bytes:
    """Random ones, whatever the personality's seed: a carrier does not give an id twice."""
    groups = (
        (place, width, random.randbytes(count * width // 2).hex().encode()) for place, width in _UUID_GROUPS
    )
    return bytes(stamp(_UUID, count, groups))
