"""The curve: what is drawn of an alert, its pauses and their reasons."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.web.documents import NOON, campaign, pause

from broadcast.web.board import with_times
from broadcast.web.curve import BOTTOM, LEFT, PAUSES_MOST, POINTS_MOST, RIGHT, TOP, WIDTH, Curve, curve
from broadcast.web.shown import sent_to


def drawn(**more: Any) -> Curve:
    said = with_times(campaign(**more))
    found = curve(said, NOON, sent_to(said["states"]))
    assert found
    return found


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in line.split())]


def test_it_ends_at_the_figures() -> None:
    found = drawn(forecast_end_at=None)
    x, y = points(found.delivered)[-1]
    assert (x, y) == (RIGHT, pytest.approx(BOTTOM - 0.6 * (BOTTOM - TOP), abs=0.1))
    assert found.forecast == "" and found.now == RIGHT


def test_a_forecast_runs_on_to_everybody() -> None:
    found = drawn()
    assert points(found.forecast)[-1] == (RIGHT, TOP)
    assert LEFT < found.now < RIGHT
    assert drawn(forecast_end_at=(NOON + timedelta(days=3)).isoformat()).forecast == ""


def test_the_expiry_stands_where_it_comes_before_the_end() -> None:
    assert drawn().expiry is None
    found = drawn(expires_at=(NOON + timedelta(minutes=4)).isoformat())
    assert found.expiry is not None and found.now < found.expiry < RIGHT


def test_nothing_is_drawn_before_something_is_sent() -> None:
    said = with_times(campaign(curve=[]))
    assert curve(said, NOON, 5) is None
    assert curve(with_times(campaign()), NOON, 0) is None


def test_pauses_have_their_reasons_with_the_carrier() -> None:
    found = drawn(
        pauses=[
            pause(3, 5, "first_share"),
            pause(9, 12, "binds_down", "viettel"),
            pause(18, None, "new_code"),
        ]
    )
    assert [each.words for each in found.bands] == ["first share goes ahead", "viettel: no link", "new code"]
    assert [each.number for each in found.bands] == [1, 2, 3]
    assert found.bands[2].until is None
    assert found.bands[2].x + found.bands[2].width == pytest.approx(found.now, abs=0.2)


SPANS = st.tuples(st.floats(0, 19), st.floats(0.01, 10), st.sampled_from(["paused", "quiet", "no_worker"]))


@given(st.lists(SPANS, max_size=30))
def test_reasons_never_meet_and_nothing_is_lost(spans: list[tuple[float, float, str]]) -> None:
    stops = [pause(begin, min(20.0, begin + length), reason) for begin, length, reason in spans]
    found = drawn(pauses=stops)
    assert len(found.bands) + found.more == len(spans)
    assert len(found.bands) <= PAUSES_MOST
    rows: dict[float, float] = {}
    for each in found.bands:
        assert LEFT <= each.x <= each.x + each.width <= RIGHT + 2
        if each.row is not None:
            assert each.x >= rows.get(each.row, 0)
            rows[each.row] = each.x + len(each.words) * 6
            assert rows[each.row] <= WIDTH


@given(st.integers(1, 100_000))
def test_ticks_are_few_whatever_the_span(minutes: int) -> None:
    launched = NOON - timedelta(minutes=minutes)
    found = drawn(launched_at=launched.isoformat(), forecast_end_at=None)
    assert len(found.ticks) <= 8
    assert [each.x for each in found.ticks] == sorted(each.x for each in found.ticks)


def test_many_points_are_thinned_and_the_last_stays() -> None:
    many = [
        {"at": (NOON - timedelta(seconds=1200 - at)).isoformat(), "sent": at, "delivered": at}
        for at in range(1201)
    ]
    found = drawn(curve=many, forecast_end_at=None)
    assert len(points(found.sent)) <= POINTS_MOST + 1
    assert points(found.sent)[-1][0] == RIGHT
