"""Receipts of which each has a time of its own."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.simulator.pdus import HEAD

from broadcast.simulator.receipts import PART_OCTETS, Receipts, Stage
from broadcast.simulator.scatter import Delays, Scatter
from broadcast.simulator.wheel import TICK_S


class Session:
    receives = True


SESSION = Session()


def batch(numbers: range, owner: Any = SESSION, minute: bytes = b"2603010800") -> Receipts:
    return Receipts(
        owner, HEAD, minute, 11, 4, b"".join(b"849%08d" % n for n in numbers), b"".join(b"%04d" % n for n in numbers),
        bytes(number % 7 for number in numbers), parts=b"".join(n.to_bytes(PART_OCTETS, "big") for n in numbers),
    )  # fmt: skip


def test_delays_repeat_by_seed() -> None:
    first, again, other = (Delays((2.0, 30.0), Random(seed)).of(50) for seed in (1, 1, 2))
    assert first == again != other


def test_those_of_one_tick_come_together_whatever_they_came_with() -> None:
    scatter = Scatter()
    scatter.put([5.0, 9.0, 5.001], batch(range(3)))
    scatter.put([5.002, 5.003], batch(range(3, 5)))
    scatter.put([5.0], batch(range(5, 6), minute=b"2603010801"))
    assert scatter
    assert scatter.due(4.99) == []
    assert scatter.due(5.0 + 2 * TICK_S) == [
        batch(range(5)).chosen([1, 0, 1, 1, 1]), batch(range(5, 6), minute=b"2603010801"),
    ]  # fmt: skip
    assert scatter.due(10.0) == [batch(range(1, 2))]
    assert not scatter


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from((0, 1, 2, 4))), max_size=40))
def test_each_comes_once_with_its_own_columns(given_: list[tuple[float, int]]) -> None:
    scatter, seen = Scatter(), []
    for number, (at, stage) in enumerate(given_):
        one = batch(range(number, number + 1))
        one.stage = Stage(stage)
        scatter.put([at], one)
    for step in range(250):
        for each in scatter.due(step * TICK_S):
            seen += [(single, each.stage) for single in each.singles()]
    assert sorted(seen) == [
        ((b"849%08d" % number, b"%04d" % number, number % 7, number.to_bytes(PART_OCTETS, "big")), stage)
        for number, (_, stage) in enumerate(given_)
    ]  # fmt: skip
