"""Which lines of a CSV text are one record (RFC 4180): a quoted cell may hold line breaks. Pure."""

import csv
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

LONGEST_LINE = 4096  # characters; a longer record is refused
LONGEST_RECORD = 1 << 16  # characters of one with line breaks (a spreadsheet's cell: 32,767)

csv.field_size_limit(1 << 22)  # above what is ever given to `split`: its own limits say what is too long


class Unmatched(str):
    """A line whose quotes do not match, and which none of them leads out of."""

    __slots__ = ()


# The fields of a line that has quotes; another line as it stands. Longer than LONGEST_LINE: always as it stands.
Record = str | list[str]


class QuoteError(Exception):
    """A quote that is opened in one line and ends in none, or not as it should."""

    def __init__(self, record: int) -> None:
        """record: how many are before it."""
        super().__init__(record)
        self.record = record


class PlainText(Sequence[str]):
    """The lines of a text without quotes: each is a record. They are parted when somebody asks for one."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def __len__(self) -> int:
        return self.text.count("\n") + 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._lines[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)


def split(text: str, delimiter: str) -> tuple[Sequence[Record], int]:
    """The records of whole lines, and how many lines at the end belong to one that is not at its end yet.

    Raises QuoteError where nobody can say which lines are a record.
    """
    return (PlainText(text), 0) if '"' not in text else _Split(text.split("\n"), delimiter).records()


class _Split:
    def __init__(self, lines: list[str], delimiter: str) -> None:
        self._lines, self._at, self._dry = lines, 0, False
        self._rows = csv.reader(self._feed(), delimiter=delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        while self._at < len(self._lines):
            self._at += 1
            yield self._lines[self._at - 1] + "\n"
        self._dry = True

    def records(self) -> tuple[list[Record], int]:
        lines, found = self._lines, list[Record]()
        while self._at < len(lines):
            begin = self._at
            if '"' not in lines[begin]:
                found.append(lines[begin])
                self._at += 1
                continue
            fields = self._fields()
            several = self._at > begin + 1
            text = "\n".join(lines[begin : self._at]) if several else lines[begin]
            if several and (len(text) > LONGEST_RECORD or (fields is None and not self._dry)):
                raise QuoteError(len(found))
            if self._dry:
                return found, len(lines) - begin
            if len(text) > LONGEST_LINE:
                found.append(text)
            else:
                found.append(Unmatched(text) if fields is None else fields)
        return found, 0

    def _fields(self) -> list[str] | None:
        """Of the record that begins here; None when its quotes do not match, or not before the end of the lines."""
        try:
            return next(self._rows)
        except csv.Error:
            return None
