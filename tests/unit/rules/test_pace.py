"""What a hotline can take: exact over every hour, whenever it begins, and nobody waits longer than that asks."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.rules.hours import Hours
from broadcast.rules.pace import Pace, people_per_hour, shares, slice_people, spread

HOUR = 3600.0
START = datetime(2026, 10, 24, 20, 30, tzinfo=UTC).timestamp()  # the night in which Lisbon's clocks go back
NIGHT = Hours(("22:00-07:00",), "Europe/Lisbon")
ALWAYS = Hours((), "UTC")


def seconds_for(people: int, pace: Pace) -> float:
    """Of allowed time until the last of them is let go, if the first is at once."""
    return max(0, -(-people // pace.slot_people) - 1) * pace.slot_s


@given(
    st.integers(1, 5000),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 40)), min_size=1, max_size=200),
    st.sampled_from([NIGHT, ALWAYS]),
)
def test_no_hour_has_more_and_none_before_they_may(
    hourly: int, slices: list[tuple[float, float]], hours: Hours
) -> None:
    pace = Pace(hourly, slice_people(1, hourly))
    totals = [max(1, round(part * pace.slice_people)) for part, _ in slices]
    earliest = [START + HOUR * later for _, later in slices]
    found = spread(totals, earliest, pace, hours, START)
    for at, least in zip(found, earliest, strict=True):
        assert at >= least
        assert hours.may_leave(at)
    for first in found:
        assert (
            sum(total for at, total in zip(found, totals, strict=True) if first <= at < first + HOUR)
            <= hourly
        )


@given(st.integers(60, 5000), st.integers(1, 300))
def test_it_is_as_fast_as_the_slots_allow(hourly: int, count: int) -> None:
    pace = Pace(hourly, slice_people(1, hourly))
    found = spread([pace.slice_people] * count, [START] * count, pace, ALWAYS, START)
    assert max(found) - START == pytest.approx(seconds_for(count * pace.slice_people, pace))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.integers(6, 10**6))
def test_ledgers_share_it(people: list[int], hourly: int) -> None:
    most, found = shares(people, hourly)
    assert sum(found) <= hourly
    assert min(found) >= most >= 1
    assert most == slice_people(len(people), hourly)


def test_fewer_than_ledgers_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer"):
        shares([5, 5, 5], 2)


def test_callers_are_a_share_of_who_is_told() -> None:
    assert people_per_hour(200, 0.02) == 10_000
    assert people_per_hour(1, 0.07) == 14
    assert people_per_hour(1, 1.0) == 1
