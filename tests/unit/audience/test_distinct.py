"""Each number once, in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.distinct import distinct


@given(st.lists(st.lists(st.integers(-5, 5) | st.integers(1, 10**15)), max_size=4))
def test_as_a_set_says(parts: list[list[int]]) -> None:
    found = distinct(*(np.array(each, np.int64) for each in parts))
    assert found.dtype == np.int64
    assert found.tolist() == sorted({number for each in parts for number in each})
