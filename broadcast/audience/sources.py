"""Opens a subscriber file whatever it is packed in: CSV, CSV in gzip or zstandard, Parquet. Told by its first octets.

A name may lie about its content; the first octets of these formats do not.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow
import pyarrow.parquet

from broadcast.audience.lines import COLUMNS, Header, Line, Lines, check_names
from broadcast.audience.pipes import Pipe, is_pipe, name_of
from broadcast.errors import InputError

_GZIP, _ZSTANDARD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_BATCH_ROWS = 16_384
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, pyarrow.ArrowException)


def open_source(path: Path) -> "Lines | ParquetRows":
    """The subscribers of a file or a pipe. Raises InputError when it cannot be read or has no usable columns."""
    name, size = name_of(path), 0
    raw: IO[bytes]
    try:
        if is_pipe(path):
            pipe = Pipe(path, len(_PARQUET))
            raw, first = io.BufferedReader(pipe), pipe.first
        else:
            raw = path.open("rb")
            size, first = path.stat().st_size, raw.read(len(_PARQUET))
            raw.seek(0)
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from error
    try:
        if first != _PARQUET:
            return Lines(name, raw, size, _unpacked(raw, first, name))
        if is_pipe(path):
            raise InputError(
                f"{name} is Parquet, which is read from its end: give it as a file, not through a pipe"
            )
        return ParquetRows(raw, path)
    except BaseException:
        raw.close()
        raise


def _unpacked(raw: IO[bytes], first: bytes, name: str) -> IO[bytes]:
    if first == _ZSTANDARD:
        stream = pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, "r"), "zstd")
        return io.BufferedReader(_Unpacked(stream, name))
    if first.startswith(_GZIP):
        return io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=raw), name))
    return raw


class _Unpacked(io.RawIOBase):
    """A decompressor as a stream that names the file when its content is damaged or cut short."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = stream, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            octets = self._stream.read(len(buffer))
        except (*_DAMAGED, OSError) as error:
            raise InputError(f"{self._name} is damaged or cut short: it cannot be decompressed") from error
        buffer[: len(octets)] = octets
        return len(octets)


class ParquetRows:
    """An open Parquet file: its columns as text, a batch of rows at a time. Rows count from 1."""

    def __init__(self, raw: IO[bytes], path: Path) -> None:
        """Raises InputError when it is damaged, or its columns are not named or typed as an import needs."""
        self._raw, self.name, self._done = raw, path.name, 0
        self.first_line = 1
        self.columns = COLUMNS  # of the rows that `batches` gives
        try:
            self._file = pyarrow.parquet.ParquetFile(raw)
        except (*_DAMAGED, OSError) as error:
            raise InputError(f"{path.name} is a damaged Parquet file: {_first_line(error)}") from error
        schema = self._file.schema_arrow
        try:
            self.header: Header = check_names(",", [name.strip().lower() for name in schema.names])
            self._columns = [schema.names[place] for place in self._places()]
            for column in self._columns:
                _check_type(column, schema.field(column).type)
        except InputError as error:
            raise InputError(f"{path.name}: {error}") from error

    def __enter__(self) -> "ParquetRows":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def stop(self) -> None:
        """As `Lines.stop`: nothing waits."""

    def _places(self) -> list[int]:
        header = self.header
        return [place for place in (header.msisdn, header.carrier, header.opted_out) if place is not None]

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
        """msisdn, carrier, opted_out of each row, null and missing as ""; each batch after its first row's number."""
        number, skipped = self.first_line, self._done
        try:
            for rows_read in self._file.iter_batches(_BATCH_ROWS, columns=self._columns):
                batch = rows_read.slice(min(skipped, rows_read.num_rows))
                skipped -= rows_read.num_rows - batch.num_rows
                if batch.num_rows == 0:
                    continue
                columns = iter([_texts(batch.column(name)) for name in self._columns])
                empty = [""] * batch.num_rows
                carrier = self.header.carrier is not None
                opted_out = self.header.opted_out is not None
                rows = zip(
                    next(columns),
                    next(columns) if carrier else empty,
                    next(columns) if opted_out else empty,
                    strict=True,
                )
                self._done += batch.num_rows
                yield number, list(rows)
                number += batch.num_rows
        except (*_DAMAGED, OSError) as error:
            raise InputError(f"{self.name} is a damaged Parquet file: {_first_line(error)}") from error


def _check_type(column: str, kind: Any) -> None:
    types = pyarrow.types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    fits = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean, types.is_null)
    if not any(fit(kind) for fit in fits):
        raise InputError(
            f"the column {column} holds {kind}: an import reads text, whole numbers and booleans"
        )


def _texts(column: Any) -> list[str]:
    texts: list[str] = column.cast(pyarrow.string()).fill_null("").to_pylist()
    return texts


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
