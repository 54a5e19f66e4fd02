"""The CSV files that we write, for the spreadsheets that people open them with.

A cell that a spreadsheet would take for a formula gets a ' in front: what SMSCs and strangers write reaches files.
An import takes no notice of a ' around a number, so that a file of refused lines comes back as it is.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO

_BOM = "\ufeff"
# At the start of a cell, and behind what a spreadsheet of another country takes for the end of one.
_FORMULA = re.compile(r'(?:^|(?<=[,;\t\n]))(?=[\s\0"]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\n])')
_BREAK = re.compile("\r\n?")  # alone and unquoted it would end a row


class CsvWriter:
    """Writes rows to an open file whose newline is "". Numbers and times are written as they are."""

    def __init__(
        self, sink: IO[str], columns: Sequence[str], *, delimiter: str = ",", peoples_text: bool = False
    ) -> None:
        """columns: the first row; none for a file that has it. peoples_text: spreadsheets must see that it is UTF-8."""
        self._write = csv.writer(sink, delimiter=delimiter, lineterminator="\n").writerow
        if columns:
            if peoples_text:
                sink.write(_BOM)
            self.row(columns)

    def row(self, cells: Iterable[object]) -> None:
        """None is an empty cell."""
        self._write([_cell(each) for each in cells])


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value if value.isalnum() else _FORMULA.sub("'", _BREAK.sub("\n", value))
    return value.isoformat() if isinstance(value, datetime) else value
