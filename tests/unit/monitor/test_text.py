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
