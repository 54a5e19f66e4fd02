"""Sorted arrays of numbers as sets: numpy looks each of millions up in a table for that, many times as slow. Pure."""

import numpy as np
from numpy.typing import NDArray


def distinct(*parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted, each number of any of these once."""
    numbers = np.sort(np.concatenate([np.empty(0, np.int64), *parts]), kind="stable")
    first = np.ones(len(numbers), np.bool_)
    first[1:] = numbers[1:] != numbers[:-1]
    return numbers[first]
