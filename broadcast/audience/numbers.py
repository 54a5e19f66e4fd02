"""Reads a file of numbers and nothing else of people: for lists by name. Every line accounted for.

lines = distinct numbers + repeated + refused. Refused lines go to a file of their own, as those of an import.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from broadcast.audience.distinct import distinct
from broadcast.audience.lines import COLUMNS, Line, Lines
from broadcast.audience.lists import MOST
from broadcast.audience.msisdn import Normalizer
from broadcast.audience.parquet import ParquetRows
from broadcast.audience.records import LONGEST_LINE
from broadcast.audience.refused_lines import create_private, room_for
from broadcast.audience.sources import opened
from broadcast.config import Country
from broadcast.csv_files import CsvWriter
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _

Reader = TypeVar("Reader", bound="NumberReader")
_SHOWN: Final = 200  # characters of a refused line that its file keeps


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one file. numbers: sorted, each once. Counted in lines: repeated, refused by reason."""

    numbers: NDArray[np.int64]
    source: str
    lines: int
    repeated: int
    refused: Mapping[str, int]
    refused_file: Path


async def read_numbers(path: Path, refused_file: Path, country: Country, *, visitors: bool) -> Numbers:
    """Of a CSV, compressed CSV or Parquet file with a column msisdn, or a pipe of it (`-`: standard input). visitors:
    numbers of other countries are taken too, in E.164.

    Raises InputError for a file that cannot be read or has nobody; RefusedError for one of more than MOST.
    """
    found = await read_by(
        path, refused_file, lambda source, sink: NumberReader(source, sink, country, visitors=visitors)
    )
    once = distinct(found.numbers)
    repeated = len(found.numbers) - len(once)
    return Numbers(once, found.name, found.lines, repeated, dict(found.refused), refused_file)


async def read_by(
    path: Path,
    refused_file: Path,
    made: Callable[[Lines | ParquetRows, IO[str]], Reader],
    columns: Collection[str] = (),
) -> Reader:
    """A reader that `made` gives, at its end. columns: names of those that it reads beside msisdn. Raises as
    `read_numbers`."""
    with room_for(refused_file), await opened(path, columns) as source:
        part = refused_file.with_name(refused_file.name + ".part")
        try:
            with create_private(part) as sink:
                found = await _in_thread(source, made(source, sink))
            part.replace(refused_file)
        finally:
            part.unlink(missing_ok=True)
    if not len(found.numbers):
        raise InputError(
            _(
                "{source}: it has no number that could be read: the reasons stand in {refused_file}",
                source=source.name,
                refused_file=refused_file,
            )
        )
    return found


async def _in_thread(source: Lines | ParquetRows, reader: Reader) -> Reader:
    """Reads it to its end. Ctrl-C ends it, also where it waits for another program."""
    reading = asyncio.ensure_future(asyncio.to_thread(reader.read))
    try:
        await asyncio.shield(reading)
    except asyncio.CancelledError:
        reader.stopped = True
        source.stop()
        await asyncio.gather(reading, return_exceptions=True)
        raise
    return reader


class NumberReader:
    """One file's; `numbers` in their order in the file."""

    def __init__(
        self, source: Lines | ParquetRows, sink: IO[str], country: Country, *, visitors: bool
    ) -> None:
        self.name, self.lines = source.name, 0
        self.refused: Counter[str] = Counter()
        self.stopped = False
        self._found = array("q")
        self._source = source
        self._at, self._delimiter = source.header.msisdn, source.header.delimiter
        self.places = source.header.cells
        if isinstance(source, ParquetRows):  # msisdn, carrier, opted_out, cells
            self._at = 0
            self.places = {name: at for at, name in enumerate(source.header.cells, len(COLUMNS))}
        normalizer = Normalizer(country)
        self._normalize = normalizer.foreign if visitors else normalizer.normalize
        columns = ("line", "reason", "msisdn")
        self._writer = CsvWriter(sink, columns, delimiter=self._delimiter, peoples_text=True)

    @property
    def numbers(self) -> NDArray[np.int64]:
        return np.array(self._found, dtype=np.int64)

    def read(self) -> None:
        for first, lines in self._source.batches():
            if self.stopped:
                return
            for number, line in enumerate(lines, first):
                self._take(number, line)
            self.lines += len(lines)
            if len(self._found) > MOST:
                raise RefusedError(_("a list has {most:,} numbers at most", most=MOST))

    def _take(self, number: int, line: Line) -> None:
        fields = self._fields(line)
        if fields is None:
            self._refuse(number, "line_too_long" if isinstance(line, str) else "unmatched_quote", "")
            return
        written = cell(fields, self._at)
        found = self._normalize(written)
        if isinstance(found, str):  # a Refusal
            self._refuse(number, found.value, written)
        elif why := self.refusal(fields):
            self._refuse(number, why, written)
        else:
            self._found.append(found)

    def refusal(self, fields: Sequence[str]) -> str:
        """Why a line with a number is refused all the same, '' where it is not. places: of other columns among
        `fields`."""
        return ""

    def _fields(self, line: Line) -> Sequence[str] | None:
        """None: it cannot be read."""
        if isinstance(line, str):
            return None if len(line) > LONGEST_LINE else line.split(self._delimiter)
        return line if isinstance(line, list | tuple) else None

    def _refuse(self, number: int, reason: str, written: str) -> None:
        self.refused[reason] += 1
        self._writer.row([number, reason, written[:_SHOWN]])


def cell(fields: Sequence[str], place: int | None) -> str:
    """Of a line that may be short. None: there is no such column."""
    return fields[place] if place is not None and place < len(fields) else ""
