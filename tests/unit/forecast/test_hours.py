"""When an alert may not be sent, as seconds from now."""

from datetime import UTC, datetime

import pytest

from broadcast.forecast.flow import Flow, course
from broadcast.forecast.hours import HORIZON_S, quiet_spans
from broadcast.rules.hours import LAST_S, Hours

NIGHT = Hours(("22:00-07:00",), "Asia/Ho_Chi_Minh")
EVENING = datetime(2030, 1, 1, 14, 0, tzinfo=UTC)  # 21:00 there


def test_without_quiet_hours_there_are_none() -> None:
    assert quiet_spans(Hours((), "Asia/Ho_Chi_Minh"), EVENING) == ()


def test_each_night_of_a_month() -> None:
    spans = quiet_spans(NIGHT, EVENING)
    assert spans[0] == (3600 - LAST_S, 36_000)
    assert spans[1] == (86_400 + 3600 - LAST_S, 86_400 + 36_000)
    assert spans[-1][0] < HORIZON_S <= spans[-1][1] + 86_400


def test_what_waits_for_the_morning_goes_on_in_it() -> None:
    (curve,) = course([Flow(3600.0 * 2, quiet=quiet_spans(NIGHT, EVENING))], 1)
    assert curve.end_s == pytest.approx(36_000 + 3600 + LAST_S)


def test_amid_the_night_it_begins_in_the_morning() -> None:
    (curve,) = course([Flow(10.0, quiet=quiet_spans(NIGHT, EVENING.replace(hour=18)))], 1)
    assert curve.end_s == pytest.approx(6 * 3600 + 10)
