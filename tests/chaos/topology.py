"""Where a run's databases and processes are, and which database has what of each carrier. Pure.

A database is named as its host, a process as its place, and both are hosts of the network where there is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from chaos.nation import BY_NAME, CARRIERS, Binds, Carrier

_WORKERS_OF: Final = "processes of "
CHILD: Final = "child"  # the resolver of whichever worker has it; of several ledgers `child LEDGER`


@dataclass(frozen=True, slots=True)
class Place:
    """A process of the product. ledger: the database that it is of. words: its command, without that."""

    ledger: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """home: the database with the people. ledgers: carriers by database; home itself where it is the only one.
    workers, resolvers: by place; a run without resolvers has them as children of its workers."""

    home: str
    ledgers: Mapping[str, tuple[Carrier, ...]]
    workers: Mapping[str, Place]
    resolvers: Mapping[str, Place] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Home is no ledger."""
        return self.home not in self.ledgers

    @property
    def databases(self) -> tuple[str, ...]:
        """Home first."""
        return (self.home, *self.ledgers) if self.several else (self.home,)

    @property
    def places(self) -> Mapping[str, Place]:
        """In the order in which they are started."""
        return {**self.resolvers, **self.workers}

    @property
    def hosts(self) -> tuple[str, ...]:
        """All that a network has."""
        return (*self.databases, *self.places, *BY_NAME)

    @property
    def struck_resolvers(self) -> tuple[str, ...]:
        """What a fault of a resolver may name."""
        children = [f"{CHILD} {ledger}" for ledger in self.ledgers] if self.several else [CHILD]
        return tuple(self.resolvers) or tuple(children)

    @property
    def ways(self) -> tuple[str, ...]:
        """Between whom they may be parted, `A|B`: home and a ledger; a ledger's processes and home, or that ledger."""
        found = [(self.home, each) for each in self.ledgers]
        found += [(f"{_WORKERS_OF}{each}", other) for each in self.ledgers for other in (self.home, each)]
        return tuple("|".join(each) for each in found)

    def ends(self, way: str) -> Iterator[tuple[str, str]]:
        """The hosts that are parted from each other then."""
        side, database = way.split("|")
        if not side.startswith(_WORKERS_OF):
            yield side, database
            return
        ledger = side.removeprefix(_WORKERS_OF)
        yield from ((place, database) for place, each in self.places.items() if each.ledger == ledger)

    def workers_of(self, ledger: str) -> tuple[str, ...]:
        """Their places."""
        return tuple(place for place, each in self.workers.items() if each.ledger == ledger)

    def serving(self, carrier: str) -> Iterator[str]:
        """The ledgers that have something of it."""
        for ledger, carriers in self.ledgers.items():
            if any(each.name == carrier for each in carriers):
                yield ledger

    def accounts(self, carrier: str) -> dict[str, int]:
        """The accounts by which it is split, with their TPS; none of a whole one."""
        parts = [each for carriers in self.ledgers.values() for each in carriers if each.name == carrier]
        return {account: each.tps for each in parts for account in each.accounts}


def _worker(ledger: str, number: int) -> Place:
    return Place(ledger, ("worker", "--place", str(UUID(int=number))))


_ONE: Final = "database"
# Two have a supervisor, which takes over from a killed worker at once; the lease of the third must run out.
_WORKERS: Final = {"w1": _worker(_ONE, 1), "w2": _worker(_ONE, 2), "w3": Place(_ONE, ("worker",))}


def one_database(*resolvers: str) -> Topology:
    """The usual: three workers. resolvers: places of those that are no child of one."""
    return Topology(
        _ONE, {_ONE: CARRIERS}, _WORKERS, {place: Place(_ONE, ("resolver",)) for place in resolvers}
    )


_HOME: Final = "home"
_VIETTEL, _VINAPHONE, _MOBIFONE = CARRIERS
_WHOLE: Final = {"north": (_VIETTEL,), "south": (_VINAPHONE, _MOBIFONE)}
_SPLIT: Final = {
    "north": (replace(_VIETTEL, tps=1200, binds=(Binds("transceiver", 2, "viettel-n"),)), _MOBIFONE),
    "south": (replace(_VIETTEL, tps=800, binds=(Binds("transceiver", 2, "viettel-s"),)), _VINAPHONE),
}


def two_ledgers(*, split: bool, resolvers: bool) -> Topology:
    """Home, and two ledgers with two workers each, one of which has no supervisor. split: a carrier is in both, by its
    accounts. resolvers: each ledger's is a process of its own."""
    workers, alone = dict[str, Place](), dict[str, Place]()
    for number, ledger in enumerate(_WHOLE, start=1):
        named = ("--ledger", ledger)
        workers[f"{ledger}-w1"] = Place(ledger, (*_worker(ledger, number).words, *named))
        workers[f"{ledger}-w2"] = Place(ledger, ("worker", *named))
        if resolvers:
            alone[f"{ledger}-r1"] = Place(ledger, ("resolver", *named))
    return Topology(_HOME, _SPLIT if split else _WHOLE, workers, alone)
