"""Numbers as PostgreSQL hands over a bigint[]: what array_send writes, without an object for any of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

HEAD_OCTETS: Final = 20  # of one dimension: dimensions, whether it has nulls, type; length and lower bound
_ELEMENT: Final = np.dtype([("octets", ">i4"), ("value", ">i8")])


def numbers(sent: bytes) -> NDArray[np.int64]:
    """Of an array without nulls."""
    return np.frombuffer(sent, _ELEMENT, offset=HEAD_OCTETS)["value"].astype(np.int64)


def values(elements_sent: bytes) -> NDArray[np.int64]:
    """Of elements, without the head of their array."""
    return np.frombuffer(elements_sent, _ELEMENT)["value"].astype(np.int64)


def elements(values: NDArray[np.int64]) -> bytes:
    """What follows the head of their array."""
    made = np.empty(len(values), _ELEMENT)
    made["octets"], made["value"] = np.dtype(np.int64).itemsize, values
    return made.tobytes()
