"""From a 64-bit key to the places that have it, a column at a time: open addressing, newest place first."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ledger.packing.columns import U32, U64, Index

_FREE: Final = -1
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)

Places = NDArray[np.int32]


class Table:
    """Of the keys in a column that its owner holds; a place is an index into that column.

    links: from each place to the next older one with the same key, -1 after the last; None while every key is alone.
    """

    __slots__ = ("_mask", "_shift", "_slots", "keys", "links")

    def __init__(self, keys: U64) -> None:
        """keys: as many as there may ever be places; each stands there before it is put, and is never 0."""
        bits = max(4, int(2 * len(keys) - 1).bit_length())
        self.keys = keys
        self.links: Places | None = None
        self._slots: Places = np.full(1 << bits, _FREE, np.int32)
        self._mask = (1 << bits) - 1
        self._shift = np.uint64(64 - bits)

    @property
    def octets(self) -> int:
        """Beside the keys."""
        return self._slots.nbytes + (self.links.nbytes if self.links is not None else 0)

    def first(self, keys: U64) -> Index:
        """The newest place of each key; -1: none."""
        found = np.full(len(keys), _FREE, np.intp)
        slots = self._slots_of(keys)
        there = self._slots[slots]
        left = np.nonzero(there != _FREE)[0]
        there, keys, slots = there[left], keys[left], slots[left]
        while len(left):
            hit = self.keys[there] == keys
            found[left[hit]] = there[hit]
            on = ~hit
            left, keys, slots = left[on], keys[on], (slots[on] + 1) & self._mask
            there = self._slots[slots]
            on = there != _FREE
            left, keys, slots, there = left[on], keys[on], slots[on], there[on]
        return found

    def put(self, places: Index) -> Index:
        """Put these, newer than all before and ascending. Returns those whose key is not alone any more, the older ones
        that were alone until now among them; each is returned once in its life."""
        keys = self.keys[places]
        slots = self._slots_of(keys)
        again, again_slots = [], []
        while len(places):
            free = self._slots[slots] == _FREE
            self._slots[slots[free]] = places[free]  # of several that want one slot, one is in it now
            there = self._slots[slots]
            placed = there == places
            same = (self.keys[there] == keys) & ~placed
            again.append(places[same])
            again_slots.append(slots[same])
            on = ~(same | placed)
            places, keys, slots = places[on], keys[on], (slots[on] + 1) & self._mask
        equal = np.concatenate(again) if again else np.zeros(0, np.intp)
        return self._link(equal, np.concatenate(again_slots)) if len(equal) else equal

    def _link(self, places: Index, slots: Index) -> Index:
        """Places whose key stands in the table already, in these slots."""
        if self.links is None:
            self.links = np.full(len(self.keys), _FREE, np.int32)
        order = np.lexsort((places, slots))
        places, slots = places[order], slots[order]
        begins = np.append(True, slots[1:] != slots[:-1])
        ends = np.append(begins[1:], True)
        heads = self._slots[slots[begins]].astype(np.intp)
        alone = heads[self.links[heads] == _FREE]
        older = np.empty(len(places), np.intp)
        older[1:] = places[:-1]
        older[begins] = heads
        self.links[places] = older
        self._slots[slots[ends]] = places[ends]
        return np.concatenate([alone, places])

    def _slots_of(self, keys: U64) -> Index:
        return ((keys * _GOLDEN) >> self._shift).astype(np.intp)


def with_number(keys: U64, msisdns: NDArray[np.int64]) -> U64:
    """A key of an id's and a number (0: none), never 0."""
    mixed = (keys ^ (msisdns.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F))) * _GOLDEN
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0x165667B19E3779F9)
    mixed[mixed == 0] = 1
    return mixed


def prefixes_of(hashes: U64) -> U32:
    """Their first 32 bits."""
    return (hashes >> np.uint64(32)).astype(np.uint32)
