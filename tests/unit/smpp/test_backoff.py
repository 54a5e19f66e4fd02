"""Delays between attempts to bind (quirk 32)."""

from broadcast.smpp.backoff import Backoff


def test_delays_double_up_to_the_most() -> None:
    backoff = Backoff(1.0, 10.0, lambda: 0.0)
    assert [backoff.delay() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_short_bind_resets_nothing_a_long_one_does() -> None:
    backoff = Backoff(1.0, 10.0, lambda: 0.0)
    assert [backoff.delay(), backoff.delay()] == [1.0, 2.0]
    backoff.was_bound(29.9)
    assert backoff.delay() == 4.0
    backoff.was_bound(30.0)
    assert backoff.delay() == 1.0


def test_the_floor_holds_and_chance_only_lengthens() -> None:
    assert Backoff(5.0, 1.0, lambda: 0.0).delay() == 5.0
    assert Backoff(5.0, 60.0, lambda: 1.0).delay() == 6.0


def test_slow_is_the_longest_wait_at_once() -> None:
    assert Backoff(1.0, 60.0, lambda: 0.0).delay(slow=True) == 60.0
