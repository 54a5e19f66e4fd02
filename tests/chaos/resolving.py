"""How soon after a fault all receipts were resolved that had come before it was over. Pure.

Resolved is what the ledger says: every receipt that was committed before a time has been dealt with. It says so once a
second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chaos.faults import Done
from chaos.schedule import RESOLVER, Kind, Resolvers

# A lease of 5 s must end, perhaps after the one within which a started server lets nobody take over; then a process
# starts and reads what is open.
LIMITS_S: Final = {
    Kind.RESOLVER_KILLED: 15.0,
    Kind.RESOLVER_FROZEN: 10.0,
    Kind.DATABASE_DOWN: 15.0,
    Kind.WORKER_KILLED: 15.0,
}
_OF_HOSTS: Final = (Kind.HOST_PARTED, Kind.HOST_LOSSY)


@dataclass(frozen=True, slots=True)
class Resolved:
    """seconds: from the kill, or from when the frozen one was woken, the database ready. judged: no other fault
    that a resolver feels fell into it."""

    kind: Kind
    seconds: float
    judged: bool

    @property
    def too_late(self) -> bool:
        return self.judged and self.seconds > LIMITS_S[self.kind]


def ways_back(done: Sequence[Done], resolvers: Resolvers) -> list[Resolved]:
    """Of every fault that a resolver feels, in the order of `done`."""
    felt = [each for each in done if _feels(each, resolvers)]
    found = []
    for each in felt:
        since, until = since_s(each), each.resolved
        if until is None:
            continue
        alone = not any(other.began < until and other.ended > since for other in felt if other is not each)
        found.append(Resolved(each.fault.kind, until - since, alone and each.fault.kind in LIMITS_S))
    return found


def since_s(done: Done) -> float:
    """From when the way back counts: what was killed is started again by somebody, the others are back by our hand."""
    return done.began if done.fault.kind in (Kind.RESOLVER_KILLED, Kind.WORKER_KILLED) else done.ended


def _feels(done: Done, resolvers: Resolvers) -> bool:
    kind = done.fault.kind
    of_workers = kind is Kind.WORKER_KILLED and resolvers == "child"
    return kind in (*RESOLVER, *_OF_HOSTS, Kind.DATABASE_DOWN) or of_workers
