"""A list that comes from another program: standard input, `<(...)`, a named pipe. It is read once."""

import io
import os
import select
import stat
from pathlib import Path
from typing import Any

from broadcast.errors import InputError

STDIN = Path("-")
_LOOK_MS = 200  # how often a reader that waits for the other program looks whether it should still
_BUFFER_OCTETS = 1 << 16


def is_pipe(path: Path) -> bool:
    """Whether it cannot be read again; not so what is not there, which opening it says better."""
    if path == STDIN:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def name_of(path: Path) -> str:
    """As messages and the list of imports name it: octets that are not UTF-8 as `\\xff`."""
    if path == STDIN:
        return "stdin"
    return os.fsencode(path if is_pipe(path) else path.name).decode("utf-8", "backslashreplace")


class Pipe(io.RawIOBase):
    """An open pipe; `first`: its first octets, which `read` gives once more."""

    def __init__(self, path: Path, look_at: int) -> None:
        """Raises OSError when it cannot be opened."""
        self._raw = io.FileIO(0, closefd=False) if path == STDIN else path.open("rb", buffering=0)
        self._poll = select.poll()
        self._poll.register(self._raw, select.POLLIN)
        self._done, self._stopped = 0, False
        self._ahead = b""
        while len(self._ahead) < look_at and (octets := self._raw.read(look_at - len(self._ahead))):
            self._ahead += octets
        self.first = self._ahead

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def readinto(self, buffer: Any) -> int:
        if self._ahead:
            octets, self._ahead = self._ahead[: len(buffer)], self._ahead[len(buffer) :]
            buffer[: len(octets)] = octets
            count = len(octets)
        else:
            while not self._poll.poll(_LOOK_MS):
                if self._stopped:
                    raise InputError("the import was stopped while it waited for the other program")
            count = self._raw.readinto(buffer) or 0
        self._done += count
        return count

    def stop(self) -> None:
        """From another thread: whoever waits in `read` gets InputError."""
        self._stopped = True

    def buffered(self) -> io.BufferedReader:
        return io.BufferedReader(self, _BUFFER_OCTETS)

    def close(self) -> None:
        self._raw.close()
        super().close()


def same_file(path: Path, other: Path) -> bool:
    """Whether both are one file on disk, `path` by redirection too."""
    try:
        of_path = os.fstat(0) if path == STDIN else path.stat()
        return os.path.samestat(of_path, other.stat())
    except OSError:
        return False
