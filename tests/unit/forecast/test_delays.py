"""How soon messages are there: few numbers for many, and what they say of an alert to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.forecast.curve import Curve, moment
from broadcast.forecast.delays import ENOUGH, LONGEST_S, Arrivals, Delays, of_seconds, together

SECONDS = st.dictionaries(st.integers(0, LONGEST_S + 5), st.integers(1, 1000), max_size=20)


@given(SECONDS)
def test_nobody_is_lost_and_none_said_to_be_slower(seconds: dict[int, int]) -> None:
    found = of_seconds(sum(seconds.values()) + 7, seconds)
    assert found.delivered == sum(seconds.values())
    for edge in found.within:
        assert edge <= max(seconds)
    assert Delays.read(found.known, found.document()) == found


def test_of_hours_it_is_told_roughly_of_seconds_exactly() -> None:
    soon, later, late = of_seconds(3, {3: 1, 19: 1, 7000: 1}).within
    assert (soon, later) == (3, 19)
    assert 0.89 * 7000 < late <= 7000


def test_the_newest_campaigns_say_how_it_is() -> None:
    new, old = Delays(ENOUGH, {1: ENOUGH}), Delays(10, {9: 10})
    assert together([new, old]) == new
    assert together([old, new]) == Delays(ENOUGH + 10, {1: ENOUGH, 9: 10})


def test_nothing_is_known_of_nobody() -> None:
    assert Delays().reach is None
    assert of_seconds(4, {0: 3}).reach == 0.75


@given(
    st.dictionaries(st.integers(0, 100), st.integers(1, 50), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 500)), min_size=1, max_size=5),
)
def test_arrivals_are_what_a_plain_sum_says(seconds: dict[int, int], steps: list[tuple[int, int]]) -> None:
    points, at_s, amount = [(0.0, 0.0)], 0.0, 0.0
    for width, more in steps:
        at_s, amount = at_s + width, amount + more
        points.append((at_s, amount))
    delays = of_seconds(sum(seconds.values()) * 2, seconds)
    arrivals = Arrivals.of(Curve.through(points), delays)
    assert arrivals.whole == pytest.approx(amount / 2)
    for second in (1.0, 5.5, 20.0, 60.0):
        plain = 0.0
        for start, share, end in zip(arrivals.starts, arrivals.shares, arrivals.ends, strict=True):
            inside = np.linspace(start, end, 2001)
            middles = (inside[1:] + inside[:-1]) / 2
            plain += share * float(np.mean(Curve.through(points).by(second - middles)))
        assert arrivals.by(second) == pytest.approx(plain, rel=1e-3, abs=1e-3 * amount)


def test_nothing_had_arrived_before_the_first_receipt() -> None:
    arrivals = Arrivals.of(Curve.through([(0, 0), (10, 100)]), Delays(100, {5: 100}))
    assert arrivals.by(5) == 0
    assert arrivals.by(16) == pytest.approx(100)
    assert moment(arrivals.by, 50, arrivals.end_s) == pytest.approx(10.5)
