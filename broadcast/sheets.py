"""A table in a file for spreadsheets: XLSX where the file's name ends so, else CSV. Both hold the same cells."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, Protocol, TextIO

from broadcast.csv_files import CsvWriter
from broadcast.words import time_cell
from broadcast.xlsx_files import xlsx

XLSX: Final = ".xlsx"


class Sheet(Protocol):
    """What takes the rows of a table. Times in them are aware, whatever their zone; None is an empty cell."""

    def row(self, cells: Iterable[object]) -> None: ...


@contextmanager
def sheet(
    file: TextIO,
    path: Path,
    title: str,
    columns: Sequence[str],
    zone: Callable[[], tzinfo],
    *,
    peoples_text: bool = False,
) -> Iterator[Sheet]:
    """Rows go to `file` (of newline "", with bytes below it), which is for the place `path`. zone: of their times.

    title: what they are, in a word. peoples_text: people's words are among them. Raises OSError.
    """
    if path.suffix.lower() == XLSX:
        beside = None if path.exists() and not path.is_file() else path.parent  # not beside a device
        with xlsx(file.buffer, beside, title, columns, zone) as rows:
            yield rows
    else:
        yield _Csv(CsvWriter(file, columns, peoples_text=peoples_text), zone)


@dataclass(frozen=True, slots=True)
class _Csv:
    writer: CsvWriter
    zone: Callable[[], tzinfo]

    def row(self, cells: Iterable[object]) -> None:
        self.writer.row(time_cell(each, self.zone) if isinstance(each, datetime) else each for each in cells)
