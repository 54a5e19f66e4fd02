"""A list that comes from another program: standard input, `<(...)`, a named pipe. It is read once."""

import io
import os
import select
import stat
from pathlib import Path
from threading import Event
from typing import Any

from broadcast.errors import InputError
from broadcast.languages import _

STDIN = Path("-")
_LOOK_MS = 200  # how often a reader that waits for the other program looks whether it should still


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

    def __init__(self, path: Path, look_at: int, stopped: Event) -> None:
        """stopped: set from another thread, it ends every wait for the other program, with InputError; the first octets
        are waited for here. Raises OSError when it cannot be opened."""
        self._raw = io.FileIO(0, closefd=False) if path == STDIN else io.FileIO(_open(path))
        self._poll = select.poll()
        self._poll.register(self._raw, select.POLLIN)
        self._done, self._stopped = 0, stopped
        self._ahead = b""
        try:
            while len(self._ahead) < look_at and (octets := self._next(look_at - len(self._ahead))):
                self._ahead += octets
        except BaseException:
            self.close()
            raise
        self.first = self._ahead

    def _next(self, most: int) -> bytes:
        while not self._poll.poll(_LOOK_MS):
            if self._stopped.is_set():
                raise InputError(_("the import was stopped while it waited for the other program"))
        return self._raw.read(most) or b""

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def readinto(self, buffer: Any) -> int:
        if self._ahead:
            octets, self._ahead = self._ahead[: len(buffer)], self._ahead[len(buffer) :]
        else:
            octets = self._next(len(buffer))
        buffer[: len(octets)] = octets
        self._done += len(octets)
        return len(octets)

    def stop(self) -> None:
        """From another thread: whoever waits in `read` gets InputError."""
        self._stopped.set()

    def close(self) -> None:
        self._raw.close()
        super().close()


def _open(path: Path) -> int:
    """At once: a named pipe is else not open before the other program opens it, and that wait nobody can end."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(number, True)
    return number


def same_file(path: Path, other: Path) -> bool:
    """Whether both are one file on disk, `path` by redirection too."""
    try:
        of_path = os.fstat(0) if path == STDIN else path.stat()
        return os.path.samestat(of_path, other.stat())
    except OSError:
        return False
