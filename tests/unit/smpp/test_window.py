"""Every token of a window leaves it exactly once."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.smpp.window import OPEN_FIRST, Window

TIMEOUT_S = 64.0  # so that times of sending are kept to the second
LAST = 0x7FFFFFFF


def test_room_and_numbers() -> None:
    window = Window(3, TIMEOUT_S)
    assert window.reserve(2) == 1
    window.add(1, ["a", "b"], 0.0)
    assert window.room == 1
    assert window.pending == {1: "a", 2: "b"}
    assert window.reserve(5) == 3
    window.add(3, list("cdefg"), 0.0)
    assert window.room == 0


def test_a_run_never_passes_the_last_number() -> None:
    window = Window(10, TIMEOUT_S)
    window._next = LAST - 2
    assert window.reserve(2) == LAST - 2
    assert window.reserve(1) == LAST
    assert window.reserve(1) == 1
    window._next = LAST - 2
    assert window.reserve(4) == 1
    assert window.reserve(1) == 5
    window._next = LAST - 2
    assert window.reserve(3) == LAST - 2
    assert window.reserve(3) == 1


def test_only_the_overdue_expire() -> None:
    window = Window(10, TIMEOUT_S)
    window.add(window.reserve(2), ["old", "answered"], 0.0)
    window.add(window.reserve(1), ["with the old"], 0.5)
    window.add(window.reserve(1), ["young"], 10.0)
    assert window.pending.pop(2) == "answered"
    assert window.expire(64.9)[0] == []
    assert window.expire(65.0) == (["old", "with the old"], 0.0)
    assert window.pending == {4: "young"}
    assert window.expire(74.9)[0] == []
    assert window.expire(75.0) == (["young"], 10.0)
    assert window.expire(500.0)[0] == []
    assert window.room == 1


def test_it_opens_as_answers_come() -> None:
    """A link that dies with each session loses what is open, not its whole window each time."""
    window = Window(100, TIMEOUT_S)
    assert window.room == OPEN_FIRST == 10
    for trip, room in enumerate((20, 40, 80, 100)):
        count = window.room
        first = window.reserve(count)
        window.add(first, ["x"] * count, trip)
        assert window.room == 0
        for number in range(first, first + count):
            window.pending.pop(number)
        window.answered(count, trip + 0.1)
        assert window.room == room


def test_one_that_answers_nothing_gets_one_at_a_time() -> None:
    window = Window(10, TIMEOUT_S)
    window.add(window.reserve(10), ["x"] * 10, 100.0)
    assert len(window.expire(166.0)[0]) == 10
    assert window.room == 1
    window.add(window.reserve(1), ["probe"], 166.0)
    window.pending.popitem()
    window.answered(1, 167.0)
    assert window.room == 2


def test_one_that_loses_an_answer_now_and_then_keeps_its_window() -> None:
    window = Window(10, TIMEOUT_S)
    window.add(window.reserve(1), ["lost"], 100.0)
    window.answered(1, 165.0)
    assert window.expire(166.0) == (["lost"], 100.0)
    assert window.room == 10


def test_expiry_over_the_wrap() -> None:
    window = Window(10, TIMEOUT_S)
    window._next = LAST
    window.add(window.reserve(1), ["before"], 0.0)
    window.add(window.reserve(1), ["after"], 10.0)
    assert list(window.pending) == [LAST, 1]
    assert window.expire(65.0) == (["before"], 0.0)
    assert window.pending == {1: "after"}


def test_a_late_answer_finds_its_token_once() -> None:
    window = Window(10, TIMEOUT_S)
    window.add(window.reserve(1), ["slow"], 0.0)
    assert window.expire(100.0) == (["slow"], 0.0)
    assert window.late.pop(1) == ("slow", 0.0)
    assert window.late == {}


def test_late_ones_are_bounded_and_the_oldest_go_first() -> None:
    window = Window(500, TIMEOUT_S)
    for start in range(6):
        window.add(window.reserve(500), [start] * 500, start * 1000.0)
        assert len(window.expire(start * 1000.0 + 100)[0]) == 500
    assert len(window.late) == 2000
    assert set(window.late.values()) == {(start, start * 1000.0) for start in (2, 3, 4, 5)}


def test_drained_tokens_do_not_come_again() -> None:
    window = Window(10, TIMEOUT_S)
    window.add(window.reserve(3), ["a", None, "c"], 0.0)
    assert window.drain() == (["a", None, "c"], 0.0)
    assert window.drain()[0] == []
    assert window.expire(1000.0)[0] == []


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 5)),
            st.tuples(st.just("answer"), st.integers(0, 30)),
            st.tuples(st.just("wait"), st.integers(0, 100)),
        ),
        max_size=60,
    ),
    st.sampled_from([1, LAST - 7]),
)
def test_each_token_leaves_once_and_never_early(steps: list[tuple[str, int]], first: int) -> None:
    window = Window(1000, TIMEOUT_S)
    window._next = first
    now, sent, gone = 0.0, {}, []
    for step, value in steps:
        if step == "add":
            start = window.reserve(value)
            tokens = [(len(sent) + place, now) for place in range(value)]
            sent.update(dict.fromkeys(tokens))
            window.add(start, tokens, now)
        elif step == "answer" and window.pending:
            number = list(window.pending)[value % len(window.pending)]
            left_at = window.left_at([number])
            gone.append(window.pending.pop(number))
            assert left_at <= gone[-1][1] < left_at + 1
        elif step == "wait":
            now += value
            expired, left_at = window.expire(now)
            assert all(left_at <= at for _, at in expired)
            assert all(now - at >= TIMEOUT_S for _, at in expired)
            assert all(now - at < TIMEOUT_S + 2 for _, at in window.pending.values())
            gone += expired
    drained, left_at = window.drain()
    assert all(left_at <= at for _, at in drained)
    gone += drained
    assert sorted(gone) == sorted(sent)


def test_an_expired_submit_tells_no_round_trip() -> None:
    window = Window(10, 1.0)
    window.add(window.reserve(1), ["a"], 0.0)
    assert window.expire(5.0) == (["a"], 0.0)
    assert window.take_round_trip(5.0) is None


def test_what_it_awaits() -> None:
    window = Window(5, 64.0)
    window.add(window.reserve(2), ["a", "b"], 0.0)
    assert window.awaits([7, 2])
    assert not window.awaits([7, 3])
    assert window.expire(100.0) == (["a", "b"], 0.0)
    assert (window.awaits([7, 2]), window.awaits([])) == (True, False)


def test_since_when_some_had_left() -> None:
    """The first of them decides, in whatever order they are answered; the numbers go round."""
    window = Window(10, TIMEOUT_S)
    window._next = LAST - 1
    for sent_at in (10.0, 20.0, 30.0, 30.5):
        window.add(window.reserve(1), ["x"], sent_at)
    assert list(window.pending) == [LAST - 1, LAST, 1, 2]
    assert window.left_at([2, 1]) == window.left_at([2]) == 30.0
    assert window.left_at([2, LAST, 1]) == 20.0
    assert window.left_at([LAST - 1]) == 10.0
