"""Every metric says what it is, as Prometheus' conventions have it; the page says the same."""

import re
from pathlib import Path

from broadcast.monitor.catalogue import METRICS, SECTIONS, Metric
from broadcast.monitor.page import page

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
# one person, one message: nothing of the kind is a label
LABELS = {
    "bind", "campaign", "carrier", "category", "code", "grave", "kind", "ledger", "part", "quantile", "queue", "reason",
    "state", "status", "table", "version", "whose", "worker",
}  # fmt: skip


def test_the_page_is_made_of_the_catalogue() -> None:
    assert PAGE.read_text() == page(), "python -m broadcast.monitor.page > docs/metrics.md"


def test_names_are_as_prometheus_has_them() -> None:
    for name, each in METRICS.items():
        assert re.fullmatch(r"(broadcast|process)_[a-z0-9_]+", name), name
        assert name.endswith("_total") == (each.kind == "counter"), name
        assert name.endswith("_info") == (each.kind == "info") or name.endswith("_finding"), name
        assert ("Unix time" in each.unit) == ("timestamp" in name or name == "process_start_time_seconds"), (
            name
        )
        assert each.unit != "seconds" or "_seconds" in name, name
        assert each.unit != "bytes" or name.endswith("_bytes"), name
        assert (each.kind == "histogram") == bool(each.buckets), name
        assert list(each.buckets) == sorted(set(each.buckets)), name


def test_each_has_a_meaning_and_somebody_who_serves_it() -> None:
    for name, each in METRICS.items():
        assert each.meaning.endswith("."), name
        assert "|" not in each.meaning, name
        assert each.of, name
        assert set(each.labels) <= LABELS, name


def test_none_is_twice() -> None:
    every: list[Metric] = [each for section in SECTIONS.values() for each in section]
    assert len(every) == len({each.name for each in every}) == len(METRICS)
