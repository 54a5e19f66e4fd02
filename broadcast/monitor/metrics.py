"""What one worker or resolver tells Prometheus: the metrics of the catalogue that are its own, in its own registry.

Counters count what *this* process did; national figures are the exporter's alone. The resolver's series are of the
carriers that it has, one process a carrier.

Callers count once per batch (`metrics.submitted.labels(carrier).inc(len(batch))`), never once per message.
"""

from collections import Counter as Count
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from broadcast.monitor.catalogue import METRICS, Job
from broadcast.monitor.text import CONTENT_TYPE, Text

RECEIPT_STATES: Final = frozenset({"intermediate", "expired", "rejected", "undeliverable", "delivered"})
LINK_STATES: Final = ("connecting", "binding", "bound", "backing_off", "refused")

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which says what a restart says


class Metrics:
    """All series of one process; several may live in one (tests), each with a registry of its own. job: whose; None: a
    worker's and a resolver's."""

    def __init__(self, job: Job | None = None) -> None:
        self.registry = CollectorRegistry()
        self._text = Text(self.registry)
        self._job = job
        self._link_states: dict[str, tuple[str, str]] = {}
        self._carrier_series()
        self._link_series()
        self._ledger_series()
        self._resolver_series()
        ProcessCollector(registry=self.registry)

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """Content type and octets, whatever form is wanted: Prometheus takes this one."""
        return CONTENT_TYPE, self._text.made()

    def _carrier_series(self) -> None:
        self.submitted = self._counter("submitted_segments_total")
        self.responses = self._counter("responses_total")
        self.receipts = self._counter("receipts_total")
        self.throttled = self._counter("throttled_total")
        self.quarantined = self._counter("quarantined_total")
        self.oddities = self._counter("oddities_total")
        self.replies = self._counter("replies_total")
        self.opt_outs = self._counter("opt_outs_total")
        self.leased_slices = self._gauge("leased_slices")

    def _link_series(self) -> None:
        self.links = self._gauge("links")
        self.window = self._gauge("window_segments")
        self.in_flight = self._gauge("in_flight_segments")
        self.tps_granted = self._gauge("tps_granted")
        self.tps_used = self._gauge("tps_used")
        self.round_trip_seconds = self._histogram("round_trip_seconds")
        self.enquire_link_seconds = self._histogram("enquire_link_seconds")
        self.reconnects = self._counter("reconnects_total")
        self.paused_seconds = self._counter("paused_seconds_total")
        self.certificate_expiry = self._gauge("certificate_expiry_timestamp_seconds")

    def _ledger_series(self) -> None:
        self.group_rows = self._histogram("ledger_group_rows")
        self.commit_seconds = self._histogram("ledger_commit_seconds")
        self.set_aside = self._counter("set_aside_total")
        self.loop_lag_seconds = self._histogram("loop_lag_seconds")
        self.build_info = self._gauge("build_info")
        self.worker_info = self._gauge("worker_info")
        self.build_info.labels(version()).set(1)

    def _resolver_series(self) -> None:
        self.look_seconds = self._histogram("look_seconds")
        self.look_failures = self._counter("look_failures_total")
        self.resolve_lag_seconds = self._gauge("resolve_lag_seconds")
        self.resolved_receipts = self._counter("resolved_receipts_total")
        self.misfits = self._counter("misfits_total")
        self.parked_receipts = self._gauge("parked_receipts")
        self.open_segments = self._gauge("open_segments")
        self.book_bytes = self._gauge("book_bytes")

    def drop_resolved(self, carrier: str) -> None:
        """Another process resolves the carrier: what this one knows of it leaves."""
        for gauge in (self.resolve_lag_seconds, self.parked_receipts, self.open_segments, self.book_bytes):
            gauge.remove_by_labels({"carrier": carrier})

    def is_worker(self, worker_no: int, ledger: str) -> None:
        """From now on, in this life of its process."""
        self.worker_info.clear()
        self.worker_info.labels(str(worker_no), ledger).set(1)

    def count_responses(self, carrier: str, statuses: Mapping[str, int]) -> None:
        """Count one batch of answers. statuses: `smpp.status.name` -> answers.

        OK and the names of SMPP 3.4 stay, any other (0x000004A1) counts as `vendor`.
        """
        for name, count in statuses.items():
            self.responses.labels(carrier, name if name.startswith("ESME_") else "vendor").inc(count)

    def count_receipts(self, carrier: str, states: Mapping[str, int]) -> None:
        """Count one batch of receipts. states: a word of RECEIPT_STATES -> receipts; others: intermediate."""
        for state, count in states.items():
            self.receipts.labels(carrier, state if state in RECEIPT_STATES else "intermediate").inc(count)

    def count_replies(self, carrier: str, kind: str, count: int) -> None:
        """Count texts. kind: opt_out, opt_in, "" for no keyword; any other of the configuration counts as `other`."""
        known = {"opt_out": "opt_out", "opt_in": "opt_in", "": "none"}
        self.replies.labels(carrier, known.get(kind, "other")).inc(count)

    def link_state(self, link: str, carrier: str, state: str) -> None:
        """`link` (its name within this worker) is now in `state`: as `keep_bound` reports it.

        `refused:ESME_RINVPASWD` counts as `refused`; a state outside LINK_STATES raises ValueError.
        """
        word = state.partition(":")[0]
        if word not in LINK_STATES:
            raise ValueError(f"no such link state: {word}")
        self._link_states[link] = (carrier, word)
        self._show_links(carrier)

    def link_gone(self, link: str) -> None:
        """This worker no longer keeps `link`; unknown names are fine."""
        carrier, _ = self._link_states.pop(link, (None, None))
        if carrier is not None:
            self._show_links(carrier)

    def _show_links(self, carrier: str) -> None:
        counts = Count(state for owner, state in self._link_states.values() if owner == carrier)
        for state in LINK_STATES:
            self.links.labels(carrier, state).set(counts[state])

    def _counter(self, name: str) -> Counter:
        return Counter(**self._named(name))

    def _gauge(self, name: str) -> Gauge:
        return Gauge(**self._named(name))

    def _histogram(self, name: str) -> Histogram:
        return Histogram(**self._named(name), buckets=METRICS[f"broadcast_{name}"].buckets)

    def _named(self, name: str) -> dict[str, Any]:
        """Served only where it is this process's own."""
        metric = METRICS[f"broadcast_{name}"]
        served = self._job is None or self._job in metric.of
        return {
            "name": metric.name,
            "documentation": metric.meaning,
            "labelnames": metric.labels,
            "registry": self.registry if served else None,
        }


def version() -> str:
    """Of this program; `0` where it was never installed, but runs from its sources."""
    try:
        return metadata.version("broadcast")
    except metadata.PackageNotFoundError:
        return "0"
