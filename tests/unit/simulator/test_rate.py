"""What certainly arrived within a second."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.simulator.rate import SlidingSecond


def test_an_even_stream() -> None:
    rate = SlidingSecond()
    for step in range(300):
        now = step / 64
        rate.add(now, now, 5)
    assert rate.highest == 320  # 64 reads in any second


def test_a_burst_at_the_edge_of_two_seconds_is_seen() -> None:
    rate = SlidingSecond()
    rate.add(0.75, 0.75, 100)
    rate.add(1.25, 1.25, 100)
    assert rate.highest == 200
    assert rate.count(1.74) == 200
    assert rate.count(1.75) == 100
    assert rate.count(2.25) == 0


def test_a_late_read_accuses_nobody() -> None:
    """100 a second, read at 0.0 .. 0.9, then nothing until 1.3: what is found there came since 0.9."""
    rate = SlidingSecond()
    for step in range(1, 10):
        rate.add((step - 1) / 10, step / 10, 10)
    rate.add(0.9, 1.3, 40)
    rate.add(1.3, 1.4, 10)
    assert rate.highest <= 100


def test_older_than_a_second_counts_for_nothing() -> None:
    rate = SlidingSecond()
    rate.add(0.0, 1.0, 50)
    assert (rate.highest, rate.count(1.0)) == (0, 0)


_READS = st.lists(
    st.tuples(st.floats(0, 0.4), st.floats(0, 0.3), st.integers(1, 50)), min_size=1, max_size=40
)


@settings(deadline=None)
@given(_READS)
def test_as_a_plain_count_over_all_reads(steps: list[tuple[float, float, int]]) -> None:
    rate = SlidingSecond()
    reads: list[tuple[float, float, int]] = []
    highest, now = 0, 10.0
    for step, lateness, arrived in steps:
        now += step
        reads.append((now - lateness, now, arrived))
        rate.add(now - lateness, now, arrived)
        within = sum(count for since, _, count in reads if since > now - 1.0)
        assert rate.count(now) == within
        highest = max(highest, within)
    assert rate.highest == highest
