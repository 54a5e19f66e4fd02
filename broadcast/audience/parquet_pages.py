"""How large the pages of a Parquet column are, before one of them is read: a page is read whole.

Page headers are Thrift structs in the compact protocol; only what pages have is read of it (parquet-format,
PageHeader). Pyarrow does not show them.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import IO, Any

_HEADER_OCTETS = (1 << 12, 1 << 24)  # to try: the statistics of a page with a long value are long
_DEEPEST = 4  # structs in structs

_PAGE_TYPE, _UNCOMPRESSED, _COMPRESSED = 1, 2, 3
_OF_TYPE = {0: 5, 1: 6, 2: 7, 3: 8}  # the header of each type of page; its field 1 counts the values


class PageError(ValueError):
    """What should be a page's header is none."""


class Kind(IntEnum):
    """Types of pages."""

    DATA = 0
    INDEX = 1
    DICTIONARY = 2
    DATA_V2 = 3


@dataclass(frozen=True, slots=True)
class Page:
    """octets: unpacked. values: of a dictionary, its entries; otherwise rows, of a column without lists."""

    kind: Kind
    values: int
    octets: int


def pages(raw: IO[bytes], start: int, octets: int) -> Iterator[Page]:
    """Of a column's chunk of so many octets. Raises PageError."""
    end = start + octets
    while start < end:
        fields, length = _header(raw, start)
        try:
            kind = Kind(fields[_PAGE_TYPE])
            counts = fields.get(_OF_TYPE[kind]) or {}
            page, packed = Page(kind, counts.get(1, 0), fields[_UNCOMPRESSED]), fields[_COMPRESSED]
        except (KeyError, ValueError, AttributeError) as error:
            raise PageError("no page") from error
        if min(page.values, page.octets, packed) < 0:
            raise PageError("a page of less than nothing")
        yield page
        start += length + packed


def most_octets(found: Iterable[Page], rows: int) -> int:
    """Of the pages that hold so many rows one after the other, as near as whole pages tell; of a dictionary too."""
    window: deque[Page] = deque()
    most = values = octets = 0
    for page in found:
        most = max(most, page.octets)
        if page.kind in (Kind.DICTIONARY, Kind.INDEX):
            continue
        window.append(page)
        values, octets = values + page.values, octets + page.octets
        while values - window[0].values >= rows:
            first = window.popleft()
            values, octets = values - first.values, octets - first.octets
        most = max(most, octets)
    return most


def _header(raw: IO[bytes], at: int) -> tuple[dict[int, Any], int]:
    """Its fields, and how long it is."""
    for most in _HEADER_OCTETS:
        raw.seek(at)
        struct = _Struct(raw.read(most))
        try:
            return struct.fields(), struct.at
        except IndexError:
            continue
    raise PageError("a header without an end")


class _Struct:
    """A cursor over Thrift's compact protocol. Raises IndexError at the end of the octets."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self.at = octets, 0

    def fields(self, depth: int = 0) -> dict[int, Any]:
        """By number."""
        if depth > _DEEPEST:
            raise PageError("structs in structs")
        found: dict[int, Any] = {}
        number = 0
        while head := self._octet():
            number = number + (head >> 4) if head >> 4 else self._signed()
            found[number] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 8:
            return self._skip(self._unsigned())
        if kind == 12:
            return self.fields(depth + 1)
        raise PageError("a field that no page has")

    def _octet(self) -> int:
        self.at += 1
        return self._octets[self.at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while (octet := self._octet()) & 0x80:
            value |= (octet & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise PageError("a number without an end")
        return value | octet << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)

    def _skip(self, octets: int) -> int:
        self.at += octets
        if self.at > len(self._octets):
            raise IndexError
        return octets
