"""Several hosts on one machine: network namespaces on a bridge, which can be parted, slowed and made lossy.

Needs root and Debian's iproute2. A host that is parted has its cable taken out of the bridge, two that are severed find
each other no more: no side is told.
Kernels differ in what they can do to packets; without netem a host's way is narrowed by tbf instead, whose short
queue drops and delays.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

WORST: Final[Sequence[Sequence[str]]] = (
    ("netem", "delay", "40ms", "20ms", "loss", "3%"),
    ("tbf", "rate", "800kbit", "burst", "4kb", "latency", "60ms"),
)
_NOBODY: Final = "02:00:00:00:00:01"
_FIRST: Final = 10  # of the hosts' addresses; the machine itself has .1
_NETWORKS: Final = 250
_COMMAND_S: Final = 60.0


def missing() -> str | None:
    """Why there can be no hosts here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None or shutil.which("tc") is None:
        return "network namespaces need iproute2 (ip, tc)"
    try:
        with network(("probe",)):
            return None
    except subprocess.CalledProcessError as error:
        return f"this kernel has no namespaces on a bridge: {error.stderr.strip()}"


@dataclass
class Network:
    """number: names and addresses are made of it. hosts: by name, their addresses."""

    number: int
    hosts: dict[str, str] = field(default_factory=dict)

    @property
    def bridge(self) -> str:
        return f"chaos{self.number}"

    def inside(self, host: str) -> tuple[str, ...]:
        """Words before a command that is to run there."""
        return ("ip", "netns", "exec", self._space(host))

    def part(self, host: str) -> None:
        """Nobody reaches it, and it reaches nobody."""
        _do("ip", "link", "set", self._cable(host), "nomaster")

    def join(self, host: str) -> None:
        """It is back."""
        _do("ip", "link", "set", self._cable(host), "master", self.bridge)

    def sever(self, host: str, other: str) -> None:
        """These two reach each other no more, and all others as before: each has the other at an address on the wire
        that is nobody's."""
        for one, far in ((host, other), (other, host)):
            _do(
                "ip",
                "-n",
                self._space(one),
                "neigh",
                "replace",
                *self._far(far),
                "lladdr",
                _NOBODY,
                "nud",
                "permanent",
            )

    def rejoin(self, host: str, other: str) -> None:
        """They do again."""
        for one, far in ((host, other), (other, host)):
            _do("ip", "-n", self._space(one), "neigh", "del", *self._far(far))

    def worsen(self, host: str) -> str:
        """What comes to it is lost or late. Says how."""
        for words in WORST:
            try:
                _do("tc", "qdisc", "add", "dev", self._cable(host), "root", *words)
            except subprocess.CalledProcessError:  # not in this kernel
                continue
            return words[0]
        return "nothing"

    def mend(self, host: str) -> None:
        """As it was."""
        _do("tc", "qdisc", "del", "dev", self._cable(host), "root")

    def _far(self, host: str) -> tuple[str, ...]:
        return (self.hosts[host], "dev", "eth0")

    def _space(self, host: str) -> str:
        return f"chaos{self.number}-{host}"

    def _cable(self, host: str) -> str:
        return f"ch{self.number}-{list(self.hosts).index(host)}"


@contextmanager
def network(hosts: Sequence[str]) -> Iterator[Network]:
    """These hosts, joined; all gone at the end."""
    made = Network(_free_number())
    net = f"10.251.{made.number}"
    with ExitStack() as stack:
        stack.callback(_remove, made.number)
        _do("ip", "addr", "add", f"{net}.1/24", "dev", made.bridge)
        _do("ip", "link", "set", made.bridge, "up")
        for index, host in enumerate(hosts):
            made.hosts[host] = f"{net}.{_FIRST + index}"
            space, cable = made._space(host), made._cable(host)
            _do("ip", "netns", "add", space)
            _do("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            _do("ip", "link", "set", cable, "master", made.bridge, "up")
            _do("ip", "-n", space, "addr", "add", f"{made.hosts[host]}/24", "dev", "eth0")
            _do("ip", "-n", space, "link", "set", "eth0", "up")
            _do("ip", "-n", space, "link", "set", "lo", "up")
        yield made


def _free_number() -> int:
    """The first whose bridge could be made, or was left by a process that is gone. The bridge names its maker."""
    for number in range(_NETWORKS):
        bridge = Network(number).bridge
        with contextlib.suppress(subprocess.CalledProcessError):
            if _is_left(bridge):
                _remove(number)
            _do("ip", "link", "add", bridge, "type", "bridge")
            _do("ip", "link", "set", bridge, "alias", str(os.getpid()))
            return number
    _do("ip", "link", "add", Network(0).bridge, "type", "bridge")  # says why not
    raise RuntimeError("there are too many networks here")


def _is_left(bridge: str) -> bool:
    try:
        maker = Path("/sys/class/net", bridge, "ifalias").read_text().strip()
    except OSError:
        return False
    return maker.isdigit() and not Path("/proc", maker).exists()


def _remove(number: int) -> None:
    """Cables first: those of a space go with it, but only in a while."""
    for cable in Path("/sys/class/net").glob(f"ch{number}-*"):
        _do("ip", "link", "del", cable.name)
    for space in Path("/run/netns").glob(f"chaos{number}-*"):
        _do("ip", "netns", "del", space.name)
    _do("ip", "link", "del", Network(number).bridge)


def _do(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True, timeout=_COMMAND_S)
