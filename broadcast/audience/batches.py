"""Lines of a file become batches of distinct subscribers: normalised, routed, in index order.

Most lines of most lists are read thousands at a time (plain_lines.py), and here, one by one, those that it leaves. Runs
in a thread beside the database's work: nothing here waits for Postgres.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience.cells import NO, YES, Cells, Combination, Unclear
from broadcast.audience.characters import plain
from broadcast.audience.erased import NOBODY_ERASED, Erased
from broadcast.audience.lines import Header, Line, Lines
from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.parquet import ParquetRows
from broadcast.audience.plain_lines import PlainLines
from broadcast.audience.plain_numbers import PlainNumbers
from broadcast.audience.records import LONGEST_LINE, PlainText
from broadcast.audience.routing import Router
from broadcast.audience.staging import (
    BUCKET_SHIFT,
    CARRIER_SHIFT,
    COMBINATION_SHIFT,
    OPTED_OUT,
    PORTED,
    SAID,
    People,
    gathered,
    key,
)
from broadcast.audience.unfinished import Unfinished
from broadcast.config import Config
from broadcast.csv_files import CsvWriter
from broadcast.ids import CarrierNo

BATCH = 200_000  # lines of subscribers; bounds the memory of an import, here and in Postgres

_LINES_EACH = (
    2  # times as many lines of any kind make a batch too: of refused ones, it is seen that they are read
)
_REFUSED_COLUMNS = ("line", "reason")  # then those of the list, so that the file can be mended and imported
_SHOWN = 200  # characters of a refused line that its file keeps of a field
_WHOLE = ("line_too_long", "unmatched_quote")  # such a line stands in one cell, as it is
_NOBODY: Final = -1  # in place of a key
_REMEMBERED = 100_000  # lines' cells: bounds the memory of a list in which no two lines are alike


@dataclass(frozen=True, slots=True)
class Batch:
    """lines: read so far; repeated: lines of this batch beyond a number's first.

    done, total: how much of the file was read by then, in its source's unit; total 0: nobody knows. place: of the
    next line, as the source says it. refused: lines by reason, and refused_octets of their file, by then; unclear:
    lines by column, by then. combinations: those that no batch before had.
    """

    people: People
    lines: int
    repeated: int
    done: int
    total: int
    place: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_octets: int = 0
    combinations: Sequence[Combination] = ()
    unclear: Mapping[str, Unclear] = field(default_factory=dict)


Numbers = NDArray[np.int64]
_EMPTY: Final = np.empty(0, np.int64)


class Reader:
    """Turns a source into batches, and counts and keeps what it refuses."""

    def __init__(
        self,
        config: Config,
        source: Lines | ParquetRows,
        carriers: Mapping[str, CarrierNo],
        sink: IO[str],
        before: Unfinished | None = None,
        cells: Cells | None = None,
        erased: Erased = NOBODY_ERASED,
    ) -> None:
        """carriers: carrier_no by name. sink: where refused lines are written. before: what `source` has skipped.
        cells: reads the columns `source.header.cells`; None: it has none. erased: whose lines are refused."""
        self._is_erased = erased.has if erased else None
        self.lines = before.lines if before else 0
        self.refused: Counter[str] = Counter(before.refused if before else {})
        self._source, self._sink = source, sink
        self._delimiter, self._width = source.header.delimiter, source.header.width
        self._msisdn = source.header.msisdn
        self._carrier, self._opted_out = source.header.carrier, source.header.opted_out
        self._normalize = Normalizer(config.country).normalize
        self._route = Router(config.country).carrier
        self._cells, self._known = cells, dict[tuple[str, ...] | str, int]()
        self._places = list(source.header.cells.values()) if cells else []
        self._tail = _tail(source.header)
        if cells and before:
            cells.unclear.update(before.unclear)
        self._carriers = carriers
        self._ports = {name.lower(): name for name in config.country.prefixes}
        self._people: list[tuple[Numbers, Numbers]] = []  # keys and facts of lines, as `gathered` has them
        self._gathered = 0
        self._plain = self._plain_lines(config)
        own = tuple(source.columns[:2]) == _REFUSED_COLUMNS
        self._kept = slice(len(_REFUSED_COLUMNS) if own else 0, None)
        columns = () if before else (*_REFUSED_COLUMNS, *source.columns[self._kept])
        self._writer = CsvWriter(sink, columns, delimiter=self._delimiter, peoples_text=True)

    def _plain_lines(self, config: Config) -> PlainLines:
        numbers = PlainNumbers(config.country, self._carriers)
        cells = self._said_clearly if self._cells else None
        said = (self._said_carrier, _said_opted_out)
        return PlainLines(self._source.header, self._tail, numbers, *said, cells, self._known)

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """Of `size` lines of subscribers or a little more, or _LINES_EACH times as many of any; the last may have any
        number."""
        begun = self.lines
        for first_number, lines in self._source.batches():
            self._read(lines, first_number)
            self.lines += len(lines)
            if self._gathered >= size or self.lines - begun >= size * _LINES_EACH:
                yield self._batch()
                begun = self.lines
        yield self._batch()

    def stop(self) -> None:
        """From another thread: `batches` does not wait for more of a pipe."""
        self._source.stop()

    def _batch(self) -> Batch:
        keys, facts = zip((_EMPTY, _EMPTY), *self._people, strict=True)
        people, repeated = gathered(np.concatenate(keys), np.concatenate(facts))
        self._people, self._gathered = [], 0
        source, cells = self._source, self._cells
        refused = dict(sorted(self.refused.items()))
        return Batch(
            *(people, self.lines, repeated, *source.position(), source.place(), refused),
            *(self._sink.tell(), cells.take_new() if cells else (), dict(cells.unclear) if cells else {}),
        )

    def _read(self, lines: Sequence[Line], first_number: int) -> None:
        keys, facts = np.full(len(lines), _NOBODY, np.int64), np.zeros(len(lines), np.int64)
        left: Iterable[int] = range(len(lines))
        if isinstance(lines, PlainText):
            left = self._read_plain(lines, keys, facts)
        found: list[tuple[int, int, int]] = []
        for place in left:
            line, number = lines[place], first_number + place
            person = self._person(line, number)
            if isinstance(person, str):
                self._refuse(number, person, line)
            else:
                found.append((place, *person))
        if found:
            places, keys_found, facts_found = np.array(found, np.int64).T
            keys[places], facts[places] = keys_found, facts_found
        somebody = keys != _NOBODY
        self._people.append((keys[somebody], facts[somebody]))
        self._gathered += int(np.count_nonzero(somebody))

    def _read_plain(self, lines: PlainText, keys: Numbers, facts: Numbers) -> list[int]:
        """Keys and facts of those lines that can be read together; returns the places of the others, in their order."""
        said = self._plain.read(lines)
        carriers = np.where(said.said > 0, said.said, said.by_prefix)
        of_them = carriers << CARRIER_SHIFT | said.opted_out * OPTED_OUT | said.cells
        of_them |= np.where(carriers != said.by_prefix, PORTED, 0) | np.where(said.said > 0, SAID, 0)
        keys[said.places] = (said.msisdns & 63) << BUCKET_SHIFT | said.msisdns
        facts[said.places] = of_them
        if self._is_erased is not None:
            asked = map(self._is_erased, said.msisdns.tolist())
            keys[said.places[np.fromiter(asked, np.bool_, len(said.places))]] = _NOBODY
        return np.flatnonzero(keys == _NOBODY).tolist()

    def _said_carrier(self, written: str) -> int | None:
        """The number of a carrier that a cell names."""
        return self._carriers.get(self._ports.get(written.strip().lower(), ""))

    def _person(self, line: Line, number: int) -> tuple[int, int] | str:
        """Key and facts of a line's subscriber; a reason if there is none."""
        tail: str | None = None
        if type(line) is str:
            if len(line) > LONGEST_LINE:
                return "line_too_long"
            if self._tail:
                fields = line.split(self._delimiter, self._tail)
                tail = fields[-1]
                if len(fields) > self._tail and tail in self._known:
                    return self._of_fields(fields, tail, number)
            fields = line.split(self._delimiter)
        elif isinstance(line, tuple):
            return self._of(line[0], line[1], line[2], line[3:] if self._cells else None, number)
        elif isinstance(line, list):
            fields = line
        else:
            return "unmatched_quote"
        if len(fields) != self._width:
            tail = None
            if len(fields) > self._width and (reason := self._too_many(fields)):
                return reason
            fields = fields + [""] * (
                self._width - len(fields)
            )  # spreadsheets leave out empty cells at the end
        cells = tuple([fields[place] for place in self._places]) if self._cells and tail is None else tail
        return self._of_fields(fields, cells, number)

    def _of_fields(
        self, fields: list[str], cells: tuple[str, ...] | str | None, number: int
    ) -> tuple[int, int] | str:
        carrier, opted_out = self._carrier, self._opted_out
        return self._of(
            fields[self._msisdn],
            "" if carrier is None else fields[carrier],
            "" if opted_out is None else fields[opted_out],
            cells,
            number,
        )

    def _too_many(self, fields: list[str]) -> str:
        """Why a line with more fields than columns is refused; it is read if nothing stands in them."""
        if not any(map(plain, fields[self._width :])):
            return ""
        number = ",".join(fields[self._msisdn : self._msisdn + 2])  # 8,49123E+10 without quotes
        cut = self._delimiter == "," and self._normalize(number) is Refusal.SCIENTIFIC
        return Refusal.SCIENTIFIC.value if cut else "wrong_columns"

    def _of(
        self, written: str, carrier_said: str, said: str, cells: tuple[str, ...] | str | None, line: int
    ) -> tuple[int, int] | str:
        """cells: those of areas, languages and attributes; a text: as they stand at the end of the line."""
        msisdn = self._normalize(written)
        if isinstance(msisdn, str):  # a Refusal
            return msisdn.value
        if self._is_erased is not None and self._is_erased(msisdn):
            return "erased"
        by_prefix = self._route(msisdn)
        if by_prefix is None:
            return Refusal.UNKNOWN_PREFIX.value
        carrier, facts = by_prefix, 0
        if carrier_said and (carrier_said := carrier_said.strip().lower()):
            named = self._ports.get(carrier_said) or self._named(plain(carrier_said))
            if named is None:
                return "unknown_carrier"
            if named:
                carrier, facts = named, SAID
        facts |= self._carriers[carrier] << CARRIER_SHIFT
        if carrier != by_prefix:
            facts |= PORTED
        if said and (said := said.strip().lower()) not in NO and (said := plain(said)) not in NO:
            if said not in YES:
                return "unclear_opted_out"
            facts |= OPTED_OUT
        if cells is not None:
            facts |= self._said(cells, line)
        return key(msisdn), facts

    def _said(self, cells: tuple[str, ...] | str, line: int) -> int:
        """The number of what they say, in its place of a person's facts."""
        found = self._said_clearly(cells)
        if found is None:  # counted line by line
            assert self._cells is not None
            found = self._cells.number(self._parted(cells), line)[0] << COMBINATION_SHIFT
        return found

    def _said_clearly(self, cells: tuple[str, ...] | str) -> int | None:
        """The same; None: not all of them are clear."""
        found = self._known.get(cells)
        if found is None:
            assert self._cells is not None
            number = self._cells.clear(self._parted(cells))
            if number is None:
                return None
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[cells] = number << COMBINATION_SHIFT
        return found

    def _parted(self, cells: tuple[str, ...] | str) -> Sequence[str]:
        return cells.split(self._delimiter) if isinstance(cells, str) else cells

    def _named(self, written: str) -> str | None:
        """The carrier that a cell names; empty: none is named; None: there is none of that name."""
        return self._ports.get(written) if written else ""

    def _refuse(self, number: int, reason: str, line: Line) -> None:
        self.refused[reason] += 1
        if isinstance(line, str):
            fields = [line] if reason in _WHOLE else line.split(self._delimiter)[self._kept]
        else:
            fields = list(line[self._kept])
        self._writer.row([number, reason, *(field[:_SHOWN] for field in fields)])


def _tail(header: Header) -> int:
    """How many columns are before those of areas, languages and attributes, where these are the last ones: the end of a
    line is then looked up as it stands, and parted no more. 0: they are not."""
    first = header.width - len(header.cells)
    return first if header.cells and list(header.cells.values()) == list(range(first, header.width)) else 0


def _said_opted_out(written: str) -> int | None:
    said = written.strip().lower()
    return 0 if said in NO else 1 if said in YES else None
