"""What happens to a run, and when: everything is drawn from its seed. Pure. With ledgers: ledger_schedule.py.

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

from chaos.nation import BY_NAME, CARRIERS, shares
from chaos.topology import Topology, one_database

LEASE_S: Final = 5.0  # the product's own; a worker that is frozen for longer has lost everything
FAULTS_LEAST: Final = 5
FAULTS_MOST: Final = 8
FIRST_S: Final = 1.5  # after the launch
EXPIRES_S: Final = (6.0, 14.0)
GAP_S: Final = (0.5, 2.0)

LIFETIME_S: Final = 600.0  # of an alert: longer than any run
STOPS: Final = 40
STOPS_APART: Final = 7

Policy = Literal["resend", "hold"]
HomeAway = Literal["stop", "go_on"]
Resolvers = Literal["child", "one", "two"]
RESOLVER_PLACES: Final[dict[Resolvers, tuple[str, ...]]] = {"child": (), "one": ("r1",), "two": ("r1", "r2")}


class Kind(Enum):
    """What can happen."""

    WORKER_KILLED = "worker killed"  # -9; another one is started in its place
    WORKER_FROZEN = "worker frozen"  # SIGSTOP for longer than its lease, then SIGCONT
    RESOLVER_KILLED = "resolver killed"  # -9; started again by its worker, or in its place
    RESOLVER_FROZEN = "resolver frozen"  # SIGSTOP for about its lease, then SIGCONT
    DATABASE_DOWN = "database down"  # stopped `immediate`, and started again
    DATABASE_AWAY = "database away"  # the same for long
    SMSC_CRASHED = "SMSC crashed"  # all sessions and the port are gone at once; what it had taken it keeps
    SMSC_HANGS = "SMSC hangs"  # SIGSTOP, then SIGCONT
    LINK_CUT = "link cut"  # one session is reset
    LINKS_CUT = "links cut"  # all sessions of a carrier
    LINK_MUTE = "link mute"  # one session is half open: nothing read, nothing answered
    HOST_PARTED = "host parted"  # with hosts: the network between it and all others is gone
    HOST_LOSSY = "host lossy"  # with hosts: its packets are late or lost
    WAY_PARTED = "way parted"  # with ledgers: two sides reach each other no more, and all others do


SECONDS: Final[dict[Kind, tuple[float, float]]] = {
    Kind.WORKER_KILLED: (0.1, 1.0),
    Kind.WORKER_FROZEN: (LEASE_S + 1.5, LEASE_S + 4.0),
    Kind.RESOLVER_KILLED: (0.1, 1.0),
    Kind.RESOLVER_FROZEN: (LEASE_S - 1.0, LEASE_S + 3.0),
    Kind.DATABASE_DOWN: (0.2, 5.0),
    Kind.DATABASE_AWAY: (12.0, 12.0),  # a minute, five times as fast
    Kind.SMSC_CRASHED: (0.3, 3.0),
    Kind.SMSC_HANGS: (0.5, 5.0),
    Kind.LINK_CUT: (0.0, 0.0),
    Kind.LINKS_CUT: (0.0, 0.0),
    Kind.LINK_MUTE: (8.0, 8.0),
    Kind.HOST_PARTED: (0.5, 9.0),
    Kind.HOST_LOSSY: (2.0, 6.0),
    Kind.WAY_PARTED: (2.0, 9.0),
}
"""How long each lasts; of a killed process: until another one is started."""

CALM_S: Final = {Kind.WORKER_KILLED: 10.0, Kind.DATABASE_DOWN: 6.0, Kind.RESOLVER_KILLED: 8.0}
"""What the way back to full speed may take, or to resolved receipts."""

WEIGHTS: Final = {
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
OF_HOSTS: Final = (Kind.HOST_PARTED, Kind.HOST_LOSSY)
OF_WORKERS: Final = (Kind.WORKER_KILLED, Kind.WORKER_FROZEN)
RESOLVER: Final = (Kind.RESOLVER_KILLED, Kind.RESOLVER_FROZEN)


@dataclass(frozen=True, slots=True)
class Fault:
    """at_s: after the launch. target: a worker's or resolver's place, CHILD, a carrier's name, a database's, or one of
    topology's ways."""

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


class Word(Enum):
    """What an operator orders."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Order:
    """after_s: the launch, or when the order before was taken; it is tried again until it is taken."""

    after_s: float
    word: Word

    def __str__(self) -> str:
        return f"{self.after_s:5.1f} s  {self.word.value}, after the launch or the order before"


@dataclass(frozen=True, slots=True)
class Stops:
    """Some subscribers of one carrier answer STOP by way of another, as who has taken a number there does. Most of them
    are among the last of their carrier who are sent to."""

    at_s: float
    by: str
    of: str

    def numbers(self, messages: int) -> list[int]:
        """messages: of the run."""
        first, count = BY_NAME[self.of].first, shares(messages)[self.of]
        return [first + count - 1 - each * STOPS_APART for each in range(min(STOPS, count // STOPS_APART))]

    def __str__(self) -> str:
        return f"{self.at_s:5.1f} s  {STOPS} of {self.of} answer STOP by way of {self.by}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run. faults, orders, stops: by time. expires_s: amid everything, after the launch; None: at ends_s, by when
    everybody was sent to. hosts: every process that is not of the test has a host of its own."""

    seed: int
    policy: Policy
    topology: Topology
    resolvers: Resolvers
    faults: tuple[Fault, ...]
    habits: dict[str, Habits]
    expires_s: float | None = None
    hosts: bool = False
    ends_s: float = LIFETIME_S
    home_away: HomeAway = "stop"
    orders: tuple[Order, ...] = ()
    stops: tuple[Stops, ...] = ()

    @property
    def closes(self) -> bool:
        """The campaign ends within the run, whatever is still open."""
        return self.expires_s is not None or self.ends_s < LIFETIME_S

    @property
    def cancelled(self) -> bool:
        return any(each.word is Word.CANCEL for each in self.orders)


def schedule(seed: int, hosts: bool = False) -> Schedule:
    """The run of this seed; the same in every place and at every time. hosts: with faults of the network too."""
    chance = Random(seed)
    policy: Policy = "hold" if chance.random() < 0.25 else "resend"
    habits = {carrier.name: habits_of_one(chance) for carrier in CARRIERS}
    resolvers = chance.choice(list(RESOLVER_PLACES))
    topology = one_database(*RESOLVER_PLACES[resolvers])
    faults = _faults(chance, topology)
    if hosts:
        more = _host_faults(chance, faults[-1].at_s, topology)
        faults = tuple(sorted([*faults, *more], key=lambda each: each.at_s))
    expires_s = round(chance.uniform(*EXPIRES_S), 1) if chance.random() < 0.25 else None
    return Schedule(seed, policy, topology, resolvers, faults, habits, expires_s, hosts)


def habits_of_one(chance: Random) -> Habits:
    return Habits(
        lost=chance.choice((0.0, 0.02, 0.08)),
        missing=chance.choice((0.0, 0.0, 0.002)),
        early=chance.choice((0.0, 0.02, 0.1)),
        repeated=chance.choice((0.0, 0.01, 0.1)),
    )


def _faults(chance: Random, topology: Topology) -> tuple[Fault, ...]:
    """At least one worker, one resolver and the database are always among them."""
    count = chance.randint(FAULTS_LEAST, FAULTS_MOST)
    kinds = [chance.choice(OF_WORKERS), chance.choice(RESOLVER), Kind.DATABASE_DOWN]
    kinds += chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count - len(kinds))
    chance.shuffle(kinds)
    calm = chance.choice((None, None, None, None, *CALM_S))
    if calm is not None:
        kinds.insert(0, calm)
    faults: list[Fault] = []
    now = FIRST_S + chance.random()
    for kind in kinds:
        fault = fault_of(chance, kind, now, faults, topology)
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
        kind = chance.choice(OF_HOSTS)
        seconds = round(chance.uniform(*SECONDS[kind]), 2)
        found.append(Fault(round(chance.uniform(FIRST_S, last_s + 1), 2), kind, target, seconds))
    return found


def fault_of(chance: Random, kind: Kind, now: float, before: Sequence[Fault], topology: Topology) -> Fault:
    """What is down or frozen already is no target: then a link is cut instead."""
    seconds = round(chance.uniform(*SECONDS[kind]), 2)
    down = {each.target for each in before if each.until_s + 0.5 > now}
    free = [target for target in _targets(kind, topology) if target not in down]
    if not free:
        return Fault(round(now, 2), Kind.LINK_CUT, chance.choice(CARRIERS).name, 0.0)
    return Fault(round(now, 2), kind, chance.choice(free), seconds)


def _targets(kind: Kind, topology: Topology) -> Sequence[str]:
    if kind in OF_WORKERS:
        return tuple(topology.workers)
    if kind in RESOLVER:
        return topology.struck_resolvers
    if kind is Kind.DATABASE_DOWN:
        return topology.databases
    if kind is Kind.DATABASE_AWAY:
        return tuple(topology.ledgers)
    if kind is Kind.WAY_PARTED:
        return topology.ways
    return topology.hosts if kind in OF_HOSTS else tuple(BY_NAME)
