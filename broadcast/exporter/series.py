"""The nation as series of the catalogue, written as Prometheus reads them. Pure.

By hand and not by the client library, which takes 110 ms of the loop for what 500 campaigns are and this takes 15.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from broadcast.diagnosis.finding import Finding
from broadcast.monitor.catalogue import METRICS
from broadcast.monitor.text import escaped, head
from broadcast.reports.nation import CampaignNow, CarrierNow, LedgerNow, Nation
from broadcast.store.databases import DatabaseFigures

FINDINGS_MOST: Final = 8  # of a campaign: the number of series is bounded

AT_ONCE: Final = 1000  # samples that are written before others have their turn

Sample = tuple[str, tuple[str, ...], float]
"""Name without broadcast_, the labels' values in the order of the catalogue, value."""


def of_nation(nation: Nation) -> Iterator[Sample]:
    """Everything but what is of the exporter itself, and whether databases are up."""
    for campaign in nation.campaigns:
        yield from _of_campaign(campaign)
    for carrier in nation.carriers:
        yield from _of_carrier(carrier)
    yield from (("carrier_finding", each, 1) for each in _findings(nation.findings))
    for ledger in nation.ledgers:
        yield from _of_ledger(ledger)


def text(samples: Iterable[Sample]) -> str:
    """With HELP and TYPE of each. Raises ValueError where labels are not as many as the catalogue has."""
    return "".join(parts(samples))


def parts(samples: Iterable[Sample]) -> Iterator[str]:
    """The same piece by piece, so that others have their turn between two: empty ones, while samples are sorted."""
    by_name: dict[str, list[str]] = {}
    patterns: dict[str, str] = {}
    for number, (name, labels, value) in enumerate(samples):
        if name not in by_name:
            by_name[name], patterns[name] = [], _pattern(name)
        if len(labels) != len(METRICS[f"broadcast_{name}"].labels):
            raise ValueError(f"{name} has other labels than {labels}")
        by_name[name].append(patterns[name] % (*map(escaped, labels), _number(value)))
        if number % AT_ONCE == 0:
            yield ""
    for name, lines in by_name.items():
        yield _head(name) + "".join(lines)


def _head(name: str) -> str:
    metric = METRICS[f"broadcast_{name}"]
    return head(metric.name, metric.exposed, metric.meaning)


def _of_campaign(each: CampaignNow) -> Iterator[Sample]:
    name = (each.name,)
    yield "campaign_audience", name, each.audience
    yield "campaign_info", (each.name, each.state, each.category), 1
    if each.whole:  # people of a ledger that was never heard would look as if they had been sent to
        for state, recipients in each.states.items():
            yield "campaign_recipients", (each.name, state), recipients
    yield "campaign_launched_timestamp_seconds", name, each.launched_at.timestamp()
    yield "campaign_expiry_timestamp_seconds", name, each.expires_at.timestamp()
    yield from _moment("campaign_forecast_end_timestamp_seconds", name, each.forecast_end_at)
    if each.audited is not None:
        yield "campaign_audit_differences", name, each.audited.differences
        yield "campaign_audit_timestamp_seconds", name, each.audited.at.timestamp()
    for labels in _most_of(list(_findings(each.findings))):
        yield "campaign_finding", (each.name, *labels), 1


def _most_of(findings: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The first of each code before a second one: alarms go by codes, and trouble may be at every carrier."""
    firsts = {labels[1]: labels for labels in reversed(findings)}
    return sorted(findings, key=lambda labels: firsts[labels[1]] != labels)[:FINDINGS_MOST]


def _of_carrier(each: CarrierNow) -> Iterator[Sample]:
    name = (each.name,)
    yield "carrier_tps", name, each.tps
    yield "carrier_unmatched_receipts", name, each.unmatched
    for state, recipients in each.states.items():
        yield "carrier_recipients", (each.name, state), recipients
    for share, seconds in each.handset_s.items():
        yield "carrier_handset_seconds", (each.name, str(share)), seconds
    for share, seconds in each.usual_handset_s.items():
        yield "carrier_handset_usual_seconds", (each.name, str(share)), seconds
    for tried in each.links_tried:
        yield "link_test_success", (each.name, str(tried.bind)), tried.ok
        yield "link_test_timestamp_seconds", (each.name, str(tried.bind)), tried.at.timestamp()
    yield from (("carrier_finding", labels, 1) for labels in _findings(each.findings))


def _of_ledger(each: LedgerNow) -> Iterator[Sample]:
    if each.ledger:  # a home that is none has no worker, and needs none
        yield "workers", (each.name,), each.workers
        yield "worker_leases", (each.name,), each.leases
    if each.database is not None:
        yield from _of_database(each.name, each.database)


def _of_database(name: str, found: DatabaseFigures) -> Iterator[Sample]:
    yield "database_size_bytes", (name,), found.size
    yield "database_oldest_transaction_seconds", (name,), found.oldest_transaction_s
    if found.disk_free is not None and found.disk_size is not None:
        yield "database_disk_free_bytes", (name,), found.disk_free
        yield "database_disk_size_bytes", (name,), found.disk_size
    for table, pieces in found.partitions.items():
        yield "database_partitions", (name, table), pieces


def _findings(found: Iterable[Finding]) -> Iterator[tuple[str, str, str]]:
    """carrier, code, grave; each once."""
    yield from dict.fromkeys((each.carrier, each.code.value, str(each.grave).lower()) for each in found)


def _moment(name: str, labels: tuple[str, ...], at: datetime | None) -> Iterator[Sample]:
    if at is not None:
        yield name, labels, at.timestamp()


def _pattern(name: str) -> str:
    metric = METRICS[f"broadcast_{name}"]
    labels = ",".join(f'{each}="%s"' for each in metric.labels)
    return f"{metric.name}{{{labels}}} %s\n" if labels else f"{metric.name} %s\n"


def _number(value: float) -> str:
    """Whole ones to the unit, however large."""
    return str(int(value)) if value == int(value) else repr(value)
