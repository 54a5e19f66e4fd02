"""Opens a subscriber file whatever it is packed in: CSV, CSV in gzip or zstandard, Parquet. Told by its first octets.

A name may lie about its content; the first octets of these formats do not.
"""

import asyncio
import gzip
import io
import zlib
from collections.abc import Collection
from pathlib import Path
from threading import Event
from typing import IO, Any

import pyarrow

from broadcast.audience.lines import Lines
from broadcast.audience.parquet import ParquetRows
from broadcast.audience.pipes import Pipe, is_pipe, name_of
from broadcast.errors import InputError
from broadcast.languages import _

_GZIP, _ZSTANDARD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, pyarrow.ArrowException)


async def opened(path: Path, attributes: Collection[str] = ()) -> Lines | ParquetRows:
    """As `open_source`, in a thread: a pipe's first line may be long in coming, and Ctrl-C ends the wait for it."""
    stopped = Event()
    opening = asyncio.ensure_future(asyncio.to_thread(open_source, path, stopped, attributes))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        stopped.set()
        for source in await asyncio.gather(opening, return_exceptions=True):
            if not isinstance(source, BaseException):
                source.__exit__()
        raise


def open_source(
    path: Path, stopped: Event | None = None, attributes: Collection[str] = ()
) -> Lines | ParquetRows:
    """The subscribers of a file or a pipe. stopped: set from another thread, it ends the wait for a pipe. attributes:
    names of columns that are read beside those of every list.

    Raises InputError when it cannot be read or has no usable columns.
    """
    name, size = name_of(path), 0
    raw: IO[bytes]
    try:
        if is_pipe(path):
            pipe = Pipe(path, len(_PARQUET), stopped or Event())
            raw, first = io.BufferedReader(pipe), pipe.first
        else:
            raw = path.open("rb")
            size, first = path.stat().st_size, raw.read(len(_PARQUET))
            raw.seek(0)
    except OSError as error:
        raise InputError(_("cannot read {name}: {strerror}", name=name, strerror=error.strerror)) from error
    try:
        if first != _PARQUET:
            return Lines(name, raw, size, _unpacked(raw, first, name), attributes)
        if is_pipe(path):
            raise InputError(
                _(
                    "{name} is Parquet, which is read from its end: give it as a file, not through a pipe",
                    name=name,
                )
            )
        return ParquetRows(raw, path, attributes)
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
            raise InputError(
                _("{name} is damaged or cut short: it cannot be decompressed", name=self._name)
            ) from error
        buffer[: len(octets)] = octets
        return len(octets)
