"""Lines of a list without quotes, column by column: most of them are read without an object for any. Pure.

By the rules of `Reader`, of which this knows a part: a line that is not understood here is to be read there. What
stands beside a number is looked up as it stands, so that a spelling is read once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.audience.lines import Header
from broadcast.audience.plain_numbers import Codes, Places, PlainNumbers
from broadcast.audience.records import LONGEST_LINE, PlainText

# What a spelling says, as a number; None: it is to be read line by line.
Say = Callable[[str], int | None]
# The same of the cells of a line: of one text where they are its end, of each of them where they stand elsewhere.
SayCells = Callable[[str | tuple[str, ...]], int | None]

_REMEMBERED: Final = 10_000  # spellings of a carrier or an opt-out
_NOT_UNDERSTOOD: Final = -1


@dataclass(frozen=True, slots=True)
class Understood:
    """Some lines of a text: places, from 0, in their order; of each the MSISDN, its carrier by prefix, the carrier that
    its line says (0: none), whether it is opted out, and what its cells say."""

    places: Places
    msisdns: Places
    by_prefix: Places
    said: Places
    opted_out: Places
    cells: Places


class PlainLines:
    """Reads the lines of one list."""

    def __init__(
        self,
        header: Header,
        tail: int,
        numbers: PlainNumbers,
        carrier: Say,
        opted_out: Say,
        cells: SayCells | None,
        known: Mapping[str | tuple[str, ...], int],
    ) -> None:
        """tail: how many columns are before those that `cells` reads, where these are the last ones; 0: they are not.
        cells: None: there are none to read; known: what it says of some, which is looked at first."""
        self._header, self._tail, self._numbers = header, tail, numbers
        self._carrier, self._opted_out = _remembering(carrier), _remembering(opted_out)
        self._cells, self._known = cells, known

    def read(self, text: PlainText) -> Understood:
        """Lines that are not among these are to be read one by one."""
        codes = _codes(text.text)
        grid = _Grid(codes, self._header.delimiter, self._header.width)
        msisdns, by_prefix = self._numbers.read(codes, *grid.field(self._header.msisdn))
        said = self._column(text.text, grid, self._header.carrier, self._carrier)
        opted_out = self._column(text.text, grid, self._header.opted_out, self._opted_out)
        cells = self._said_by_cells(text.text, grid)
        fine = (by_prefix > 0) & (said >= 0) & (opted_out >= 0) & (cells >= 0)
        return Understood(*(each[fine] for each in (grid.places, msisdns, by_prefix, said, opted_out, cells)))

    def _said_by_cells(self, text: str, grid: "_Grid") -> Places:
        if self._cells is None:
            return np.zeros(len(grid.places), np.int64)
        written: Sequence[str | tuple[str, ...]]
        if self._tail:
            written = _texts(text, grid.field(self._tail)[0], grid.ends)
        else:
            fields = [_texts(text, *grid.field(place)) for place in self._header.cells.values()]
            written = list(zip(*fields, strict=True))
        found = list(map(self._known.get, written))
        if None in found:
            pairs = zip(found, written, strict=True)
            found = [self._cells(each) if known is None else known for known, each in pairs]
        return _numbers(found)

    @staticmethod
    def _column(text: str, grid: "_Grid", place: int | None, say: Say) -> Places:
        """An empty cell says 0."""
        found = np.zeros(len(grid.places), np.int64)
        if place is not None:
            begins, ends = grid.field(place)
            those = np.flatnonzero(ends > begins)
            found[those] = _numbers(map(say, _texts(text, begins[those], ends[those])))
        return found


class _Grid:
    """Where the fields are of those lines that have as many as there are columns. places: of these lines, from 0."""

    def __init__(self, codes: Codes, delimiter: str, width: int) -> None:
        breaks = np.flatnonzero(codes == ord("\n"))
        begins = np.concatenate([[0], breaks + 1])
        ends = np.concatenate([breaks, [len(codes)]])
        self._parts = np.flatnonzero(codes == ord(delimiter))
        first = np.searchsorted(self._parts, begins)
        counts = np.append(first[1:], len(self._parts)) - first
        self.places: Places = np.flatnonzero((counts == width - 1) & (ends - begins <= LONGEST_LINE))
        self._begins, self.ends, self._first = begins[self.places], ends[self.places], first[self.places]
        self._width = width

    def field(self, place: int) -> tuple[Places, Places]:
        """Where it begins in each line, and where it ends."""
        begins = self._begins if place == 0 else self._parts[self._first + place - 1] + 1
        ends = self.ends if place == self._width - 1 else self._parts[self._first + place]
        return begins, ends


def _codes(text: str) -> Codes:
    """One for each character."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le"), np.dtype("<u4"))


def _texts(text: str, begins: Places, ends: Places) -> list[str]:
    return [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def _numbers(said: Iterable[int | None]) -> Places:
    return np.array([_NOT_UNDERSTOOD if each is None else each for each in said], np.int64)


def _remembering(say: Say) -> Say:
    known: dict[str, int | None] = {}

    def remembered(written: str) -> int | None:
        if written not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[written] = say(written)
        return known[written]

    return remembered
