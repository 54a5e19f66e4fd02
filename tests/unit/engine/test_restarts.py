"""When a worker that ended is started again, and when nothing can be."""

import signal

import pytest

from broadcast.engine.restarts import (
    ATTEMPTS,
    HEALTHY_S,
    LONGEST_WAIT_S,
    STEADY_S,
    History,
    ended,
    hopeless,
    in_words,
)

KILLED = -signal.SIGKILL


def waits(*lives: tuple[int, float]) -> list[float | None]:
    """The waits after these ends (code, lived_s) of one place."""
    history, found = History(), []
    for code, lived_s in lives:
        history, wait_s = ended(history, code, lived_s)
        found.append(wait_s)
    return found


def test_the_wait_doubles_up_to_its_bound() -> None:
    assert waits(*[(1, 0.1)] * 8) == [0.5, 1, 2, 4, 8, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert waits(*[(1, 0.1)] * 5000)[-1] == LONGEST_WAIT_S


def test_a_healthy_life_begins_anew() -> None:
    assert waits((KILLED, 0.1), (KILLED, 0.1), (KILLED, HEALTHY_S), (KILLED, 0.1)) == [0.5, 1, 0.5, 1]
    assert waits((KILLED, 0.1), (KILLED, HEALTHY_S - 1)) == [0.5, 1]


@pytest.mark.parametrize("code", [0, 1, 3, KILLED, -signal.SIGTERM])
def test_whoever_ended_a_worker_it_is_started_again(code: int) -> None:
    assert waits((code, 10.0)) == [0.5]


def test_a_wrong_configuration_is_not_tried_again_by_itself() -> None:
    assert waits((2, 0.3)) == [None]
    assert waits((2, 0.3), (1, 0.3)) == [None, 1]  # after a reload: another matter


def test_nothing_could_be_started() -> None:
    failing = History(ends=ATTEMPTS)
    assert hopeless([failing, History(ends=1, refused=True)])
    assert not hopeless([failing, History(ends=ATTEMPTS - 1)])
    assert not hopeless([failing, History()])


def test_one_that_was_ever_steady_is_hope() -> None:
    steady, _ = ended(History(), 1, STEADY_S)
    assert not hopeless([History(ends=99), steady])


def test_when_every_worker_is_refused_there_is_none() -> None:
    """Also after they were steady: a reload may have brought what they refuse."""
    refused, _ = ended(History(steady=True), 2, 0.1)
    assert hopeless([refused, refused])
    assert not hopeless([refused, History(steady=True)])


def test_how_it_ended_in_words() -> None:
    assert in_words(2) == "exit code 2"
    assert in_words(KILLED) == "killed by SIGKILL"
    assert in_words(-63) == "killed by signal 63"
