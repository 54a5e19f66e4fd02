"""Quiet hours against a brute force that asks the clock on the wall, minute by minute."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from broadcast.config.contact import DAY_MIN, quiet_minutes
from broadcast.rules.hours import LAST_S, Hours

NIGHT = ("22:00-07:00",)
# Vietnam has no summer time; Lord Howe's is half an hour, Apia once left a day out, Nuuk's changes lie before midnight.
ZONES = (
    "Asia/Ho_Chi_Minh",
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Nuuk",
)
# around the changes of clocks of 2011 (Apia's date line) and 2024 to 2026, and any time
CHANGES = tuple(
    datetime(*day, tzinfo=UTC).timestamp()
    for day in ((2011, 12, 29), (2024, 3, 30), (2025, 10, 25), (2026, 3, 8), (2026, 4, 4), (2026, 11, 1))
)
clock = st.integers(0, DAY_MIN - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
spans = st.lists(
    st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]).map("-".join), min_size=1, max_size=3
).map(tuple)
moment = st.one_of(
    st.tuples(st.sampled_from(CHANGES), st.integers(-2880, 2880)).map(lambda each: each[0] + 60.0 * each[1]),
    st.integers(1_700_000_000, 1_900_000_000).map(lambda at: at // 60 * 60.0),
)


def shown(at: float, zone: str) -> int:
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    return 60 * local.hour + local.minute


def seconds_between(hours: Hours, start: float, end: float) -> float:
    """Of sending between two moments: what `after` must agree with."""
    if not hours.quiet:
        return max(0.0, end - start)
    whole, at = 0.0, start
    while at < end:
        found = hours.opening(at)
        whole += max(0.0, min(end, found.closes) - max(at, found.opens))
        at = found.closes
    return whole


@given(spans, st.sampled_from(ZONES), moment)
@example(("01:30-02:30",), "Europe/Lisbon", datetime(2025, 10, 26, 0, 0, tzinfo=UTC).timestamp())
@example(("01:10-01:50",), "Europe/Lisbon", datetime(2024, 3, 31, 0, 30, tzinfo=UTC).timestamp())
@example(("00:00-23:59",), "Pacific/Apia", datetime(2011, 12, 30, 9, 0, tzinfo=UTC).timestamp())
@example(NIGHT, "America/Nuuk", datetime(2026, 3, 28, 20, 0, tzinfo=UTC).timestamp())
def test_next_is_the_first_minute_that_the_wall_clock_allows(
    quiet: tuple[str, ...], zone: str, at: float
) -> None:
    minutes = quiet_minutes(quiet)
    assume(len(minutes) < DAY_MIN)
    hours = Hours(quiet, zone)
    assert hours.allowed(at) is (shown(at, zone) not in minutes)
    wanted = at
    while shown(wanted, zone) in minutes:
        wanted += 60
    assert hours.next_allowed(at) == wanted


@given(spans, st.sampled_from(ZONES), moment)
def test_an_opening_is_allowed_all_through_and_as_long_as_may_be(
    quiet: tuple[str, ...], zone: str, at: float
) -> None:
    minutes = quiet_minutes(quiet)
    assume(len(minutes) < DAY_MIN)
    hours = Hours(quiet, zone)
    found = hours.opening(at)
    assert found.closes > at
    assert found.opens < found.closes <= found.quiet
    assert not hours.allowed(found.opens - 60)
    assert found.quiet - found.closes == min(LAST_S, (found.quiet - found.opens) / 2)
    asked = found.opens
    while asked < found.quiet:
        assert hours.allowed(asked), datetime.fromtimestamp(asked, UTC)
        asked += 60
    assert not hours.allowed(found.quiet)
    assert hours.may_leave(at) is (found.opens <= at)


@given(spans, st.sampled_from(ZONES), moment, st.integers(0, 3 * 86400))
def test_seconds_of_sending_and_the_moment_after_them_agree(
    quiet: tuple[str, ...], zone: str, at: float, seconds: int
) -> None:
    assume(len(quiet_minutes(quiet)) < DAY_MIN - 30)
    hours = Hours(quiet, zone)
    end = hours.after(at, seconds)
    assert seconds_between(hours, at, end) == pytest.approx(seconds, abs=1e-3)
    assert hours.next_allowed(end - 0.001) <= end


def test_a_night_over_midnight() -> None:
    hours = Hours(NIGHT, "Asia/Ho_Chi_Minh")
    evening = datetime(2026, 11, 29, 21, 54, 59, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()
    assert hours.may_leave(evening)
    assert not hours.may_leave(evening + 1)  # what leaves now would arrive in the night
    assert hours.allowed(evening + 1)
    morning = hours.opening(evening + 1).opens
    assert datetime.fromtimestamp(morning, UTC) == datetime(2026, 11, 30, 0, 0, tzinfo=UTC)


def test_no_quiet_hours_are_no_hours_to_wait_for() -> None:
    hours = Hours((), "Asia/Ho_Chi_Minh")
    found = hours.opening(0.0)
    assert (found.opens, found.closes, found.quiet) == (-math.inf, math.inf, math.inf)
    assert hours.after(5.0, 1e12) == 5.0 + 1e12
    assert seconds_between(hours, 9.0, 5.0) == 0.0
