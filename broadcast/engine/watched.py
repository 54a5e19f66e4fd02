"""A child process's signs of life, as systemd takes them: what `broadcast.monitor.notify` sends, from the other side.

So a process that hangs is ended and started anew also where one service runs several. Linux only, as `parent.die_with`;
elsewhere a child has nobody to tell, and is never taken to hang.
"""

import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
from typing import Final

from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Seconds
from broadcast.monitor.logger import logger

log = logger(__name__)

# six leases: what such a process held went to others long ago, so that nothing is lost by ending it
WATCHDOG_S: Final = 30.0
ABORT_S: Final = 2.0  # from SIGABRT, at which Python says where it stood, to SIGKILL
_MOST_OCTETS: Final = 4096
_CREDENTIALS: Final = struct.Struct("=iII")  # struct ucred: pid, uid, gid


class Watched:
    """The signs of one place's processes, one after the other. watchdog_s: without a sign for so long one hangs."""

    def __init__(self, watchdog_s: float = WATCHDOG_S) -> None:
        self.watchdog_s = watchdog_s
        self.ready = False
        self.status = ""
        self._pid = 0
        self._beat_at: float | None = None
        self._looked_at = 0.0
        self._socket: socket.socket | None = None

    def environment(self) -> dict[str, str]:
        """Of the next process, which has said nothing yet; NOTIFY_SOCKET is a name that nobody else can have taken."""
        self._forget()
        self._pid = 0
        if sys.platform != "linux":
            return dict(os.environ)
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._socket.bind("")  # the kernel chooses an abstract one
        name = self._socket.getsockname()[1:].decode()
        usec = str(round(self.watchdog_s * 1e6))
        return {**os.environ, "NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": usec}

    def begun(self, pid: int) -> None:
        """Only this one is listened to: anybody on this machine may write to the socket."""
        self._forget()
        self._pid = pid

    def hangs(self, now: float) -> bool:
        """Whether it gave signs of life, and none for too long. now: of time.monotonic; called many times in that time.

        Who asks may have stood still itself, with the whole machine: then the process gets its time anew."""
        self.hear(now)
        stood, self._looked_at = now - self._looked_at > self.watchdog_s / 2, now
        if self._beat_at is None:
            return False
        if stood:
            self._beat_at = now
        return now - self._beat_at > self.watchdog_s

    def hear(self, now: float) -> None:
        """What was said since the last time."""
        while self._socket is not None:
            try:
                said, more, _, _ = self._socket.recvmsg(_MOST_OCTETS, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return
            whose = [_CREDENTIALS.unpack(each[2])[0] for each in more if each[1] == socket.SCM_CREDENTIALS]
            if whose == [self._pid]:
                self._take(said.decode(errors="replace"), now)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _forget(self) -> None:
        self.ready, self.status, self._beat_at = False, "", None

    def _take(self, said: str, now: float) -> None:
        for line in said.splitlines():
            name, _, value = line.partition("=")
            if name == "WATCHDOG" and value == "1":
                self._beat_at = now
            elif name == "READY":
                self.ready = value == "1"
            elif name == "STOPPING":
                self.ready = False
            elif name == "STATUS":
                self.status = value


async def end_if_hanging(
    process: asyncio.subprocess.Process, waiting: "asyncio.Task[int]", watched: Watched
) -> None:
    """One look. waiting: for its end."""
    if not waiting.done() and watched.hangs(asyncio.get_running_loop().time()):
        log(events.PROCESS_HANGS, child=Count(process.pid), silent_s=Seconds(watched.watchdog_s))
        await _abort(process, waiting)


async def _abort(process: asyncio.subprocess.Process, waiting: "asyncio.Task[int]") -> None:
    for number in (signal.SIGABRT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            process.send_signal(number)
        await asyncio.wait([waiting], timeout=ABORT_S)
