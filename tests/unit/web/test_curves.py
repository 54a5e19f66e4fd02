"""Curves and stops of an alert as a board sees them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broadcast.diagnosis.finding import Code, Finding
from broadcast.web.curves import Stops, joined, of_people, ordered, seen
from broadcast.web.document import CURVE_MOST, Pause, Point

START = datetime(2026, 11, 30, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def stop(code: Code, carrier: str = "") -> Finding:
    return Finding(code, carrier, False, "said", "")


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=2000))
def test_a_curve_is_bounded_in_order_and_ends_with_what_is(steps: list[tuple[int, int]]) -> None:
    curve: tuple[Point, ...] = ()
    sent = delivered = 0
    for second, (more, there) in enumerate(steps):
        sent, delivered = sent + more, delivered + there
        curve = seen(curve, Point(at(second), sent, delivered))
        assert curve[-1] == Point(at(second), sent, delivered)
    assert len(curve) <= CURVE_MOST
    assert list(curve) == sorted(curve, key=lambda each: (each.at, each.sent, each.delivered))
    if curve:
        assert curve[0].at == START


def test_what_does_not_change_takes_two_points() -> None:
    curve: tuple[Point, ...] = ()
    for second in range(500):
        curve = seen(curve, Point(at(second), 5, 3))
    assert curve == (Point(at(0), 5, 3), Point(at(499), 5, 3))


def test_what_was_read_of_some_stands_before_what_was_seen_and_never_above() -> None:
    before = of_people({0: 5, 1: 5}, {1: 8}, START, 10.0, 10.0)
    assert before == (Point(at(0), 0, 0), Point(at(10), 50, 0), Point(at(20), 100, 80))
    after = (Point(at(15), 60, 20), Point(at(30), 90, 50))
    assert joined(before, after) == (Point(at(0), 0, 0), Point(at(10), 50, 0), *after)
    assert joined(before, ()) == before
    assert joined(before, (Point(at(25), 40, 10),))[1:] == (
        Point(at(10), 40, 0), Point(at(20), 40, 10), Point(at(25), 40, 10)
    )  # fmt: skip


def test_people_pause_and_resume() -> None:
    said = [(at(5), "paused"), (at(9), "resumed"), (at(20), "paused")]
    assert ordered(said, START) == (Pause(at(5), at(9), "paused"), Pause(at(20), None, "paused"))
    assert ordered([], START) == ()


def test_a_first_share_goes_ahead_and_then_asks() -> None:
    said = [(at(30), "first share asks"), (at(50), "resumed")]
    assert ordered(said, START) == (
        Pause(START, at(30), "first_share"),
        Pause(at(30), at(50), "first_share_asks"),
    )
    assert ordered([(at(30), "first share passed")], START) == (Pause(START, at(30), "first_share"),)


def test_a_stop_is_seen_to_begin_and_to_end() -> None:
    stops = Stops()
    stops.look(at(0), [])
    stops.look(at(1), [stop(Code.BINDS_DOWN, "viettel"), stop(Code.SLOW, "mobifone")])
    stops.look(at(2), [stop(Code.BINDS_DOWN, "viettel"), stop(Code.QUIET)])
    assert stops.all == (Pause(at(1), None, "binds_down", "viettel"), Pause(at(2), None, "quiet"))
    stops.look(at(3), [])
    assert stops.all == (Pause(at(1), at(3), "binds_down", "viettel"), Pause(at(2), at(3), "quiet"))


def test_one_that_flickers_is_one() -> None:
    stops = Stops()
    for second in range(0, 20, 2):
        stops.look(at(second), [stop(Code.NO_WORKER)])
        stops.look(at(second + 1), [])
    assert stops.all == (Pause(at(0), at(19), "no_worker"),)
    stops.look(at(60), [stop(Code.NO_WORKER)])
    assert stops.all == (Pause(at(0), at(19), "no_worker"), Pause(at(60), None, "no_worker"))
