"""Receipts that are held back until somebody asks for them: by the million, packed. Pure."""

from collections.abc import Iterator
from typing import Final
from zlib import crc32

from broadcast.simulator.receipts import Receipts, join
from broadcast.simulator.stamping import values

_JOINED: Final = 1000  # batches that become as few as can be
_PLACES: Final = 1 << 32
# its powers make places that tell nothing of one another, nor of the fates (fate.py)
_MIX: Final = 3_266_489_917


class Held:
    """Some 60 octets each, once they are many. `len` of it: how many they are."""

    def __init__(self) -> None:
        self._packed: list[Receipts] = []
        self._fresh: list[Receipts] = []
        self._count = 0
        self._releases = 0

    def __len__(self) -> int:
        return self._count

    def put(self, batch: Receipts) -> None:
        self._fresh.append(batch)
        self._count += len(batch)
        if len(self._fresh) >= _JOINED:
            self._packed += join(self._fresh)
            self._fresh = []

    def released(self, share: float) -> Iterator[Receipts]:
        """Those of so large a share of the people, in steps, and no longer held; of a person all that is held or none.
        Who they are is others with each release."""
        left, self._packed, self._fresh = [*self._packed, *join(self._fresh)], [], []
        self._releases += 1
        limit, factor = round(share * _PLACES), pow(_MIX, self._releases, _PLACES)
        try:
            while left:
                batch = left.pop()
                msisdns = values(batch.msisdns, batch.width)
                chosen = [crc32(msisdn) * factor % _PLACES < limit for msisdn in msisdns]
                if not all(chosen):
                    self._packed.append(batch.chosen([not each for each in chosen]))
                if any(chosen):
                    taken = batch.chosen(chosen)
                    self._count -= len(taken)
                    yield taken
        finally:
            self._packed += left
