"""When a link acts by itself."""

from broadcast.smpp.timers import Due, Timers


def timers() -> Timers:
    return Timers(bind_timeout_s=10, enquire_link_s=30, response_timeout_s=60, now=1000.0)


def bound() -> Timers:
    each = timers()
    each.bound()
    return each


def test_an_unanswered_bind_times_out() -> None:
    each = timers()
    assert each.due(1009.9) is Due.NOTHING
    each.received_at = 1009.0
    assert each.due(1010.0) is Due.BIND_TIMEOUT


def test_a_silent_link_is_asked_and_then_given_up() -> None:
    each = bound()
    assert each.due(1029.9) is Due.NOTHING
    assert each.due(1030.0) is Due.ENQUIRE
    each.enquired(1030.0)
    each.sent_at = 1030.0
    assert each.due(1060.0) is Due.NOTHING
    assert each.due(1089.9) is Due.NOTHING
    assert each.due(1090.0) is Due.SILENCE


def test_any_octet_is_a_sign_of_life() -> None:
    each = bound()
    each.enquired(1030.0)
    each.sent_at = 1030.0
    each.received_at = 1089.0
    assert each.due(1090.0) is Due.ENQUIRE
    each.enquired(1090.0)
    assert each.due(1149.9) is Due.NOTHING
    assert each.due(1150.0) is Due.SILENCE


def test_a_link_that_only_listens_still_shows_itself() -> None:
    each = bound()
    each.received_at = 1029.0
    assert each.due(1030.0) is Due.ENQUIRE


def test_a_busy_link_is_left_alone() -> None:
    each = bound()
    each.received_at = each.sent_at = 1100.0
    assert each.due(1129.0) is Due.NOTHING


def test_ticks_are_finer_than_the_shortest_timeout() -> None:
    assert Timers(10, 30, 60, 0.0).tick_s == 1.0
    assert Timers(10, 0.4, 60, 0.0).tick_s == 0.1
    assert Timers(0.001, 30, 60, 0.0).tick_s == 0.01
