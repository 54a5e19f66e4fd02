"""Reads Parquet of subscribers a batch of rows at a time; memory is bounded, whatever is in a cell."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow
import pyarrow.parquet

from broadcast.audience.characters import plain
from broadcast.audience.lines import COLUMNS, Header, Line, check_names
from broadcast.audience.parquet_pages import PageError, most_octets, pages
from broadcast.errors import InputError
from broadcast.languages import _

_BATCH_ROWS = 16_384
_MOST_OCTETS = (
    32 << 20
)  # of the pages of a batch, in one column: copies of it are what memory an import takes
_LONGEST = 1024  # characters of a value in a dictionary, of which every row of a batch may have a copy
_BUFFER_OCTETS = 1 << 20
_DAMAGED = (EOFError, OSError, pyarrow.ArrowException, PageError)


class ParquetRows:
    """An open Parquet file: its columns as text, a batch of rows at a time. Rows count from 1."""

    def __init__(self, raw: IO[bytes], path: Path, attributes: Collection[str] = ()) -> None:
        """attributes: names of columns that are read beside those of every list.

        Raises InputError when it is damaged, or its columns are not named or typed as an import needs.
        """
        self._raw, self.name, self._done = raw, path.name, 0
        self.first_line = 1
        self._shares = False
        try:
            self._file = pyarrow.parquet.ParquetFile(raw, buffer_size=_BUFFER_OCTETS)
        except _DAMAGED as error:
            raise InputError(
                _(
                    "{name} is a damaged Parquet file: {first_line}",
                    name=path.name,
                    first_line=_first_line(error),
                )
            ) from error
        schema = self._file.schema_arrow
        try:
            self.header: Header = check_names(",", [plain(name).lower() for name in schema.names], attributes)
            self._columns = [schema.names[place] for place in self._places()]
            cells = {schema.names[place] for place in self.header.cells.values()}
            for column in self._columns:
                _check_type(column, schema.field(column).type, fractions=column in cells)
            self._check_sizes()
        except InputError as error:
            raise InputError(f"{path.name}: {error}") from error
        except _DAMAGED as error:
            raise InputError(
                _(
                    "{name} is a damaged Parquet file: {first_line}",
                    name=path.name,
                    first_line=_first_line(error),
                )
            ) from error

    def __enter__(self) -> "ParquetRows":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def read_only(self, names: Collection[str]) -> None:
        """As `Lines.read_only`."""
        self.header = self.header.reading(names)
        self._columns = [self._file.schema_arrow.names[place] for place in self._places()]

    def stop(self) -> None:
        """As `Lines.stop`: nothing waits."""

    def _places(self) -> list[int]:
        header = self.header
        usual = (header.msisdn, header.carrier, header.opted_out)
        return [place for place in (*usual, *header.cells.values()) if place is not None]

    @property
    def columns(self) -> Sequence[str]:
        """Of the rows that `batches` gives."""
        return (*COLUMNS, *self.header.cells)

    def _check_sizes(self) -> None:
        """Raises InputError where one cell, or the cells of one batch, would take more memory than an import has.

        Where a dictionary has long values, its rows are read as what refers to them, which is slower.
        """
        with_dictionaries: Any = None
        for group in range(self._file.metadata.num_row_groups):
            for chunk in self._chunks(group):
                column = chunk.path_in_schema
                if chunk.physical_type != "BYTE_ARRAY":
                    continue
                if self._is_too_large(chunk):
                    raise InputError(
                        _(
                            "the column {column} has more than {most_octets} MB in one page or {batch_rows:,} rows"
                            " (row group {group}): leave out long texts, or, if all are short, write smaller pages",
                            column=column,
                            most_octets=_MOST_OCTETS >> 20,
                            batch_rows=_BATCH_ROWS,
                            group=group + 1,
                        )
                    )
                with_dictionaries = with_dictionaries or self._with_dictionaries()
                if chunk.has_dictionary_page and _longest(with_dictionaries, group, column) > _LONGEST:
                    self._file, self._shares = with_dictionaries, True

    def _with_dictionaries(self) -> Any:
        texts = [name for name in self._columns if _is_text(self._file.schema_arrow.field(name).type)]
        return pyarrow.parquet.ParquetFile(self._raw, buffer_size=_BUFFER_OCTETS, read_dictionary=texts)

    def _chunks(self, group: int) -> list[Any]:
        """The metadata of what is read of a row group."""
        found = self._file.metadata.row_group(group)
        chunks = (found.column(place) for place in range(found.num_columns))
        return [chunk for chunk in chunks if chunk.path_in_schema in self._columns]

    def _runs(self) -> Iterator[tuple[list[int], int]]:
        """Row groups that are read as one, and their rows: small ones together, since a batch may hold them all."""
        run, rows, octets = list[int](), 0, 0
        for group in range(self._file.metadata.num_row_groups):
            size = sum(chunk.total_uncompressed_size for chunk in self._chunks(group))
            if run and octets + size > _MOST_OCTETS:
                yield run, rows
                run, rows, octets = [], 0, 0
            run.append(group)
            rows, octets = rows + self._file.metadata.row_group(group).num_rows, octets + size
        if run:
            yield run, rows

    def _is_too_large(self, chunk: Any) -> bool:
        octets = chunk.total_uncompressed_size
        if octets <= _MOST_OCTETS:
            return False
        first = chunk.dictionary_page_offset or chunk.data_page_offset
        start = min(first, chunk.data_page_offset)
        return most_octets(pages(self._raw, start, chunk.total_compressed_size), _BATCH_ROWS) > _MOST_OCTETS

    def position(self) -> tuple[int, int]:
        """Rows read, of all rows."""
        return self._done, self._file.metadata.num_rows

    def place(self) -> int:
        """Rows that `batches` has given."""
        return self._done

    def skip(self, lines: int, place: int) -> None:
        """`batches` goes on after so many rows; `place` is the same."""
        self.first_line += lines
        self._done = place

    def batches(self) -> Iterator[tuple[int, Sequence[Line]]]:
        """msisdn, carrier, opted_out and the cells of each row, null and missing as ""; each batch after the number of
        its first row."""
        number = self.first_line
        try:
            for batch in self._batches(self._done):
                columns = iter([self._texts(batch.column(name)) for name in self._columns])
                empty = [""] * batch.num_rows
                carrier = self.header.carrier is not None
                opted_out = self.header.opted_out is not None
                rows = zip(
                    next(columns),
                    next(columns) if carrier else empty,
                    next(columns) if opted_out else empty,
                    *columns,
                    strict=True,
                )
                self._done += batch.num_rows
                yield number, list(rows)
                number += batch.num_rows
        except _DAMAGED as error:
            raise InputError(
                _(
                    "{name} is a damaged Parquet file: {first_line}",
                    name=self.name,
                    first_line=_first_line(error),
                )
            ) from error

    def _batches(self, skipped: int) -> Iterator[Any]:
        for run, rows in self._runs():
            if skipped >= rows:
                skipped -= rows
                continue
            for rows_read in self._file.iter_batches(_BATCH_ROWS, row_groups=run, columns=self._columns):
                batch = rows_read.slice(min(skipped, rows_read.num_rows))
                skipped -= rows_read.num_rows - batch.num_rows
                if batch.num_rows:
                    yield batch

    def _texts(self, column: Any) -> list[str]:
        if self._shares and pyarrow.types.is_dictionary(column.type):
            values = [value or "" for value in column.dictionary.cast(pyarrow.string()).to_pylist()]
            return ["" if index is None else values[index] for index in column.indices.to_pylist()]
        texts: list[str] = column.cast(pyarrow.string()).fill_null("").to_pylist()
        return texts


def _is_text(kind: Any) -> bool:
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _check_type(column: str, kind: Any, *, fractions: bool) -> None:
    types = pyarrow.types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if fractions and (types.is_floating(kind) or types.is_decimal(kind)):
        return
    if not (_is_text(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind)):
        raise InputError(
            _(
                "the column {column} holds {kind}: an import reads text, whole numbers and booleans",
                column=column,
                kind=kind,
            )
        )


def _longest(file: Any, group: int, column: str) -> int:
    """Characters of the longest value in the dictionary of a row group, which is read with its first row."""
    for rows in file.iter_batches(1, row_groups=[group], columns=[column]):
        return max((len(value) for value in rows.column(0).dictionary.to_pylist() if value), default=0)
    return 0


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
