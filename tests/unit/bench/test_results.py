"""How the bench reads a histogram, compares its parts and lays out its table."""

from collections import Counter

import pytest

from broadcast.bench.growth import histogram_median
from broadcast.bench.load import Load, Measured
from broadcast.bench.results import columns, rates, ratios, rows

INF = float("inf")


def measured(rate: float, **memory: float) -> Measured:
    return Measured(1000, 1000 / rate, 2 * rate, rate, {"sender": 1.0}, {"sender": 50.0, **memory})


@pytest.mark.parametrize(
    ("cumulated", "median"),
    [
        ({0.01: 0, 0.025: 10, 0.05: 10, INF: 10}, 0.0175),
        ({0.01: 10, INF: 10}, 0.005),
        ({0.01: 2, 0.025: 4, 0.05: 12, INF: 12}, 0.03125),
        ({0.01: 1, INF: 10}, 0.01),
        ({}, None),
    ],
)
def test_the_median_of_a_histogram(cumulated: dict[float, int], median: float | None) -> None:
    found = histogram_median(Counter(cumulated))
    assert found == (None if median is None else pytest.approx(median))


def test_the_times_of_link_and_ledger_add_up() -> None:
    run = {
        "link": measured(300_000),
        "ledger": measured(150_000),
        "pipeline": measured(80_000),
        "peer": measured(4_000),
    }
    found = ratios(rates(run))
    assert found.pipeline_to_peer == pytest.approx(20)
    assert found.possible_rate == pytest.approx(100_000)
    assert found.pipeline_to_possible == pytest.approx(0.8)


def test_the_table_shows_medians_and_leaves_out_what_nobody_has() -> None:
    runs = [{"peer": measured(rate)} for rate in (1000, 3000, 2000)]
    assert columns(runs) == ["what", "unit", "aiosmpplib"]
    assert rows(runs) == [
        ["sent and accepted", "messages/s", 4000],
        ["and receipted and settled", "messages/s", 2000],
        ["CPU, sender", "s per million", 1.0],
        ["peak memory, sender", "MiB", 50.0],
    ]


def test_a_load_is_shared_among_carriers_without_rest() -> None:
    load = Load(1000, segments=3, carriers=3)
    assert [load.share(place) for place in range(3)] == [333, 333, 334]
    assert len(load.text) == 406
