"""So many percent of people who come some at a time, at least one of them, spread over all of them. Pure.

People are elements of an array as octets (snapshot.py), and stay so.
"""

import numpy as np

from broadcast.store import arrays


class FirstShare:
    """Of the people of one carrier and area. share: percent, 1 to 100."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._seen = 0
        self._taken = 0

    def parted(self, octets: bytes) -> tuple[bytes, bytes]:
        """Who of the next ones is of the share, and the others: after each call it is the share of all so far,
        rounded up."""
        people = arrays.values(octets)
        self._seen += len(people)
        count = -(-self._seen * self._share // 100) - self._taken
        self._taken += count
        first = np.zeros(len(people), bool)
        first[np.arange(count) * len(people) // max(count, 1)] = True
        return arrays.elements(people[first]), arrays.elements(people[~first])
