"""Reads CSV of subscribers record by record: encoding, header, delimiter; memory is bounded.

A line is a record as a spreadsheet counts its rows: one whose quoted cells hold line breaks counts once.
"""

import codecs
import csv
import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

from broadcast.audience.attributes import PLACES
from broadcast.audience.characters import plain
from broadcast.audience.pipes import Pipe
from broadcast.audience.records import LONGEST_LINE, LONGEST_RECORD, QuoteError, Record, split
from broadcast.errors import InputError
from broadcast.languages import _

COLUMNS = ("msisdn", "carrier", "opted_out")

_OWN = ("line", "reason")  # of a file of refused lines
_SLIP = 0.86  # of short words: `areas` is a slip, `page` beside an attribute `age` is another column
_DELIMITERS = ",;\t"
_CHUNK_OCTETS = 1 << 20
_CUT_OCTETS = 4 * (LONGEST_LINE + 1)
_CONTINUATION = bytes(range(0x80, 0xC0))
_WRONG_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# A record of a text; or msisdn, carrier, opted_out and those of `Header.cells`, where the source has columns.
Line = Record | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """width: number of columns. Positions are from 0; None: the file has no such column. cells: positions of areas,
    languages and attributes, by name in the order of the file. aside: names of columns that nobody reads."""

    delimiter: str
    width: int
    msisdn: int
    carrier: int | None
    opted_out: int | None
    cells: Mapping[str, int] = field(default_factory=dict)
    aside: tuple[str, ...] = ()

    def reading(self, names: Collection[str]) -> "Header":
        """The same, but of `cells` these alone."""
        return replace(self, cells={name: place for name, place in self.cells.items() if name in names})


def column_names(line: str, delimiter: str) -> list[str]:
    """As the first line has them; none when its quotes do not match."""
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [plain(field).strip('"').strip() for field in fields]


def parse_header(line: str, attributes: Collection[str] = ()) -> Header:
    """Find the delimiter by the column msisdn. Raises InputError that says what is missing or odd."""
    for delimiter in _DELIMITERS:
        names = [name.lower() for name in column_names(line, delimiter)]
        if "msisdn" in names:
            return check_names(delimiter, names, attributes)
    raise InputError(
        _(
            "the first line must name the columns: msisdn, and if you like carrier, opted_out, area, seen and "
            "language, parted by commas, semicolons or tabs"
        )
    )


def check_names(delimiter: str, names: Sequence[str], attributes: Collection[str] = ()) -> Header:
    """The places of the columns. Raises InputError that says which name is missing, odd or there twice."""
    kept = (*PLACES, *attributes)
    read = (*COLUMNS, *kept)
    for name in names:
        if names.count(name) > 1 and name in read:
            raise InputError(_("the column {name} stands twice in the first line: keep one", name=name))
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.75)
        near = near or difflib.get_close_matches(name, kept, n=1, cutoff=_SLIP)
        if name not in read and near:
            raise InputError(
                _("the column {name!r} is unknown: did you mean {near}?", name=name, near=near[0])
            )
    if "msisdn" not in names:
        raise InputError(_("it has no column msisdn"))
    place = {name: at for at, name in enumerate(names) if name in read}
    return Header(
        *(delimiter, len(names), place["msisdn"], place.get("carrier"), place.get("opted_out")),
        {name: at for name, at in place.items() if name in kept},
        tuple(name for name in names if name and name not in (*read, *_OWN)),
    )


class Lines:
    """An open file: its header, then its lines. Close it, or use it as a context."""

    def __init__(
        self, name: str, raw: IO[bytes], size: int, octets: IO[bytes], attributes: Collection[str] = ()
    ) -> None:
        """raw: the file, of `size` octets (0: not known); octets: its content, unpacked from it if it is compressed.
        attributes: names of columns that are read beside those of every list.

        Raises InputError when it cannot be read, is empty, is not UTF-8 or has no usable header.
        """
        self.name, self._raw, self._size, self._file = name, raw, size, octets
        self.first_line = 2  # the header is line 1
        self._at = self._grid = self._place = 0  # octets of the content
        self.header: Header
        self.columns: Sequence[str]  # their names as they stand
        self._read_header(attributes)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def read_only(self, names: Collection[str]) -> None:
        """Of `header.cells` these alone, before the first batch."""
        self.header = self.header.reading(names)

    def stop(self) -> None:
        """From another thread: whoever waits for a pipe in `batches` gets InputError."""
        pipe = getattr(self._raw, "raw", None)
        if isinstance(pipe, Pipe):
            pipe.stop()

    def position(self) -> tuple[int, int]:
        """Octets read from the file, compressed or not, of all its octets (of a pipe: 0)."""
        return self._raw.tell(), self._size

    def place(self) -> int:
        """Where the next line begins that `batches` has not given yet: octets of the unpacked content."""
        return self._place

    def skip(self, lines: int, place: int) -> None:
        """`batches` goes on after so many lines, at a `place` of before. Raises InputError if it ends sooner."""
        self.first_line += lines
        if self._file is self._raw:
            self._at = self._file.seek(place)
        while self._at < place:
            chunk = self._file.read(min(_CHUNK_OCTETS, place - self._at))
            if not chunk:
                raise InputError(
                    _("{name} ends before the line after which its import stopped", name=self.name)
                )
            self._at += len(chunk)
        self._place = place

    def _read_header(self, attributes: Collection[str]) -> None:
        try:
            first = self._file.readline(LONGEST_LINE)
            while first.count(b'"') % 2 and (more := self._file.readline(LONGEST_LINE - len(first))):
                first += more
        except OSError as error:
            raise InputError(
                _("cannot read {name}: {strerror}", name=self.name, strerror=error.strerror)
            ) from error
        if not first:
            raise InputError(_("{name} is empty: it needs a header line and numbers", name=self.name))
        if first.startswith(_WRONG_BOMS) or b"\0" in first:
            raise InputError(
                _("{name} is not UTF-8 (it looks like UTF-16): save it as CSV UTF-8", name=self.name)
            )
        if len(first) == LONGEST_LINE:
            raise InputError(
                _(
                    "{name} has a first line of more than {longest_line} octets: is it a CSV file?",
                    name=self.name,
                    longest_line=LONGEST_LINE,
                )
            )
        self._at = self._grid = self._place = len(first)
        line = self._decode(first.removeprefix(codecs.BOM_UTF8), 1).rstrip("\r\n")
        if re.search(r"\r(?!\n)", line):
            raise InputError(
                _("{name} has line ends of carriage returns only: save it with LF or CRLF", name=self.name)
            )
        try:
            self.header = parse_header(line, attributes)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from error
        self.columns = column_names(line, self.header.delimiter)

    def batches(self) -> Iterator[tuple[int, Sequence[Line]]]:
        """Records without their ends, of up to 1 MB at a time; each batch after the number of its first line.

        The header is line 1. A line of more than LONGEST_LINE characters may come cut, but longer than that.
        Raises InputError for octets that are not UTF-8, and for a quote that is not closed.
        """
        number = self.first_line
        rest = b""
        while chunk := self._read_chunk():
            if len(rest) == _CUT_OCTETS:
                chunk = chunk.lstrip(_CONTINUATION)  # of the character that the cut went through
            block, newline, rest = (rest + chunk).rpartition(b"\n")
            records, open_lines = self._split(block, number) if newline else ((), 0)
            if open_lines:
                rest = _last_lines(block, open_lines) + b"\n" + rest
            self._place = self._at - len(rest)
            if records:
                yield number, records
                number += len(records)
            if len(rest) > _CHUNK_OCTETS:
                rest = self._cut(rest, number)
        self._place = self._at
        if rest:
            records, open_lines = self._split(rest, number)
            if open_lines:
                raise self._open_quote(number + len(records))
            yield number, records

    def _split(self, octets: bytes, number: int) -> tuple[Sequence[Record], int]:
        try:
            text = self._decode(octets.removesuffix(b"\r"), number).replace("\r\n", "\n")
            return split(text, self.header.delimiter)
        except QuoteError as error:
            raise self._open_quote(number + error.record) from error

    def _cut(self, rest: bytes, number: int) -> bytes:
        """Of the beginning of a line that has no end for a MB: as much as says that it is too long, no quotes."""
        begun = rest.decode("utf-8", "ignore")
        try:
            _, open_lines = split(begun, self.header.delimiter)
        except QuoteError as error:
            raise self._open_quote(number) from error
        if open_lines:
            raise self._open_quote(number)
        shown = begun[:80].replace('"', " ").encode().ljust(_CUT_OCTETS - 1)
        return shown + (rest[-1:] if begun.endswith(self.header.delimiter) else b" ")

    def _open_quote(self, number: int) -> InputError:
        return InputError(
            _(
                "{name}, line {number} (as a spreadsheet counts rows): a quote is opened and not closed as it should"
                " be, or not within {longest_record:,} characters: quotes stand around a whole cell, and double"
                " inside it",
                name=self.name,
                number=number,
                longest_record=LONGEST_RECORD,
            )
        )

    def _read_chunk(self) -> bytes:
        """Chunks end at the same places of the content wherever the reading began, and so do batches."""
        chunk = self._file.read(_CHUNK_OCTETS - (self._at - self._grid) % _CHUNK_OCTETS)
        self._at += len(chunk)
        return chunk

    def _decode(self, octets: bytes, first_number: int) -> str:
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError as error:
            number = first_number + octets.count(b"\n", 0, error.start)
            raise InputError(
                _(
                    "{name}, line {number}: this is not UTF-8: save it as CSV UTF-8",
                    name=self.name,
                    number=number,
                )
            ) from error


def _last_lines(block: bytes, count: int) -> bytes:
    before = block.rsplit(b"\n", count)
    return b"\n".join(before[1:]) if len(before) > count else block
