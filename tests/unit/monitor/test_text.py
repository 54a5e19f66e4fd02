"""The text of a registry: what Prometheus' own client library writes, line by line."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from series import full

from broadcast.monitor.text import Text


def test_it_is_what_the_client_library_writes() -> None:
    for job in ("worker", "resolver"):
        registry = full(job, 3).registry  # type: ignore[arg-type]
        for _ in range(2):  # names are put together once
            ours, theirs = (
                each.decode().splitlines() for each in (Text(registry).made(), generate_latest(registry))
            )
            assert [line for line in ours if "process_" not in line] == [
                line for line in theirs if "process_" not in line
            ]


def test_values_and_names_of_any_kind() -> None:
    registry = CollectorRegistry()
    Gauge("a", 'quotes " and \\ and\nlines', ["label"], registry=registry).labels('x"\\\n').set(float("nan"))
    Counter("b", "b", registry=registry).inc(10**16)
    Histogram("c", "c", registry=registry, buckets=(0.5, 2)).observe(1)
    text = Text(registry)
    for _ in range(2):
        said = [line for line in text.made().decode().splitlines() if "_created" not in line]
        assert said == [
            line for line in generate_latest(registry).decode().splitlines() if "_created" not in line
        ]


def test_values_that_change_and_children_that_go_and_come_again() -> None:
    registry = CollectorRegistry()
    links = Gauge("links", "links", ["carrier"], registry=registry)
    waits = Histogram("waits", "waits", ["carrier"], registry=registry, buckets=(0.5, 2))
    text = Text(registry)

    def is_the_same() -> None:
        said = [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
        assert text.made().decode().splitlines() == said

    for carrier in ("viettel", "mobifone"):
        links.labels(carrier).set(2)
        waits.labels(carrier).observe(0.1)
    is_the_same()
    waits.labels("viettel").observe(1.5)
    links.labels("mobifone").set(1234567.5)
    is_the_same()
    links.remove_by_labels({"carrier": "viettel"})
    is_the_same()
    links.labels("viettel").set(9)
    waits.clear()
    is_the_same()
