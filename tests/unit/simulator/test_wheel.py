"""Things for later: never early, at most a tick late, in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.simulator.wheel import TICK_S, Wheel


def test_due_once() -> None:
    wheel: Wheel[str] = Wheel()
    assert not wheel
    wheel.put(5.0, "later")
    wheel.put(1.0, "soon")
    assert wheel
    assert wheel.due(0.99) == []
    assert wheel.due(1.0 + 2 * TICK_S) == ["soon"]
    assert wheel.due(6.0) == ["later"]
    assert wheel.due(7.0) == []
    assert not wheel


def test_what_is_past_comes_with_the_next_tick() -> None:
    wheel: Wheel[int] = Wheel()
    wheel.due(10.0)
    wheel.put(3.0, 1)
    assert wheel.due(10.0) == []
    assert wheel.due(10.0 + 2 * TICK_S) == [1]


@settings(deadline=None)
@given(st.lists(st.floats(0, 2), max_size=30))
def test_never_early_and_a_tick_late_at_most(times: list[float]) -> None:
    wheel: Wheel[float] = Wheel()
    for at in times:
        wheel.put(at, at)
    seen: list[float] = []
    for step in range(500):
        now = step * TICK_S / 2
        for at in wheel.due(now):
            assert at <= now <= at + 2 * TICK_S
            seen.append(at)
    assert sorted(seen) == sorted(times)
