"""What an alert is no faster than."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.capacity.carriers import carrier

from broadcast.capacity import costs
from broadcast.capacity.bounds import bound_of, carried, cores_for, in_words, may, sending_of
from broadcast.capacity.demand import Demand
from broadcast.errors import InputError


def test_two_cores_carry_what_was_measured_on_them() -> None:
    """62,100 segments/s became final on two cores that simulated carriers took nearly half of."""
    assert 62_100 < carried(2, 2) < 2 * 62_100


@given(st.integers(1, 100_000))
def test_more_cores_carry_more(cores: int) -> None:
    assert 0 < carried(cores, 2) < carried(cores + 1, 2)
    assert cores_for(carried(cores, 2), 2) in (cores, cores + 1)  # a float's last digit


@given(st.floats(1, 1e8))
def test_the_cores_for_a_rate_carry_it(per_s: float) -> None:
    assert carried(cores_for(per_s, 2), 2) >= per_s * (1 - 1e-9)


def test_a_session_is_one_workers() -> None:
    slow = carrier(tps=1000, sessions=1)
    fast = replace(slow, tps=1_000_000)
    assert may(slow) == pytest.approx(1000 * costs.TPS_USED)
    assert may(fast) == costs.WORKER_SEGMENTS_PER_S
    assert may(replace(fast, sessions=3)) == 3 * costs.WORKER_SEGMENTS_PER_S


def words(demand: Demand) -> str:
    return in_words(demand, sending_of(demand))


def test_the_slowest_carriers_tps_is_named_and_what_more_would_bring() -> None:
    demand = Demand((carrier("a", 360_000, tps=1000), carrier("b", 360_000, tps=1500)), 720_000)
    assert words(demand) == (
        "a's TPS bounds it: 1,000 a second for 1,800,000 segments; with twice that an alert takes 20 min 24 s"
    )
    assert sending_of(demand).seconds == pytest.approx(1800 / costs.TPS_USED)
    assert pytest.approx(1224, abs=1) == 1200 / costs.TPS_USED  # b's, which bounds it then


def test_sessions_that_bound() -> None:
    demand = Demand((carrier(tps=200_000, sessions=2),), 1_000_000)
    assert "viettel's sessions bound it" in words(demand)
    assert "2 of them are fewer than its 200,000 TPS" in words(demand)


def test_cores_that_bound_and_how_many_would_not() -> None:
    demand = Demand((carrier(tps=100_000),), 1_000_000, cores=2, machines=1)
    assert words(demand).startswith(
        "the cores bound it: the carriers take 98,000 segments a second, 2 cores carry "
    )
    assert bound_of(demand.carriers[0], sending_of(demand)) == "cores"
    enough = replace(demand, cores=cores_for(98_000, 2))
    assert f"{enough.cores} would carry all" in words(demand)
    assert not sending_of(enough).slowed


def test_cores_that_carry_nothing_are_refused() -> None:
    demand = Demand((carrier(),), 1_000_000, cores=2, machines=1, workers=8)
    with pytest.raises(InputError, match="2 cores are too few for 8 workers: 3 at least"):
        sending_of(demand)
    sending_of(replace(demand, cores=3))


def test_without_machines_the_cores_bound_nothing() -> None:
    demand = Demand((carrier(tps=1_000_000, sessions=1000),), 1_000_000)
    assert not sending_of(demand).slowed
    assert math.isfinite(sending_of(demand).seconds)
