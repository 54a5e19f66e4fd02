"""What a service manager is told: sd_notify(3), a datagram of lines to the socket that it names.

systemd does this, and `broadcast up` for its own processes. A library would be longer than the protocol: those that
there are lack abstract sockets or a watchdog, or bring libsystemd.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Final

from broadcast.monitor import events
from broadcast.monitor.loggable import Sentence
from broadcast.monitor.logger import logger

log = logger(__name__)

STATUS_S: Final = 2.0
START_S: Final = 0.25  # while whoever started it waits
STATUS_MOST: Final = 500  # characters: a line of `systemctl status`
_OURS: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notify:
    """The way to the manager, if there is one. watchdog_s: within so long it wants a sign of life; None: never."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s if address else None
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._failed = False
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    @classmethod
    def taken(cls, environment: MutableMapping[str, str] = os.environ) -> "Notify":
        """As the environment names it, and taken out there: what this process starts has a manager of its own."""
        address, usec, pid = (environment.pop(name, "") for name in _OURS)
        if not address.startswith(("/", "@")):
            if address:
                log(events.MANAGER_UNKNOWN)
            return cls()
        meant = not pid or pid == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if meant and usec.isascii() and usec.isdigit() else 0.0
        return cls(address, watchdog_s or None)

    def __bool__(self) -> bool:
        """Whether anybody wants to know."""
        return self._socket is not None

    def tell(self, *, status: str = "", **words: str) -> None:
        """READY="1" and the like, in one datagram. One that cannot be sent is lost, and the first is told in the log:
        whoever listens has ended, or has a full queue; a sign of life is followed by the next."""
        if self._socket is None:
            return
        if status:
            words["STATUS"] = " ".join(status.split())[:STATUS_MOST]
        lines = "".join(f"{name}={value}\n" for name, value in words.items())
        try:
            self._socket.sendto(lines.encode(), self._address or "")
        except OSError as error:
            if not self._failed:
                log(events.MANAGER_AWAY, why=Sentence(error.strerror or type(error).__name__))
            self._failed = True
            return
        self._failed = False

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # ------------------------------------------------------------ what a process that serves tells

    async def beat(self) -> None:
        """A sign of life at half of what is allowed, for ever. From the loop itself: one that hangs gives none."""
        while self.watchdog_s is not None:
            self.tell(WATCHDOG="1")
            await asyncio.sleep(self.watchdog_s / 2)

    async def follow(
        self,
        readiness: Callable[[], Awaitable[Mapping[str, str]]],
        takes_part: Collection[str],
        words: Callable[[], str],
        stop: asyncio.Event,
    ) -> None:
        """READY=1 as soon as what `takes_part` names holds, how it stands in STATUS, and STOPPING=1 at the stop.

        readiness: as `HealthServer.readiness`. takes_part: without these it does nothing; that no link is bound, say,
        is no reason to start it anew. words: more on how it stands.
        """
        if not self:
            return
        told, ready = "", False
        while not stop.is_set():
            found = await readiness()
            if not ready and all(found[name] == "ok" for name in takes_part):
                ready = True
                self.tell(READY="1")
            now = status(found, words())
            if now != told:
                told = now
                self.tell(status=now)
            await _until(stop, STATUS_S if ready else START_S)
        self.tell(STOPPING="1", status="stopping")

    def reloading(self) -> None:
        """READY=1 follows when that is done."""
        self.tell(RELOADING="1", MONOTONIC_USEC=str(time.monotonic_ns() // 1000))


def status(found: Mapping[str, str], words: str) -> str:
    """A line: whether all holds, and else what does not and why."""
    whys = [f"{name}: {said}" for name, said in found.items() if said != "ok"]
    return "; ".join(filter(None, [("not ready: " + "; ".join(whys)) if whys else "ready", words]))


async def _until(stop: asyncio.Event, most_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await stop.wait()
