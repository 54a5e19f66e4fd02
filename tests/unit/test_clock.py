"""Clocks that nobody sets."""

import time
from datetime import UTC, datetime

import pytest

from broadcast import clock
from broadcast.clock import DayTime, lease_time


def test_leases_go_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLOCK_BOOTTIME does, CLOCK_MONOTONIC does not (clock_gettime(2))."""
    monkeypatch.setattr(time, "clock_gettime", lambda which: f"clock {which}")
    assert lease_time() == f"clock {getattr(time, 'CLOCK_BOOTTIME', time.CLOCK_MONOTONIC)}"


@pytest.mark.parametrize("leap_s", [3600.0, -3600.0])
def test_the_day_is_the_databases(monkeypatch: pytest.MonkeyPatch, leap_s: float) -> None:
    now = 50.0
    monkeypatch.setattr(clock, "lease_time", lambda: now)
    day = DayTime(datetime.fromtimestamp(1_800_000_000, UTC), 49.5)
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + leap_s)
    assert day.now() == 1_800_000_000.5
    now = 60.0
    assert day.now() == 1_800_000_010.5
    day.told(datetime.fromtimestamp(1_900_000_000, UTC), 60.0)
    assert day.now() == 1_900_000_000.0


@pytest.mark.parametrize(
    ("other", "ahead_s"),
    [(90.0, 10.0), (99.9, 0.1), (100.0, 0.0), (101.0, 0.0), (102.0, 0.0), (102.5, -0.5), (110.0, -8.0)],
)
def test_beside_another_clock(other: float, ahead_s: float) -> None:
    """It said so at some moment of these two seconds: what they may explain is no difference."""
    day = DayTime(datetime.fromtimestamp(100, UTC), 50.0)
    found = day.ahead_s(datetime.fromtimestamp(other, UTC), asked=50.0, answered=52.0)
    assert found == pytest.approx(ahead_s)


def test_an_answer_that_takes_long_tells_no_more_than_one_that_came_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the clocks of two workers would differ by as much as a bad network delays, and a receipt that one gets soon
    would be older than what the other has sent, and for nobody."""
    now = 50.0
    monkeypatch.setattr(clock, "lease_time", lambda: now)
    day = DayTime(datetime.fromtimestamp(1_800_000_000, UTC), 50.0)
    now = 53.0
    day.told(datetime.fromtimestamp(1_800_000_003, UTC), 51.0)  # 2 s on its way there, and back at once
    assert day.now() == 1_800_000_003.0
    now = 58.0
    day.told(datetime.fromtimestamp(1_800_000_008, UTC), 57.9)
    assert day.now() == 1_800_000_008.0
    now = 60.0
    day.told(datetime.fromtimestamp(1_800_000_009, UTC), 59.5)  # another server, whose clock is behind
    assert day.now() == 1_800_000_009.5


def test_without_a_database_it_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "machine_time", lambda: datetime.fromtimestamp(1_800_000_000, UTC))
    monkeypatch.setattr(clock, "lease_time", lambda: 50.0)
    assert DayTime.of_this_machine().now() == 1_800_000_000.0
