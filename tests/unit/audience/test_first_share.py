"""So many percent of all, whatever parts they come in."""

from math import ceil

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.first_share import FirstShare
from broadcast.store import arrays


@given(st.integers(1, 50), st.lists(st.integers(0, 300), max_size=8))
def test_everybody_is_in_one_of_both_and_the_share_is_rounded_up(share: int, parts: list[int]) -> None:
    made, first, rest, count = FirstShare(share), list[int](), list[int](), 0
    for part in parts:
        people = np.arange(count, count + part, dtype=np.int64)
        ahead, behind = made.parted(arrays.elements(people))
        first += arrays.values(ahead).tolist()
        rest += arrays.values(behind).tolist()
        count += part
        assert len(first) == ceil(count * share / 100)
    assert sorted(first + rest) == list(range(count))


def test_it_is_spread_over_them() -> None:
    ahead, _ = FirstShare(5).parted(arrays.elements(np.arange(1000, dtype=np.int64)))
    assert arrays.values(ahead).tolist() == list(range(0, 1000, 20))


def test_one_at_least() -> None:
    assert len(arrays.values(FirstShare(1).parted(arrays.elements(np.array([7], np.int64)))[0])) == 1
