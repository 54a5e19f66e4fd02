"""The file of an import's refused lines: it holds numbers, so it is its owner's only; a resumed import continues it."""

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from broadcast.errors import BroadcastError, InputError, RefusedError
from broadcast.languages import _

_PIECE = 1 << 20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def create_private(path: Path) -> IO[str]:
    """A new file to write text to, in the place of whatever is there. Raises InputError when that is not allowed."""
    with _writing(path):
        path.unlink(missing_ok=True)
    return _open_private(path, os.O_EXCL)


def _open_private(path: Path, flags: int) -> IO[str]:
    """`path` to write text to, made if it is not there; this user's own and no link, for it holds numbers."""
    with _writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise InputError(_("{path} is no file of yours: give --refused FILE", path=path))
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = _("it is a link") if error.errno == errno.ELOOP else error.strerror
        raise InputError(
            _(
                "cannot write the refused lines to {parent}: {why}; give --refused FILE",
                parent=path.parent,
                why=why,
            )
        ) from error


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Says which file it is when the disk is full meanwhile. Raises BroadcastError then."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise BroadcastError(
            _(
                "cannot write the refused lines to {path}: {strerror}; make room, or give --refused FILE elsewhere, "
                "and import again",
                path=path,
                strerror=error.strerror,
            )
        ) from error


class RefusedLines:
    """The file of a resumable import, cut to what was committed. Close it, or use it as a context."""

    def __init__(self, path: Path, octets: int, crc: int) -> None:
        """octets, crc: of what was committed; 0, 0 for a new import.

        Raises RefusedError when the file does not begin with that, InputError when it cannot be written.
        """
        self.text = _open_private(path, 0)
        self._descriptor = self.text.fileno()
        self._octets = self._crc = 0
        try:
            if self._read_to(octets) != crc:
                raise RefusedError(
                    _(
                        "{path} no longer holds the lines that this import refused before it stopped: give the same "
                        "--refused as then, or begin at the first line with --restart",
                        path=path,
                    )
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
