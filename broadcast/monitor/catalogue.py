"""Every metric that a process of broadcast serves, as data: what is served is made of it, and so is docs/metrics.md.

Label sets are bounded: carriers, links and ledgers come from the configuration, statuses, states and reasons from small
tables (anything else folds into one word), campaigns are the newest 500 under way or of the last hour. No label ever
holds a number of a person, an SMSC's message id or a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Job = Literal["worker", "resolver", "exporter"]
Kind = Literal["counter", "gauge", "histogram", "info"]

W: Final = frozenset[Job]({"worker"})
R: Final = frozenset[Job]({"resolver"})
E: Final = frozenset[Job]({"exporter"})
WR: Final = W | R
ALL: Final = W | R | E

GROUP_ROWS: Final = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)
COMMIT_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LOOK_S: Final = (0.0025, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
LAG_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
ANSWER_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """name: whole, as it is queried; of a histogram without _bucket, _sum, _count. of: who serves it. An info is a
    gauge that is 1, whose labels are what it says."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    of: frozenset[Job]
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> Literal["counter", "gauge", "histogram"]:
        """Its TYPE on the wire."""
        return "gauge" if self.kind == "info" else self.kind


def _a(name: str, unit: str, labels: str, meaning: str, of: frozenset[Job], *buckets: float) -> Metric:
    kind: Kind = (
        "histogram"
        if buckets
        else "counter"
        if name.endswith("_total")
        else "info"
        if unit == ""
        else "gauge"
    )
    prefixed = name if name.startswith("process_") else f"broadcast_{name}"
    return Metric(prefixed, kind, unit, tuple(labels.split()), meaning, of, buckets)


_S, _AT, _SEGMENTS, _PEOPLE, _ONE = "seconds", "Unix time in seconds", "segments", "recipients", ""

_LINKS: Final = (
    _a("links", "links", "carrier state",
       "Links of this worker by state: connecting, binding, bound, backing_off, refused.", W),
    _a("window_segments", _SEGMENTS, "carrier", "Places in the windows of the bound links.", W),
    _a("in_flight_segments", _SEGMENTS, "carrier", "Submits without an answer yet.", W),
    _a("tps_granted", "segments per second", "carrier", "What this worker was granted of the carrier's TPS.", W),
    _a("tps_used", "segments per second", "carrier", "Segments in the last full second.", W),
    _a("round_trip_seconds", _S, "carrier",
       "From a submit to its answer: one submit a batch is timed.", W, *ANSWER_S),
    _a("enquire_link_seconds", _S, "carrier", "From an enquire_link of ours to its answer.", W, *ANSWER_S),
    _a("reconnects_total", "links", "carrier reason",
       "Links that had been bound and ended, by why: unbound (by the SMSC), silent, lost, broken (what it "
       "sent cannot be read), ours.", W),
    _a("paused_seconds_total", _S, "carrier reason",
       "Time lost while people waited and a slot was held: of each second the share of the grant that was not "
       "used, by what held it back: paused, database, no_link, no_grant, quiet, first_share, no_slices, "
       "throttled, window_full, other. 1 a second: nothing left.", W),
    _a("certificate_expiry_timestamp_seconds", _AT, "carrier whose",
       "When a certificate of a TLS bind ends, the first of several: ours, or theirs as it was shown last.", W),
)  # fmt: skip

_SENDING: Final = (
    _a("submitted_segments_total", _SEGMENTS, "carrier", "submit_sm that left.", W),
    _a("responses_total", "answers", "carrier status",
       "submit_sm_resp by command_status; beyond SMPP 3.4: vendor.", W),
    _a("throttled_total", _SEGMENTS, "carrier", "Refused as too fast, or because a queue is full.", W),
    _a("receipts_total", "receipts", "carrier state",
       "Delivery receipts as they came, by the state that they report.", W),
    _a("quarantined_total", "PDUs", "carrier", "deliver_sm and data_sm that could not be read, and were kept.", W),
    _a("oddities_total", "times", "carrier kind",
       "Statuses and states of receipts that the carrier's profile does not know, and ids that are too long.", W),
    _a("replies_total", "texts", "carrier kind",
       "Texts from people, read by this worker: opt_out, opt_in, none (no keyword), other.", W),
    _a("opt_outs_total", "people", "carrier", "Who was opted out by a reply, by this worker.", W),
    _a("leased_slices", "slices", "carrier", "Slices that this worker holds.", W),
)  # fmt: skip

_LEDGER: Final = (
    _a("ledger_group_rows", "rows", "", "Segments and receipts in one commit of the ledger.", W, *GROUP_ROWS),
    _a("ledger_commit_seconds", _S, "", "One commit of the ledger.", W, *COMMIT_S),
    _a("set_aside_total", "rows", "queue",
       "Texts and rows that could not be written or read: kept, and the queue went on.", W),
)  # fmt: skip

_RESOLVER: Final = (
    _a("resolve_lag_seconds", _S, "carrier", "For how long receipts wait to be settled; 0: none does.", R),
    _a("look_seconds", _S, "", "One look at one carrier's receipts.", R, *LOOK_S),
    _a("look_failures_total", "looks", "carrier", "Looks that failed, and are tried again.", R),
    _a("resolved_receipts_total", "receipts", "carrier", "Receipts for which a message was sought.", R),
    _a("misfits_total", "receipts", "carrier reason",
       "Receipts that fitted no message when they were looked at, by why: unknown, other_number, older, "
       "clash.", R),
    _a("parked_receipts", "receipts", "carrier", "Receipts that fit no message, in this resolver's memory.", R),
    _a("open_segments", _SEGMENTS, "carrier part",
       "Segments in memory that wait for receipts: hot (young), cold.", R),
    _a("book_bytes", "bytes", "carrier", "Memory of a carrier's open segments.", R),
)  # fmt: skip

_PROCESS: Final = (
    _a("loop_lag_seconds", _S, "", "How late the event loop wakes a timer.", WR, *LAG_S),
    _a("build_info", _ONE, "version", "The version that runs.", ALL),
    _a("worker_info", _ONE, "worker ledger",
       "The worker's number in its ledger; ledger: home, where there is one database.", W),
    _a("process_cpu_seconds_total", _S, "", "CPU time of the process, user and system.", ALL),
    _a("process_resident_memory_bytes", "bytes", "", "Memory of the process that is in RAM.", ALL),
    _a("process_virtual_memory_bytes", "bytes", "", "Address space of the process.", ALL),
    _a("process_start_time_seconds", _AT, "", "When the process began.", ALL),
    _a("process_open_fds", "descriptors", "", "Open file descriptors.", ALL),
    _a("process_max_fds", "descriptors", "", "How many it may open.", ALL),
)  # fmt: skip

_CAMPAIGNS: Final = (
    _a("campaign_recipients", _PEOPLE, "campaign state",
       "Recipients by state: waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable, "
       "delivered, excluded. Their sum is the audience.", E),
    _a("campaign_audience", _PEOPLE, "campaign", "The audience as it was launched.", E),
    _a("campaign_info", _ONE, "campaign state category",
       "State (running, paused, cancelled, finished) and category.", E),
    _a("campaign_launched_timestamp_seconds", _AT, "campaign", "When it was launched.", E),
    _a("campaign_expiry_timestamp_seconds", _AT, "campaign", "After which nothing of it leaves.", E),
    _a("campaign_forecast_end_timestamp_seconds", _AT, "campaign",
       "When the last is sent, at the pace of now. Absent: it does not run, or at some carrier nothing "
       "moves.", E),
    _a("campaign_audit_differences", "differences", "campaign",
       "What its last recount found. Absent: not all of it was ever recounted.", E),
    _a("campaign_audit_timestamp_seconds", _AT, "campaign", "When it was last recounted, in all its ledgers.", E),
    _a("campaign_finding", _ONE, "campaign carrier code grave",
       "What is wrong with a campaign under way, as `broadcast campaign watch` says it; carrier empty: of no"
       " one carrier. At most eight of each.", E),
)  # fmt: skip

_CARRIERS: Final = (
    _a("carrier_recipients", _PEOPLE, "carrier state", "Recipients by state, of the campaigns that are shown.", E),
    _a("carrier_tps", "segments per second", "carrier", "The carrier's TPS, as configured.", E),
    _a("carrier_handset_seconds", _S, "carrier quantile",
       "From a message's leaving us to its last receipt, of who was delivered to in the last five minutes. "
       "Absent: nobody was.", E),
    _a("carrier_handset_usual_seconds", _S, "carrier quantile", "The same of the newest campaigns that are over.", E),
    _a("carrier_unmatched_receipts", "receipts", "carrier", "Receipts that fit no message, in the database.", E),
    _a("carrier_finding", _ONE, "carrier code grave",
       "What is wrong with all that runs; carrier empty: of no one carrier.", E),
    _a("link_test_success", "0 or 1", "carrier bind",
       "Whether the bind, by its place in the configuration, could be opened when it was last tried, standby"
       " ones too.", E),
    _a("link_test_timestamp_seconds", _AT, "carrier bind", "When that was.", E),
)  # fmt: skip

_DATABASES: Final = (
    _a("workers", "workers", "ledger", "Workers that live, by the database that they belong to.", E),
    _a("worker_leases", "slices", "ledger", "Slices that they hold.", E),
    _a("database_up", "0 or 1", "ledger", "Whether the database answered the exporter the last time.", E),
    _a("database_size_bytes", "bytes", "ledger", "Size of the database.", E),
    _a("database_disk_free_bytes", "bytes", "ledger",
       "Free on the file system of its server. Absent: neither the exporter nor a worker is on its machine, and "
       "may look.", E),
    _a("database_disk_size_bytes", "bytes", "ledger", "All of that file system.", E),
    _a("database_oldest_transaction_seconds", _S, "ledger",
       "Since when the oldest transaction is open, of the sessions that this login may see (pg_monitor sees "
       "all).", E),
    _a("database_partitions", "pieces", "ledger table", "In how many pieces a table lies; 1: it is whole.", E),
)  # fmt: skip

_EXPORTER: Final = (
    _a("exporter_leads", "0 or 1", "",
       "1: this exporter serves the national figures; 0: it stands by, another one does.", E),
    _a("exporter_read_seconds", _S, "", "How long the last reading of the national figures took.", E),
    _a("exporter_read_timestamp_seconds", _AT, "", "When it was: their age.", E),
)  # fmt: skip

SECTIONS: Final[Mapping[str, tuple[Metric, ...]]] = {
    "Sending": _SENDING,
    "Links": _LINKS,
    "The ledger": _LEDGER,
    "Settling": _RESOLVER,
    "Campaigns": _CAMPAIGNS,
    "Carriers": _CARRIERS,
    "Workers and databases": _DATABASES,
    "The exporter": _EXPORTER,
    "Processes": _PROCESS,
}
METRICS: Final[Mapping[str, Metric]] = {each.name: each for section in SECTIONS.values() for each in section}
