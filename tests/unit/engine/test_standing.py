"""How a link stands: what `keep_bound` reports, and what is told of it."""

import pytest

from broadcast.engine.standing import STEADY_S, Standing

CYCLE_REFUSED = ["connecting", "binding", "refused:ESME_RBINDFAIL"]


def told(*reports: tuple[float, str], at: float) -> tuple[str, float] | None:
    """(why, for how long) after these (when, state)."""
    standing = Standing(0.0)
    for when, state in reports:
        standing.report(state, when)
    why = standing.trouble(at)
    return (why, at - standing.since) if why else None


@pytest.mark.parametrize(
    ("reports", "why"),
    [
        ([], "connecting"),
        (["connecting"], "connecting"),
        (["connecting", "backing_off", "connecting"], "connecting"),
        (["connecting", "binding", "backing_off", "connecting"], "binding"),
        ([*CYCLE_REFUSED, "connecting", "binding"], "refused:ESME_RBINDFAIL"),
        (["refused"], "cannot"),
    ],
)
def test_between_two_tries_it_is_as_down_as_before(reports: list[str], why: str) -> None:
    assert told(*((1.0, state) for state in reports), at=9.0) == (why, 9.0)


def test_bound_it_is_well_whatever_was() -> None:
    assert told(*((1.0, state) for state in (*CYCLE_REFUSED, "bound")), at=9.0) is None


def test_lost_once_it_is_looked_for_and_well_again() -> None:
    lost = [(1.0, "bound"), (100.0, "backing_off")]
    assert told(*lost, at=102.0) == ("connecting", 2.0)
    assert told(*lost, (103.0, "bound"), at=104.0) is None


def test_lost_again_and_again_it_is_told_even_while_it_is_bound() -> None:
    flaps = [(when, state) for when in range(0, 40, 4) for state in ("bound", "backing_off")]
    assert told(*flaps, at=40.0) == ("lost", 40.0)
    assert told(*flaps, (41.0, "bound"), at=42.0) == ("lost", 42.0)
    assert told(*flaps, (41.0, "bound"), at=41.0 + STEADY_S) is None
    assert told(*flaps, (41.0, "bound"), (60.0, "backing_off"), at=61.0) == ("connecting", 1.0)
