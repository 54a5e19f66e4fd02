"""What one worker tells Prometheus: counters, gauges and histograms of its own registry.

Label sets are bounded: carriers come from the configuration, statuses and states from small tables (anything
else folds into one word), campaigns leave when they end (audited ones a week later). No label ever holds an
MSISDN, an SMSC's message id or a text. Counters count what *this* worker did; `recipients`, `unmatched_receipts`
and `audit_differences` are readings of the shared database, the same from every worker: take their max over workers,
not their sum. The resolver's series are of the carriers that it has, one process a carrier.

Callers count once per batch (`metrics.submitted.labels(carrier).inc(len(batch))`), never once per message.
"""

from collections import Counter as Count
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from broadcast.ids import CampaignId

RECIPIENT_STATES = ("waiting", "in_doubt", "accepted")
RECEIPT_STATES = frozenset({"intermediate", "expired", "rejected", "undeliverable", "delivered"})
LINK_STATES = ("connecting", "binding", "bound", "backing_off", "refused")

GROUP_ROWS = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000)
COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LOOK_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
LAG_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """All series of one worker; several may live in one process (tests), each with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._link_states: dict[str, tuple[str, str]] = {}
        self._carrier_series()
        self._ledger_series()
        self._resolver_series()
        self._audit_series()
        self._worker_series()
        ProcessCollector(registry=self.registry)

    def _carrier_series(self) -> None:
        self.submitted = self._counter("submitted_segments", "submit_sm written to links.", "carrier")
        self.responses = self._counter(
            "responses", "submit_sm_resp by command_status; beyond SMPP 3.4: vendor.", "carrier", "status"
        )
        self.receipts = self._counter(
            "receipts", "Delivery receipts by the state they report.", "carrier", "state"
        )
        self.throttled = self._counter("throttled", "Segments refused as too fast or queue full.", "carrier")
        self.quarantined = self._counter(
            "quarantined", "deliver_sm and data_sm kept because they could not be read.", "carrier"
        )
        self.oddities = self._counter(
            "oddities",
            "Statuses and receipt states that the carrier's profile does not know, and ids that are too long.",
            "carrier",
            "kind",
        )
        self.replies = self._counter(
            "replies", "Texts from subscribers, read by this worker, by kind of keyword.", "carrier", "kind"
        )
        self.in_flight = self._gauge("in_flight_segments", "Segments without an answer yet.", "carrier")
        self.window = self._gauge("window_segments", "Places in the windows of the bound links.", "carrier")
        self.tps_granted = self._gauge(
            "tps_granted", "Segments per second this worker was granted.", "carrier"
        )
        self.tps_used = self._gauge("tps_used", "Segments in the last full second.", "carrier")
        self.links = self._gauge("links", "Links of this worker by state.", "carrier", "state")

    def _ledger_series(self) -> None:
        self.group_rows = self._histogram(
            "ledger_group_rows", "Segments and receipts in one ledger commit.", GROUP_ROWS
        )
        self.commit_seconds = self._histogram(
            "ledger_commit_seconds", "Time of one ledger commit.", COMMIT_SECONDS
        )
        self.set_aside = self._counter(
            "set_aside",
            "Texts and rows that could not be written or read: kept, and the queue went on.",
            "queue",
        )
        self.unmatched_receipts = self._gauge(
            "unmatched_receipts", "Final receipts whose submission is not known (whole database)."
        )
        self.recipients = self._gauge(
            "recipients",
            "Recipients not yet final, of running campaigns (whole database).",
            "campaign",
            "carrier",
            "state",
        )

    def _resolver_series(self) -> None:
        self.look_seconds = self._histogram("look_seconds", "Time of one look at a carrier.", LOOK_SECONDS)
        self.look_failures = self._counter(
            "look_failures", "Looks that failed, and are tried again.", "carrier"
        )
        self.resolve_lag_seconds = self._gauge(
            "resolve_lag_seconds", "For how long receipts wait to be resolved; 0: none does.", "carrier"
        )
        self.resolved_receipts = self._counter(
            "resolved_receipts", "Receipts for which a message was sought.", "carrier"
        )
        self.misfits = self._counter(
            "misfits", "Receipts that fit no message when they were looked at, by why.", "carrier", "reason"
        )
        self.parked_receipts = self._gauge("parked_receipts", "Receipts that fit no message.", "carrier")
        self.open_segments = self._gauge(
            "open_segments", "Segments in memory that wait for receipts.", "carrier", "part"
        )
        self.book_octets = self._gauge("book_octets", "Memory of a carrier's open segments.", "carrier")

    def drop_resolved(self, carrier: str) -> None:
        """Another process resolves the carrier: what this one knows of it leaves."""
        for gauge in (self.resolve_lag_seconds, self.parked_receipts, self.open_segments, self.book_octets):
            gauge.remove_by_labels({"carrier": carrier})

    def _audit_series(self) -> None:
        self.audit_differences = self._gauge(
            "audit_differences",
            "What the last audit of a campaign found, of those audited of late or not balanced (whole database).",
            "campaign",
        )
        self.audit_timestamp_seconds = self._gauge(
            "audit_timestamp_seconds",
            "When this worker last recounted a campaign, in Unix time; 0: it did not.",
        )

    def audits(self, differences: Mapping[int, int]) -> None:
        """Show the last audits: campaign -> differences; other campaigns' series leave."""
        self.audit_differences.clear()
        for campaign_id, count in differences.items():
            self.audit_differences.labels(str(campaign_id)).set(count)

    def _worker_series(self) -> None:
        self.loop_lag_seconds = self._histogram(
            "loop_lag_seconds", "How late the event loop wakes a timer.", LAG_SECONDS
        )

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

    def campaign(self, campaign_id: CampaignId, carrier: str, counts: Mapping[str, int]) -> None:
        """Show a running campaign's tally at one carrier. counts: state -> recipients (RECIPIENT_STATES)."""
        for state in RECIPIENT_STATES:
            self.recipients.labels(str(campaign_id), carrier, state).set(counts.get(state, 0))

    def drop_campaign(self, campaign_id: CampaignId) -> None:
        """The campaign ended: its series leave."""
        self.recipients.remove_by_labels({"campaign": str(campaign_id)})

    def _counter(self, name: str, purpose: str, *labels: str) -> Counter:
        return Counter(name, purpose, labels, namespace="broadcast", registry=self.registry)

    def _gauge(self, name: str, purpose: str, *labels: str) -> Gauge:
        return Gauge(name, purpose, labels, namespace="broadcast", registry=self.registry)

    def _histogram(self, name: str, purpose: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, purpose, namespace="broadcast", registry=self.registry, buckets=buckets)
