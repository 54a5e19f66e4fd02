"""A carrier that a resolver holds: how its work goes."""

import time

from broadcast.ledger.resolver.desk import Desk
from broadcast.ledger.resolver.look import CarrierLooks


class Part:
    """A part of the work on a carrier. failing: why the last try failed, None: it did not; it rests until `until`."""

    def __init__(self) -> None:
        self.failing: str | None = None
        self.until = 0.0


class Held:
    """A carrier that is held here. looking comes first; asking rows about what fitted nothing may fail by itself.
    behind_since: since when receipts wait that were there to be resolved, None: none does."""

    def __init__(self, name: str, looks: CarrierLooks) -> None:
        self.name = name
        self.looks = looks
        self.desk = Desk(looks)
        self.looking = Part()
        self.asking = Part()
        self.behind_since: float | None = None
        self.counted = 0  # receipts, in the metrics
        self.evicted = 0  # of which the memory was given back

    @property
    def failing(self) -> str | None:
        return self.looking.failing or self.asking.failing

    @property
    def late_s(self) -> float:
        return 0.0 if self.behind_since is None else time.monotonic() - self.behind_since
