"""Commands as processes, forked from one that has loaded what they need: a start costs a twentieth of the CPU.

Each is a process as any other, with a pid, signals and an exit code of its own, but that its modules were there before
it. How a command starts by itself is what tests/unit/cli and test_cli_*.py look at.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any


class Forked(asyncio.Protocol):
    """A running command, with what is used of asyncio.subprocess.Process."""

    pid: int
    returncode: int | None = None

    def __init__(self) -> None:
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._said = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            if self.begun.done():
                self.returncode = int(line)
            else:
                self.pid = int(line)
                self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Its end was told, and behind that there is nothing; or whoever forks is gone."""
        if self.returncode is not None:
            self._ended.set_result(None)
            return
        for each in (self.begun, self._ended):
            if not each.done():
                each.set_exception(RuntimeError("the process that forks others is gone"))
                each.exception()  # whoever waits is told; nobody need to

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        await asyncio.shield(self._ended)
        assert self.returncode is not None
        return self.returncode


async def forked(words: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """`broadcast WORDS` in the background, here, with its output in `log`, which is there as soon as it is."""
    ours, its = socket.socketpair()
    asked = {"words": words, "environment": dict(environment), "log": str(log), "folder": str(Path.cwd())}
    ours.sendall(json.dumps(asked).encode() + b"\n")
    with its:
        socket.send_fds(_parent(), [b"."], [its.fileno()])
    ours.setblocking(False)
    _, process = await asyncio.get_running_loop().create_connection(Forked, sock=ours)
    await process.begun
    return process


@cache
def _parent() -> socket.socket:
    """Of all that this process starts; it ends with this one, when the socket to it is closed."""
    ours, its = socket.socketpair()
    with its:
        parent = subprocess.Popen(
            [sys.executable, "-m", "integration.forked", str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    atexit.register(_end, ours, parent)
    return ours


def _end(ours: socket.socket, parent: "subprocess.Popen[bytes]") -> None:
    ours.close()
    parent.wait()


class _Parent:
    """Forks, and says of each its pid and how it ended, a line each."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._selector = selectors.DefaultSelector()
        self._selector.register(asked, selectors.EVENT_READ)

    def serve(self) -> dict[str, Any] | None:
        """Returns in each child, with what is asked of it; None in the parent, at its end."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._asked:
                    self._tell_end(key.fd, *key.data)
                    continue
                said, fds, _, _ = socket.recv_fds(self._asked, 1, 1)
                if not said:
                    return None
                if (found := self._fork(socket.socket(fileno=fds[0]))) is not None:
                    return found

    def _fork(self, told: socket.socket) -> dict[str, Any] | None:
        with told.makefile("rb") as lines:
            asked: dict[str, Any] = json.loads(lines.readline())
        _load(asked["words"])
        Path(asked["log"]).touch()
        pid = os.fork()
        if not pid:
            self._forget(told)
            return asked
        told.sendall(b"%d\n" % pid)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))
        return None

    def _tell_end(self, pidfd: int, pid: int, told: socket.socket) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        with told, suppress(BrokenPipeError):  # whoever started it is gone
            told.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _forget(self, told: socket.socket) -> None:
        """In a child: of its siblings it has nothing."""
        told.close()
        for key in list(self._selector.get_map().values()):
            if key.fileobj is self._asked:
                self._asked.close()
            else:
                os.close(key.fd)
                key.data[1].close()
        self._selector.close()


def _load(words: Sequence[str]) -> None:
    """What the command that these words name is made of."""
    from broadcast.cli.lazy import LazyGroup
    from broadcast.cli.main import broadcast

    named: Any = broadcast
    for word in words:
        if isinstance(named, LazyGroup) and word in named._places:
            module, name = named._places[word].split(":")
            named = getattr(importlib.import_module(f"broadcast.{module}"), name)
    gc.freeze()


def _become(asked: Mapping[str, Any]) -> None:
    """What a process that was started by itself has of its own."""
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    random.seed()
    sys.argv = ["broadcast", *asked["words"]]


def _main(asked: socket.socket) -> None:
    from integration import constants

    from broadcast.__main__ import main

    if (found := _Parent(asked).serve()) is not None:
        _become(found)
        constants.as_asked()
        main()


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
