"""A carrier that a resolver holds: how its work goes."""

import time

from broadcast.ledger.resolver.desk import Desk
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.monitor.metrics import Metrics


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

    def measure(self, metrics: Metrics) -> None:
        """How it stands, for whoever scrapes it."""
        book = self.looks.book
        metrics.resolve_lag_seconds.labels(self.name).set(self.late_s)
        metrics.parked_receipts.labels(self.name).set(self.looks.parked.left)
        metrics.open_segments.labels(self.name, "hot").set(book.hot_segments)
        metrics.open_segments.labels(self.name, "cold").set(book.open_segments - book.hot_segments)
        metrics.book_bytes.labels(self.name).set(book.octets())
