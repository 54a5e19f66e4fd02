"""When most of a running campaign's people will have it."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.campaign.precedence import Claim
from broadcast.forecast.arrival import Going, arrives_at
from broadcast.forecast.delays import Delays
from broadcast.forecast.flow import Flow

LAUNCHED = datetime(2030, 1, 1, tzinfo=UTC)
NOW = LAUNCHED + timedelta(seconds=10)
KNOWN = Delays(100, {5: 80})


def going(sent: int, waiting: int, *others: Flow, delays: Delays | None = KNOWN) -> Going:
    return Going(sent, waiting, 100, Flow(float(waiting), Claim((1, -5))), others, delays)


def after(lanes: list[Going]) -> float:
    found = arrives_at(lanes, LAUNCHED, NOW)
    assert found is not None
    return (found - LAUNCHED).total_seconds()


def test_what_was_sent_counts_and_what_waits() -> None:
    # 100 a second from the launch on, to 20 s; nine tenths by 18 s, and 5 to 6 s until they are there
    assert after([going(1000, 1000)]) == pytest.approx(18 + 5.5, rel=1e-3)


def test_what_else_is_sent_counts() -> None:
    assert after([going(1000, 1000, Flow(2000, Claim((1, -9))))]) == pytest.approx(38 + 5.5, rel=1e-3)
    assert after([going(1000, 1000, Flow(2000, Claim((1, -1))))]) == pytest.approx(18 + 5.5, rel=1e-3)


def test_nobody_knows_or_it_is_so_already() -> None:
    assert arrives_at([going(1000, 1000, delays=None)], LAUNCHED, NOW) is None
    assert arrives_at([], LAUNCHED, NOW) is None
    assert arrives_at([going(1000, 0)], LAUNCHED, NOW + timedelta(minutes=1)) is None


def test_those_are_left_out_of_whom_nobody_knows() -> None:
    assert after([going(1000, 1000), going(0, 10**6, delays=None)]) == pytest.approx(23.5, rel=1e-3)
