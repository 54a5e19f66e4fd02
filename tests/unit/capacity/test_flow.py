"""Carriers side by side: each as fast as it may, no faster than the cores."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.capacity.flow import flow

NAMES = st.sampled_from("abcde")
LOADS = st.dictionaries(NAMES, st.tuples(st.integers(1, 10**9), st.floats(1, 10**6)), min_size=1, max_size=5)


def test_each_by_itself_while_the_cores_suffice() -> None:
    found = flow({"a": 1000, "b": 3000}, {"a": 100.0, "b": 200.0}, math.inf)
    assert [(phase.seconds, dict(phase.per_s)) for phase in found.phases] == [
        (10.0, {"a": 100.0, "b": 200.0}),
        (5.0, {"b": 200.0}),
    ]
    assert (found.seconds_of("a"), found.seconds_of("b"), found.seconds) == (10.0, 15.0, 15.0)
    assert (found.per_s, found.most_of({"b": 0.5}), found.slowed) == (300.0, 100.0, False)


def test_too_few_cores_slow_all_alike_and_who_is_left_has_them() -> None:
    found = flow({"a": 1000, "b": 3000}, {"a": 100.0, "b": 200.0}, 150.0)
    assert found.slowed
    assert found.seconds_of("a") == 20.0
    assert found.phases[1].per_s == {"b": 150.0}
    assert found.seconds == pytest.approx(20 + (3000 - 20 * 100) / 150)


def test_who_is_through_at_the_same_time_leaves_no_empty_phase() -> None:
    assert len(flow({"a": 100, "b": 200}, {"a": 1.0, "b": 2.0}, math.inf).phases) == 1


@given(LOADS, st.floats(1, 10**7))
def test_all_is_sent_and_nobody_is_faster_than_may_be(
    loads: dict[str, tuple[int, float]], most: float
) -> None:
    segments = {name: load[0] for name, load in loads.items()}
    may = {name: load[1] for name, load in loads.items()}
    found = flow(segments, may, most)
    for name in loads:
        sent = sum(phase.seconds * phase.per_s.get(name, 0.0) for phase in found.phases)
        assert sent == pytest.approx(segments[name], rel=1e-6)
        assert found.most_of({name: 1.0}) <= may[name] * (1 + 1e-9)
    assert found.per_s <= most * (1 + 1e-9)
    least = max(*(segments[name] / may[name] for name in loads), sum(segments.values()) / most)
    assert found.seconds >= least * (1 - 1e-9)
