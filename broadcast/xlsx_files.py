"""The XLSX files that we write: typed cells, in memory of one row, however many rows there are.

What anybody wrote is text: no cell is a formula or a link, whatever it begins with. A time is a date of the zone, and
shows its offset. A number too long for a spreadsheet's 15 digits is text.
"""

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

ROWS_A_SHEET: Final = 1_048_576  # the head's among them; what Excel reads
LONGEST_TEXT: Final = 32_767  # characters of a cell, by the same
_EXACT: Final = 10**15
_WIDEST: Final = 60  # characters of a column


class XlsxWriter:
    """Rows of one table, over as many sheets as they need: each with the head, which stays in sight."""

    def __init__(
        self,
        book: xlsxwriter.Workbook,
        title: str,
        columns: Sequence[str],
        zone: Callable[[], tzinfo],
        rows_a_sheet: int = ROWS_A_SHEET,
    ) -> None:
        """title: of the sheet, up to 25 characters; further ones count on. zone: of its times, asked for once."""
        self._book, self._title, self._columns, self._zone = book, title, columns, zone()
        self._rows_a_sheet = rows_a_sheet
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._exact = book.add_format({"num_format": "#,##0.00####"})
        self._times: dict[str, Format] = {}
        self._widths = [len(each) for each in columns]
        self._sheet = self._begin()

    def row(self, cells: Iterable[object]) -> None:
        """None is an empty cell. int, float, Decimal, bool and aware datetime are what they are; all else is text."""
        if self._next == self._rows_a_sheet:
            self._end()
            self._sheet = self._begin()
        for column, cell in enumerate(cells):
            self._write(column, cell)
        self._next += 1

    def close(self) -> None:
        """All rows are there."""
        self._end()

    def _begin(self) -> Worksheet:
        sheets = len(self._book.worksheets()) + 1
        sheet: Worksheet = self._book.add_worksheet(self._title if sheets == 1 else f"{self._title} {sheets}")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._columns):
            sheet.write_string(0, column, name, self._head)
        self._next = 1
        return sheet

    def _end(self) -> None:
        self._sheet.autofilter(0, 0, self._next - 1, len(self._columns) - 1)
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(width, _WIDEST) + 4)  # and the filter's arrow

    def _write(self, column: int, cell: object) -> None:
        sheet, row = self._sheet, self._next
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, datetime):
            self._write_time(column, cell)
        elif isinstance(cell, Decimal):
            sheet.write_number(row, column, float(cell), self._exact)
        elif isinstance(cell, int | float) and abs(cell) < _EXACT:
            sheet.write_number(row, column, cell)
        else:
            text = str(cell)[:LONGEST_TEXT]
            sheet.write_string(row, column, text)
            self._widths[column] = max(self._widths[column], len(text))

    def _write_time(self, column: int, at: datetime) -> None:
        local = at.astimezone(self._zone)
        offset = local.isoformat()[-6:]
        if offset not in self._times:
            shown = self._book.add_format({"num_format": f'yyyy-mm-dd hh:mm:ss" {offset}"', "align": "left"})
            self._times[offset] = shown
        self._sheet.write_datetime(self._next, column, local.replace(tzinfo=None), self._times[offset])
        self._widths[column] = max(self._widths[column], len("2030-01-31 18:00:00 +07:00"))


@contextmanager
def xlsx(
    sink: BinaryIO, beside: Path | None, title: str, columns: Sequence[str], zone: Callable[[], tzinfo]
) -> Iterator[XlsxWriter]:
    """Takes rows, and writes them to `sink` when the block ends well. Raises OSError.

    beside: where rows lie until then, in a folder that nobody else may read; None: where temporary files do.
    """
    with TemporaryDirectory(prefix=".xlsx-", dir=beside) as rows:
        patient = _PatientSink(sink)
        book = xlsxwriter.Workbook(patient, {"constant_memory": True, "tmpdir": rows})
        book.use_zip64()  # only where a sheet is over 4 GiB
        try:
            writer = XlsxWriter(book, title, columns, zone)
            yield writer
            writer.close()
            book.close()
        except FileCreateError as error:
            raise error.args[0] from error
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()  # left open where the block failed
            failed, patient.sink = patient.failed, None
        if failed:
            raise failed


class _PatientSink:
    """A file that takes everything, keeps why it could not be written, and outlives the file below.

    A ZipFile of the standard library that is let go of goes on writing, and prints a traceback when it cannot.
    """

    def __init__(self, sink: BinaryIO) -> None:
        self.sink: BinaryIO | None = sink
        self.failed: OSError | None = None
        self._at = sink.tell() if sink.seekable() else None
        self.seekable = sink.seekable

    def write(self, data: bytes) -> int:
        self._try(lambda sink: sink.write(data))
        if self._at is not None:
            self._at += len(data)
        return len(data)

    def seek(self, to: int, whence: int = 0) -> int:
        """From the start alone, as a ZipFile does that writes."""
        if whence:
            raise OSError(errno.EINVAL, "only from the start")
        self._try(lambda sink: sink.seek(to))
        self._at = to
        return to

    def tell(self) -> int:
        if self._at is None:
            raise OSError(errno.ESPIPE, "no place in a pipe")
        return self._at

    def flush(self) -> None:
        self._try(lambda sink: sink.flush())

    def _try(self, call: Callable[[BinaryIO], object]) -> None:
        if self.sink is None or self.failed:
            return
        try:
            call(self.sink)
        except OSError as error:
            self.failed = error
