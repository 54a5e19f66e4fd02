"""Whose contacts are kept while slices are read."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadcast.rules.contacts import _among

numbers = st.lists(st.integers(1, 40), max_size=30)


@given(numbers, numbers)
def test_among(some: list[int], people: list[int]) -> None:
    of = np.unique(np.array(people, np.int64))
    assert _among(np.array(some, np.int64), of).tolist() == [each in people for each in some]
