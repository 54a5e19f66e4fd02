"""What alerts send at a carrier: against a plain simulation, second by second, and by what must always hold."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.campaign.precedence import Claim, claim
from broadcast.forecast.flow import Flow, course, shares

TPS = 100


def flow(segments: float, priority: int, weight: int = 1, reserve: int = 0, **more: Any) -> Flow:
    return Flow(segments, Claim((1, -priority), weight, reserve), **more)


def spans() -> st.SearchStrategy[tuple[tuple[float, float], ...]]:
    edges = st.lists(st.integers(0, 60), max_size=4, unique=True).map(sorted)
    return edges.map(
        lambda found: tuple((float(a), float(b)) for a, b in zip(found[::2], found[1::2], strict=False))
    )


FLOWS = st.lists(
    st.builds(
        flow,
        segments=st.integers(0, 3000).map(float),
        priority=st.sampled_from([1, 5, 9]),
        weight=st.sampled_from([1, 2, 5]),
        reserve=st.sampled_from([0, 0, 20, 40]),
        most_per_s=st.sampled_from([math.inf, math.inf, 7.0, 40.0]),
        from_s=st.sampled_from([0.0, 0.0, 5.0]),
        until_s=st.sampled_from([math.inf, 30.0]),
        quiet=spans(),
    ),
    min_size=1,
    max_size=4,
)


def stepped(flows: list[Flow], tps: float, steps: int, step_s: float) -> list[list[float]]:
    """The plain model: so much of each after every step. All turns are whole seconds, a step ends at each."""
    left, found = [each.segments for each in flows], []
    for step in range(steps):
        at_s = step * step_s
        busy = {
            number: flows[number]
            for number, some in enumerate(left)
            if some > 0 and flows[number].sends(at_s)
        }
        room = tps * step_s
        for number in sorted(busy, key=lambda number: flows[number].claim.rank):
            equals = {
                other: each for other, each in busy.items() if each.claim.rank == flows[number].claim.rank
            }
            if number != min(equals):
                continue
            # grain by grain: each goes to whoever is farthest behind what is due to him
            given = dict.fromkeys(equals, 0.0)
            grain = tps * step_s / 1000
            while room > grain / 2:
                hungry = [
                    other
                    for other, each in equals.items()
                    if given[other] + grain / 2 < min(left[other], each.most_per_s * step_s)
                ]
                if not hungry:
                    break
                behind = min(
                    hungry,
                    key=lambda other: (
                        given[other] >= equals[other].claim.reserve / 100 * tps * step_s - grain / 2,
                        given[other] / equals[other].claim.weight,
                        other,
                    ),
                )
                given[behind] += grain
                room -= grain
            for other, some in given.items():
                left[other] = max(0.0, left[other] - some)
        found.append([each.segments - some for each, some in zip(flows, left, strict=True)])
    return found


def plain(flows: list[Flow]) -> bool:
    """What lower ones reserve the plain model knows nothing of."""
    reserved = sum(each.claim.reserve for each in flows)
    return reserved == 0 or (reserved <= 50 and len({each.claim.rank for each in flows}) == 1)


@settings(max_examples=25, deadline=None)
@given(FLOWS.filter(plain))
def test_it_is_what_a_plain_simulation_says(flows: list[Flow]) -> None:
    curves = course(flows, TPS)
    step_s, steps = 0.5, 140
    for step, sent in enumerate(stepped(flows, TPS, steps, step_s)):
        for curve, some in zip(curves, sent, strict=True):
            # a simulated one that is done amid a step leaves the rest of that step to the others too late or too early
            assert float(curve.by((step + 1) * step_s)) == pytest.approx(
                some, abs=TPS * step_s * len(flows) * 1.2
            )


@given(FLOWS)
def test_nobody_gets_more_than_there_is_and_all_of_it_is_used(flows: list[Flow]) -> None:
    given_to = shares(dict(enumerate(flows)), TPS)
    assert sum(given_to.values()) <= TPS * (1 + 1e-6)
    for number, rate in given_to.items():
        assert 0 <= rate <= flows[number].most_per_s * (1 + 1e-9)
    if sum(given_to.values()) < TPS * (1 - 1e-6):
        assert all(rate == pytest.approx(flows[number].most_per_s) for number, rate in given_to.items())


@given(FLOWS)
def test_all_of_it_is_sent_unless_it_expires_and_never_when_it_may_not(flows: list[Flow]) -> None:
    for flow, curve in zip(flows, course(flows, TPS), strict=True):
        assert np.all(np.diff(curve.amount) >= 0)
        if math.isinf(flow.until_s):
            assert curve.whole == pytest.approx(flow.segments)
        for start, end in flow.quiet:
            assert float(curve.by(start)) == pytest.approx(float(curve.by(end)))
        assert float(curve.by(flow.from_s)) == 0
        assert curve.end_s <= flow.until_s


def test_an_emergency_takes_it_all_and_gives_it_back() -> None:
    routine, urgent = course([flow(1000, 1), flow(500, 9, from_s=2)], TPS)
    assert urgent.end_s == pytest.approx(7)
    assert float(routine.by(2)) == pytest.approx(200)
    assert float(routine.by(7)) == pytest.approx(200)
    assert routine.end_s == pytest.approx(15)


def test_equal_ones_share_by_weight() -> None:
    assert shares({0: flow(1, 5, weight=3), 1: flow(1, 5)}, TPS) == {0: 75, 1: 25}


def test_a_reserve_is_a_least_share_among_equals() -> None:
    assert shares({0: flow(1, 5, reserve=40), 1: flow(1, 5, weight=3)}, TPS) == {0: 40, 1: 60}
    assert shares({0: flow(1, 5, reserve=10), 1: flow(1, 5)}, TPS) == {0: 50, 1: 50}
    assert shares({0: flow(1, 5, reserve=90), 1: flow(1, 5, reserve=90)}, TPS) == {0: 50, 1: 50}


def test_a_lower_ones_reserve_holds_beside_a_higher_one_but_not_beside_an_emergency() -> None:
    lower = flow(1, 1, reserve=20)
    assert shares({0: flow(1, 5), 1: lower}, TPS) == {0: 80, 1: 20}
    assert shares({0: Flow(1, claim("emergency", "actual", 9)), 1: lower}, TPS) == {0: 100, 1: 0}


def test_what_callers_do_not_allow_goes_to_the_others() -> None:
    limited = flow(1000, 5, most_per_s=10)
    assert shares({0: limited, 1: flow(1, 5)}, TPS) == {0: 10, 1: 90}
    assert shares({0: limited, 1: flow(1, 1)}, TPS) == {0: 10, 1: 90}


def test_it_takes_as_long_as_its_events_whatever_the_audience() -> None:
    (curve,) = course(
        [replace(flow(1e12, 1), quiet=tuple((day + 0.5, day + 0.8) for day in range(200)))], 1e9
    )
    assert curve.end_s == pytest.approx(1000 + 0.3 * 200)
    assert len(curve.at_s) < 500
