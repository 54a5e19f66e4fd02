"""A fuzz input taken apart: small numbers first, then pieces with their lengths, then the rest."""

from itertools import pairwise


class Octets:
    """Reads from the front. What is missing at the end counts as zeros, so that every input is one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def __bool__(self) -> bool:
        return self._place < len(self._data)

    def number(self) -> int:
        """The next octet."""
        place = self._place
        self._place = place + 1
        return self._data[place] if place < len(self._data) else 0

    def piece(self) -> bytes:
        """As many octets as the next one says."""
        length = self.number()
        start = self._place
        self._place = start + length
        return self._data[start : self._place]

    def rest(self) -> bytes:
        """Everything that is left."""
        start, self._place = self._place, len(self._data)
        return self._data[start:]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in as many reads as there are places and one more; a place is a 256th part of it."""
    bounds = [0, *sorted(place * len(stream) // 256 for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(bounds)]
