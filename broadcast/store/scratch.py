"""Homes for a while: a demo or a test run has a server of its own, which goes when its maker ends.

A maker that was killed leaves its home behind; the next one to make a home removes it, for the lock that
said `in use` went with the maker.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.store import system_user
from broadcast.store.embedded import Server, home
from broadcast.store.homes import make_home

log = logger(__name__)


@contextmanager
def scratch_home(purpose: str) -> Iterator[Path]:
    """A fresh home while the context lasts; then its server is stopped and all of it is deleted."""
    owner = system_user.owner()
    make_home(home(), owner)
    base = home() / "scratch"
    make_home(base, owner)
    with _turn(base):
        _sweep(base)
        made = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=base))
        made.chmod(0o755 if owner.switch else 0o700)
        in_use = _hold(made)
    if in_use is None:
        raise RuntimeError("a new folder cannot be in use")
    with in_use:
        try:
            yield made
        finally:
            with _turn(base):  # a sweep must not meet half a home
                Server(made).remove()


@contextmanager
def _turn(base: Path) -> Iterator[None]:
    """One process at a time makes, sweeps or removes homes of `base`."""
    with (base / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(base: Path) -> None:
    """Remove homes whose maker has ended. One that cannot be removed keeps nobody from a new one."""
    for left in (path for path in base.iterdir() if path.is_dir()):
        try:
            held = _hold(left)
            if held is not None:
                with held:
                    Server(left).remove()
        except OSError as error:
            _warn(left, error.strerror)


@cache
def _warn(left: Path, why: str | None) -> None:
    """Once in a process, however many homes it makes."""
    log(events.SCRATCH_LEFT, folder=Name(f"{left}"), why=Sentence(why) if why else None)


def _hold(folder: Path) -> IO[str] | None:
    """The folder's `in use` lock, or None when another process holds it."""
    file = (folder / "in-use").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
