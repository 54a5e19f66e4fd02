"""The file of an import's refused lines: it holds numbers, so it is its owner's only; a resumed import continues it."""

import os
import zlib
from pathlib import Path
from typing import IO

from broadcast.errors import InputError, RefusedError

_PIECE = 1 << 20


def open_private(path: Path, flags: int = os.O_TRUNC) -> IO[str]:
    """`path` to write text to, made if it is not there. Raises InputError when that is not allowed."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)
    except OSError as error:
        raise InputError(
            f"cannot write the refused lines to {path.parent}: {error.strerror}; give --refused FILE"
        ) from error
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


class RefusedLines:
    """The file of a resumable import, cut to what was committed. Close it, or use it as a context."""

    def __init__(self, path: Path, octets: int, crc: int) -> None:
        """octets, crc: of what was committed; 0, 0 for a new import.

        Raises RefusedError when the file does not begin with that, InputError when it cannot be written.
        """
        self.text = open_private(path, 0)
        self._descriptor = self.text.fileno()
        self._octets = self._crc = 0
        try:
            if self._read_to(octets) != crc:
                raise RefusedError(
                    f"{path} no longer holds the lines that this import refused before it stopped: give the same "
                    "--refused as then, or begin at the first line with --restart"
                )
            os.fchmod(self._descriptor, 0o600)
            os.ftruncate(self._descriptor, octets)
            self.text.seek(octets)
        except BaseException:
            self.text.close()
            raise

    def __enter__(self) -> "RefusedLines":
        return self

    def __exit__(self, *_: object) -> None:
        self.text.close()

    def keep(self, octets: int) -> int:
        """The first `octets` are on disk when this returns. Returns their CRC-32."""
        crc = self._read_to(octets)
        os.fsync(self._descriptor)
        return crc

    def _read_to(self, octets: int) -> int:
        """The CRC-32 up to there, or to the end of a file that is shorter."""
        while piece := os.pread(self._descriptor, min(_PIECE, octets - self._octets), self._octets):
            self._crc = zlib.crc32(piece, self._crc)
            self._octets += len(piece)
        return self._crc
