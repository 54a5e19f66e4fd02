"""What happens to one run, and when: everything is drawn from its seed. Pure.

A run has three workers, three carriers, one database, and whoever resolves receipts: a child process of one of the
workers, a process of its own, or two of these (topology.py). Its faults begin while messages are sent; some overlap.
Some runs leave a while of calm after a killed worker, a restarted database or a killed resolver, so that the way back
can be timed. In a quarter the alert expires amid all that: not everybody is sent to, and receipts come after nobody
waits for them any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, Literal

from chaos.nation import BY_NAME, CARRIERS
from chaos.topology import Topology, one_database

LEASE_S: Final = 5.0  # the product's own; a worker that is frozen for longer has lost everything
FAULTS_LEAST: Final = 5
FAULTS_MOST: Final = 8
FIRST_S: Final = 1.5  # after the launch
EXPIRES_S: Final = (6.0, 14.0)
GAP_S: Final = (0.5, 2.0)

Policy = Literal["resend", "hold"]
Resolvers = Literal["child", "one", "two"]
RESOLVER_PLACES: Final[dict[Resolvers, tuple[str, ...]]] = {"child": (), "one": ("r1",), "two": ("r1", "r2")}


class Kind(Enum):
    """What can happen."""

    WORKER_KILLED = "worker killed"  # -9; another one is started in its place
    WORKER_FROZEN = "worker frozen"  # SIGSTOP for longer than its lease, then SIGCONT
    RESOLVER_KILLED = "resolver killed"  # -9; started again by its worker, or in its place
    RESOLVER_FROZEN = "resolver frozen"  # SIGSTOP for about its lease, then SIGCONT
    DATABASE_DOWN = "database down"  # stopped `immediate`, and started again
    SMSC_CRASHED = "SMSC crashed"  # all sessions and the port are gone at once; what it had taken it keeps
    SMSC_HANGS = "SMSC hangs"  # SIGSTOP, then SIGCONT
    LINK_CUT = "link cut"  # one session is reset
    LINKS_CUT = "links cut"  # all sessions of a carrier
    LINK_MUTE = "link mute"  # one session is half open: nothing read, nothing answered
    HOST_PARTED = "host parted"  # with hosts: the network between it and all others is gone
    HOST_LOSSY = "host lossy"  # with hosts: its packets are late or lost


SECONDS: Final[dict[Kind, tuple[float, float]]] = {
    Kind.WORKER_KILLED: (0.1, 1.0),
    Kind.WORKER_FROZEN: (LEASE_S + 1.5, LEASE_S + 4.0),
    Kind.RESOLVER_KILLED: (0.1, 1.0),
    Kind.RESOLVER_FROZEN: (LEASE_S - 1.0, LEASE_S + 3.0),
    Kind.DATABASE_DOWN: (0.2, 5.0),
    Kind.SMSC_CRASHED: (0.3, 3.0),
    Kind.SMSC_HANGS: (0.5, 5.0),
    Kind.LINK_CUT: (0.0, 0.0),
    Kind.LINKS_CUT: (0.0, 0.0),
    Kind.LINK_MUTE: (8.0, 8.0),
    Kind.HOST_PARTED: (0.5, 9.0),
    Kind.HOST_LOSSY: (2.0, 6.0),
}
"""How long each lasts; of a killed process: until another one is started."""

CALM_S: Final = {Kind.WORKER_KILLED: 10.0, Kind.DATABASE_DOWN: 6.0, Kind.RESOLVER_KILLED: 8.0}
"""What the way back to full speed may take, or to resolved receipts."""

_WEIGHTS: Final = {
    Kind.WORKER_KILLED: 3,
    Kind.WORKER_FROZEN: 2,
    Kind.RESOLVER_KILLED: 1,
    Kind.RESOLVER_FROZEN: 1,
    Kind.DATABASE_DOWN: 2,
    Kind.SMSC_CRASHED: 3,
    Kind.SMSC_HANGS: 3,
    Kind.LINK_CUT: 2,
    Kind.LINKS_CUT: 2,
    Kind.LINK_MUTE: 2,
}
_OF_HOSTS: Final = (Kind.HOST_PARTED, Kind.HOST_LOSSY)
_OF_WORKERS: Final = (Kind.WORKER_KILLED, Kind.WORKER_FROZEN)
RESOLVER: Final = (Kind.RESOLVER_KILLED, Kind.RESOLVER_FROZEN)


@dataclass(frozen=True, slots=True)
class Fault:
    """at_s: after the launch. target: a worker's or resolver's place, CHILD, a carrier's name or a database's."""

    at_s: float
    kind: Kind
    target: str
    seconds: float

    @property
    def until_s(self) -> float:
        return self.at_s + self.seconds

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at_s:5.1f} s  {self.kind.value} {self.target}{lasting}"


@dataclass(frozen=True, slots=True)
class Habits:
    """What one carrier's receipts do, by shares: never come (any of a message, or of all its segments one), come before
    the response, come again."""

    lost: float
    missing: float
    early: float
    repeated: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run. faults: by time. expires_s: after the launch; None: long after everything. hosts: every process that is
    not of the test has a host of its own."""

    seed: int
    policy: Policy
    topology: Topology
    resolvers: Resolvers
    faults: tuple[Fault, ...]
    habits: dict[str, Habits]
    expires_s: float | None = None
    hosts: bool = False


def schedule(seed: int, hosts: bool = False) -> Schedule:
    """The run of this seed; the same in every place and at every time. hosts: with faults of the network too."""
    chance = Random(seed)
    policy: Policy = "hold" if chance.random() < 0.25 else "resend"
    habits = {carrier.name: _habits(chance) for carrier in CARRIERS}
    resolvers = chance.choice(list(RESOLVER_PLACES))
    topology = one_database(*RESOLVER_PLACES[resolvers])
    faults = _faults(chance, topology)
    if hosts:
        more = _host_faults(chance, faults[-1].at_s, topology)
        faults = tuple(sorted([*faults, *more], key=lambda each: each.at_s))
    expires_s = round(chance.uniform(*EXPIRES_S), 1) if chance.random() < 0.25 else None
    return Schedule(seed, policy, topology, resolvers, faults, habits, expires_s, hosts)


def _habits(chance: Random) -> Habits:
    return Habits(
        lost=chance.choice((0.0, 0.02, 0.08)),
        missing=chance.choice((0.0, 0.0, 0.002)),
        early=chance.choice((0.0, 0.02, 0.1)),
        repeated=chance.choice((0.0, 0.01, 0.1)),
    )


def _faults(chance: Random, topology: Topology) -> tuple[Fault, ...]:
    """At least one worker, one resolver and the database are always among them."""
    count = chance.randint(FAULTS_LEAST, FAULTS_MOST)
    kinds = [chance.choice(_OF_WORKERS), chance.choice(RESOLVER), Kind.DATABASE_DOWN]
    kinds += chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - len(kinds))
    chance.shuffle(kinds)
    calm = chance.choice((None, None, None, None, *CALM_S))
    if calm is not None:
        kinds.insert(0, calm)
    faults: list[Fault] = []
    now = FIRST_S + chance.random()
    for kind in kinds:
        fault = _fault(chance, kind, now, faults, topology)
        faults.append(fault)
        now += chance.uniform(*GAP_S)
        if calm is not None and fault is faults[0]:
            now += CALM_S[calm] + fault.seconds
    return tuple(faults)


def _host_faults(chance: Random, last_s: float, topology: Topology) -> list[Fault]:
    """Two to four, among the others, of different hosts."""
    targets = [*topology.databases, *topology.workers, *BY_NAME, *topology.resolvers]
    found = []
    for target in chance.sample(targets, chance.randint(2, 4)):
        kind = chance.choice(_OF_HOSTS)
        seconds = round(chance.uniform(*SECONDS[kind]), 2)
        found.append(Fault(round(chance.uniform(FIRST_S, last_s + 1), 2), kind, target, seconds))
    return found


def _fault(chance: Random, kind: Kind, now: float, before: Sequence[Fault], topology: Topology) -> Fault:
    """What is down or frozen already is no target: then a link is cut instead."""
    seconds = round(chance.uniform(*SECONDS[kind]), 2)
    down = {each.target for each in before if each.until_s + 0.5 > now}
    if kind is Kind.DATABASE_DOWN:
        targets = topology.databases
    elif kind in _OF_WORKERS:
        targets = tuple(topology.workers)
    elif kind in RESOLVER:
        targets = topology.struck_resolvers
    else:
        targets = tuple(BY_NAME)
    free = [target for target in targets if target not in down]
    if not free:
        return Fault(round(now, 2), Kind.LINK_CUT, chance.choice(CARRIERS).name, 0.0)
    return Fault(round(now, 2), kind, chance.choice(free), seconds)
