"""When a process is taken to hang, by what it said and when."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.engine.watched import Watched

LIMIT_S = 30.0


def watched() -> Watched:
    made = Watched(LIMIT_S)
    made.begun(1)
    return made


@given(st.lists(st.floats(0.1, 0.99 * LIMIT_S), min_size=1, max_size=30))
def test_one_that_beats_in_time_never_hangs(waits: list[float]) -> None:
    made, now = watched(), 0.0
    for wait_s in waits:
        made._take("WATCHDOG=1\n", now)
        for part in range(1, 11):
            assert not made.hangs(now + wait_s * part / 10)
        now += wait_s


@given(st.floats(0.5, 5.0))
def test_one_that_falls_silent_hangs_after_its_time_and_a_look(look_s: float) -> None:
    made, now = watched(), 0.0
    made.hangs(now)
    made._take("WATCHDOG=1\n", now)
    while not made.hangs(now):
        now += look_s
        assert now < LIMIT_S + 2 * look_s
    assert now > LIMIT_S


def test_one_that_never_gave_a_sign_does_not_hang() -> None:
    made = watched()
    assert not any(made.hangs(now) for now in range(1000))


def test_whoever_stood_still_itself_gives_it_its_time_anew() -> None:
    made = watched()
    made.hangs(0.0)
    made._take("WATCHDOG=1\n", 0.0)
    assert not made.hangs(1000.0)
    assert not made.hangs(1001.0)
    assert not any(made.hangs(1000.0 + each) for each in range(2, 31))
    assert made.hangs(1031.0)


def test_what_it_says_of_itself() -> None:
    made = watched()
    assert not made.ready
    made._take("READY=1\n", 0.0)
    made._take("STATUS=ready; worker 3\nUNKNOWN=x\nno line\n", 0.0)
    assert (made.ready, made.status) == (True, "ready; worker 3")
    made._take("STOPPING=1\n", 0.0)
    assert not made.ready


def test_the_next_process_has_said_nothing() -> None:
    made = watched()
    made.hangs(0.0)
    made._take("WATCHDOG=1\nREADY=1\nSTATUS=ready\n", 0.0)
    made.begun(2)
    assert (made.ready, made.status) == (False, "")
    assert not any(made.hangs(float(now)) for now in range(100))
