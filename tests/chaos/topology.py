"""Where a run's databases and processes are, and which database has what of each carrier. Pure.

A database is named as its host, a process as its place, and both are hosts of the network where there is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from chaos.nation import BY_NAME, CARRIERS, Carrier

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

    def workers_of(self, ledger: str) -> tuple[str, ...]:
        """Their places."""
        return tuple(place for place, each in self.workers.items() if each.ledger == ledger)

    def serving(self, carrier: str) -> Iterator[str]:
        """The ledgers that have something of it."""
        for ledger, carriers in self.ledgers.items():
            if any(each.name == carrier for each in carriers):
                yield ledger


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
