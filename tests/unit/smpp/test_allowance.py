"""A link reads what honest SMSCs say without a rest, and rests for what is above that (law 8)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.smpp.allowance import OCTETS_PER_ANSWER, REST_MOST_S, Allowance

RECEIPT_OCTETS = 190


def test_receipts_and_answers_at_twice_the_tps_never_rest() -> None:
    for tps in (1, 10, 500, 20_000):
        allowance = Allowance(tps)
        for tick in range(100):
            answers, receipts = 2 * tps // 10 + 1, 2 * tps // 10 + 1
            octets = answers * 33 + receipts * RECEIPT_OCTETS
            assert allowance.take(receipts, octets, answers, tick / 10) == 0.0


def test_a_second_of_it_may_come_at_once_then_it_rests_for_what_was_too_much() -> None:
    allowance = Allowance(500)
    assert allowance.units_per_s == 4000
    assert allowance.take(4000, 0, 0, 100.0) == 0.0
    assert allowance.take(400, 0, 0, 100.0) == pytest.approx(0.1)
    assert allowance.take(400, 0, 0, 100.1) == pytest.approx(0.1)
    assert allowance.take(3, 0, 0, 200.0) == 0.0


def test_octets_count_and_so_does_an_empty_read() -> None:
    allowance = Allowance(500)
    assert allowance.take(1, 256 * 4400, 0, 0.0) == pytest.approx(0.1, abs=0.001)
    drip = Allowance(500)
    rests = [drip.take(0, 1, 0, 0.0) for _ in range(4400)]
    assert rests[-1] == pytest.approx(0.1)


def test_answers_are_free() -> None:
    allowance = Allowance(1)
    assert allowance.take(0, OCTETS_PER_ANSWER * 1_000_000, 1_000_000, 0.0) == 0.0


def test_trifles_are_read_at_a_rate_of_their_own_whatever_the_tps() -> None:
    """Quirk 55, regression: 10,000 enquire_links a second, for half a percent of a core, left a carrier 3 answers."""
    for tps in (1, 20_000):
        allowance = Allowance(tps)
        for tick in range(1000):
            assert allowance.take(0, 16 * 400, 0, tick / 100, trifles=400) == 0.0
        allowance = Allowance(tps)
        assert allowance.take(0, 64 * 50_000, 0, 0.0, trifles=50_000) == pytest.approx(0.0)
        assert allowance.take(0, 64 * 5_000, 0, 0.0, trifles=5_000) == pytest.approx(0.1)


@settings(derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 262_144), st.floats(0, 3)), max_size=30))
def test_never_more_than_its_allowance_and_never_a_long_rest(reads: list[tuple[int, int, float]]) -> None:
    """However the reads fall, a link that rests as it is told reads at most its rate and two reads more."""
    allowance, now, read = Allowance(100), 0.0, 0
    most = 0
    for unasked, octets, pause_s in reads:
        now += pause_s
        rest_s = allowance.take(unasked, octets, 0, now)
        assert 0.0 <= rest_s <= REST_MOST_S
        units = unasked + octets // 256
        most = max(most, units)
        read += units
        now += rest_s
        if rest_s < REST_MOST_S:
            assert read <= allowance.units_per_s * (now + 1) + 1
