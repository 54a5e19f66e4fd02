"""The pace: never more than the grant in any second, and hardly less."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.engine.pacing import WINDOW_S, Pacer


def granted(tps: int, now: float = 0.0) -> tuple[Pacer, float]:
    """A pacer whose grant is in force, and the time from which it is."""
    pacer = Pacer()
    pacer.set_grant(tps, now)
    return pacer, now + WINDOW_S


def run(pacer: Pacer, start: float, steps: list[float]) -> list[tuple[float, int]]:
    """Send all that is allowed, after each step of time."""
    sent = []
    now = start
    for step in steps:
        now += step
        count = pacer.allowance(now)
        if count:
            pacer.take(count, now)
            sent.append((now, count))
    return sent


def most_in_a_second(sent: list[tuple[float, int]]) -> int:
    best = total = 0
    first = 0
    for at, count in sent:
        total += count
        while sent[first][0] <= at - 1.0:
            total -= sent[first][1]
            first += 1
        best = max(best, total)
    return best


@given(
    tps=st.integers(1, 20_000),
    steps=st.lists(st.floats(0.0005, 0.3), min_size=50, max_size=600),
)
@settings(deadline=None, max_examples=100)
def test_never_more_than_the_grant_in_any_second(tps: int, steps: list[float]) -> None:
    pacer, start = granted(tps)
    assert most_in_a_second(run(pacer, start, steps)) <= tps


@pytest.mark.parametrize(
    ("tps", "step"), [(100, 0.001), (33, 0.0013), (5_000, 0.002), (20_000, 0.004), (7, 0.01)]
)
def test_at_least_98_percent_when_timers_are_a_little_late(tps: int, step: float) -> None:
    pacer, start = granted(tps)
    sent = run(pacer, start, list(itertools.repeat(step, int(10 / step))))
    assert sum(count for _, count in sent) >= 0.98 * tps * 10


def test_no_burst_at_the_start() -> None:
    pacer, start = granted(1000)
    assert pacer.allowance(start) <= 20


def test_a_higher_grant_waits_a_window_a_lower_one_does_not() -> None:
    pacer, now = granted(100)
    pacer.allowance(now)
    assert pacer.grant == 100
    pacer.set_grant(200, now)
    pacer.allowance(now + WINDOW_S / 2)
    assert pacer.grant == 100
    pacer.set_grant(200, now + 1.0)  # said again by the next heartbeat: the wait does not begin anew
    pacer.allowance(now + WINDOW_S)
    assert pacer.grant == 200
    pacer.set_grant(50, now + WINDOW_S)
    assert pacer.grant == 50


def test_a_lowered_wish_keeps_its_time_and_a_raised_one_waits_again() -> None:
    pacer, now = granted(100)
    pacer.allowance(now)
    pacer.set_grant(300, now)
    pacer.set_grant(200, now + 0.5)
    pacer.allowance(now + WINDOW_S)
    assert pacer.grant == 200
    pacer.set_grant(300, now + WINDOW_S)
    pacer.set_grant(400, now + WINDOW_S + 0.5)
    pacer.allowance(now + 2 * WINDOW_S + 0.1)
    assert pacer.grant == 200
    pacer.allowance(now + 2 * WINDOW_S + 0.5)
    assert pacer.grant == 400


def test_lowering_counts_what_was_sent_before() -> None:
    pacer, now = granted(100)
    sent = run(pacer, now, [0.01] * 100)
    assert sum(count for _, count in sent) > 90
    pacer.set_grant(50, now + 1.0)
    assert pacer.allowance(now + 1.0) == 0


def test_nothing_without_a_grant() -> None:
    pacer = Pacer()
    assert pacer.allowance(5.0) == 0
    assert pacer.next_at(5.0) > 5.0


def test_throttling_slows_down_and_recovers() -> None:
    pacer, now = granted(1000)
    pacer.allowance(now)
    pacer.throttled(now)
    pacer.throttled(now + 0.1)  # the same moment of congestion
    assert pacer.factor == pytest.approx(0.8)
    pacer.throttled(now + 0.7)
    assert pacer.factor == pytest.approx((0.8 + 0.7 * 0.05) * 0.8)
    slow = sum(count for _, count in run(pacer, now + 0.7, [0.01] * 100))
    assert slow <= 690
    run(pacer, now + 1.7, [0.1] * 100)
    assert pacer.factor == 1.0


def test_a_carrier_that_refuses_one_in_a_thousand_for_ever_keeps_nearly_all_of_its_pace() -> None:
    pacer, now = granted(1000)
    for tick in range(3000):
        pacer.throttled(now + tick / 10, share=0.001)
    assert pacer.factor > 0.98
    for tick in range(3000):
        pacer.throttled(now + 300 + tick / 10, share=0.5)
    assert pacer.factor < 0.15


@given(tps=st.integers(1, 5000), wait=st.floats(0, 2))
def test_next_at_is_when_something_may_leave(tps: int, wait: float) -> None:
    pacer, now = granted(tps)
    now += wait
    for _ in range(2000):
        count = pacer.allowance(now)
        if not count:
            break
        pacer.take(count, now)
    later = pacer.next_at(now)
    assert later > now
    for _ in range(3):  # a rounding error may want one more look
        if pacer.allowance(later):
            return
        later = pacer.next_at(later)
    raise AssertionError("nothing may leave at the time that next_at gave")
