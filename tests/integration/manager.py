"""A service manager for tests: the socket that sd_notify(3) writes to, and what it was told."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Manager:
    """address: of NOTIFY_SOCKET. told: every datagram's lines so far, once `hear` was called."""

    address: str
    socket: socket.socket
    told: list[dict[str, str]] = field(default_factory=list)

    def hear(self) -> list[dict[str, str]]:
        """What came since the last time, in order."""
        new: list[dict[str, str]] = []
        while True:
            try:
                said = self.socket.recv(4096)
            except BlockingIOError:
                self.told += new
                return new
            new.append(dict(line.split("=", 1) for line in said.decode().splitlines()))

    def beats(self) -> int:
        """Signs of life since it was heard last."""
        return sum("WATCHDOG" in each for each in self.hear())

    def has(self, name: str) -> bool:
        """Whether such a line ever came."""
        self.hear()
        return any(name in each for each in self.told)

    @property
    def status(self) -> str:
        """The newest."""
        self.hear()
        return next((each["STATUS"] for each in reversed(self.told) if "STATUS" in each), "")


@contextmanager
def manager(address: str = "") -> Iterator[Manager]:
    """address: a path; empty: an abstract one, as the kernel chooses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind(address)
        yield Manager(address or f"@{listening.getsockname()[1:].decode()}", listening)
