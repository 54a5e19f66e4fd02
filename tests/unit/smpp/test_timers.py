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
    each.read(1, 0, 1009.0)
    each.read(0, 5, 1009.5)
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


def test_any_whole_pdu_is_a_sign_of_life() -> None:
    each = bound()
    each.enquired(1030.0)
    each.sent_at = 1030.0
    each.read(1, 0, 1089.0)
    assert each.due(1090.0) is Due.ENQUIRE
    each.enquired(1090.0)
    assert each.due(1149.9) is Due.NOTHING
    assert each.due(1150.0) is Due.SILENCE


def test_a_link_that_only_listens_still_shows_itself() -> None:
    each = bound()
    each.read(1, 0, 1029.0)
    assert each.due(1030.0) is Due.ENQUIRE


def test_a_busy_link_is_left_alone() -> None:
    each = bound()
    each.read(1, 0, 1100.0)
    each.sent_at = 1100.0
    assert each.due(1129.0) is Due.NOTHING


def test_ticks_are_finer_than_the_shortest_timeout() -> None:
    assert Timers(10, 30, 60, 0.0).tick_s == 1.0
    assert Timers(10, 0.4, 60, 0.0).tick_s == 0.1
    assert Timers(0.001, 30, 60, 0.0).tick_s == 0.01


def trickle(each: Timers, octets_per_s: int, length: int) -> tuple[float, list[Due]]:
    """A PDU of that length from 1000.0 on, each second's octets in one read: when it ends or is given up, what fell
    due before."""
    asked, now, there = [], 1000.0, 0
    while there < length:
        there = min(length, there + octets_per_s)
        each.read(int(there == length), there % length, now)
        now += 1.0
        due = each.due(now)
        if due is Due.ENQUIRE:
            each.enquired(now)
            each.sent_at = now
            asked.append(due)
        elif due is not Due.NOTHING:
            return now, [*asked, due]
    return now, asked


def test_a_pdu_that_comes_an_octet_a_second_is_no_life() -> None:
    """Quirk 54, regression: any octet counted as a sign of life, for 36 hours a PDU of 128 KiB."""
    assert trickle(bound(), 1, 131072) == (1061.0, [Due.ENQUIRE, Due.ENQUIRE, Due.SLOW])


def test_a_long_pdu_on_a_slow_line_arrives() -> None:
    """960 octets a second: 9,600 baud. The SMSC's idle cut-off does not meet us meanwhile."""
    ended_at, asked = trickle(bound(), 960, 131072)
    assert ended_at == 1137.0
    assert asked == [Due.ENQUIRE] * 4


def test_a_pdu_that_stops_in_its_middle() -> None:
    each = bound()
    each.read(3, 2, 1000.0)
    assert each.due(1059.9) is not Due.SLOW
    assert each.due(1060.1) is Due.SLOW
    each.read(1, 2, 1059.0)  # the end of it, and the next begins
    assert each.due(1118.9) is not Due.SLOW
    assert each.due(1119.1) is Due.SLOW


def test_what_is_not_read_is_not_late() -> None:
    each = bound()
    each.read(0, 2, 1000.0)
    each.unread(1059.0)
    assert each.due(1060.1) is not Due.SLOW
    assert each.due(1119.1) is Due.SLOW


def test_an_unbind_of_the_smsc_waits_so_long_and_no_longer() -> None:
    each = bound()
    each.parting(1000.0)
    each.parting(1005.0)  # again
    assert each.due(1009.9) is Due.NOTHING
    assert each.due(1010.0) is Due.PART


def test_the_answer_to_an_enquiry_is_timed_once() -> None:
    each = bound()
    each.answered(1001.0)  # to nothing that was asked
    assert each.take_enquiry() is None
    each.enquired(1030.0)
    each.read(1, 0, 1030.1)  # something else
    assert each.take_enquiry() is None
    each.answered(1030.5)
    each.answered(1031.0)
    assert each.take_enquiry() == 0.5
    assert each.take_enquiry() is None
