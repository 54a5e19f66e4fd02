"""A process's metrics with every label of every series: what a nation of so many carriers can make of them."""

from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from broadcast.monitor.catalogue import METRICS, Job
from broadcast.monitor.metrics import LINK_STATES, RECEIPT_STATES, Metrics

WORDS = {
    "state": {"broadcast_links": LINK_STATES, "broadcast_receipts_total": tuple(RECEIPT_STATES)},
    "status": ("ESME_ROK", "ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RSYSERR", "ESME_RINVDSTADR", "vendor"),
    "kind": {
        "broadcast_oddities_total": ("status", "receipt_state", "long_id"),
        "broadcast_replies_total": ("opt_out", "opt_in", "none", "other"),
    },
    "reason": {
        "broadcast_misfits_total": ("unknown", "other_number", "older", "clash"),
        "broadcast_reconnects_total": ("unbound", "silent", "lost", "broken", "ours"),
        "broadcast_paused_seconds_total": (
            "paused", "database", "no_link", "no_grant", "quiet", "first_share", "no_slices", "throttled",
            "window_full", "other",
        ),
    },
    "part": ("hot", "cold"),
    "whose": ("ours", "theirs"),
    "queue": ("ledger", "replies", "opt_outs", "recalls", "slices"),
    "worker": ("1",),
    "ledger": ("home",),
    "version": ("0",),
}  # fmt: skip


def full(job: Job, carriers: int) -> Metrics:
    """Of one process."""
    metrics = Metrics(job)
    for name, each in METRICS.items():
        made = metrics.registry._names_to_collectors.get(name)
        if not isinstance(made, Counter | Gauge | Histogram) or not each.labels:
            continue
        for words in product(*(_words(name, label, carriers) for label in each.labels)):
            made.labels(*words)
    return metrics


def _words(name: str, label: str, carriers: int) -> tuple[str, ...]:
    if label == "carrier":
        return tuple(f"carrier-{number}" for number in range(carriers))
    found = WORDS[label]
    words: tuple[str, ...] = found[name] if isinstance(found, dict) else found  # type: ignore[index]
    return words


def count(exposed: str) -> int:
    """Series, as Prometheus counts them."""
    return sum(not line.startswith("#") for line in exposed.splitlines())
