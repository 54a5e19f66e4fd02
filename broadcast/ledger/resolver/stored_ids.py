"""Ids by the million: 16 octets each and, where they are longer, the rest of them apart.

One id of 255 octets among a million UUIDs must not make a million columns of 255 octets; so packing.Ids is what a look
reads, and this is what is kept.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import U16, U64, Bools, Index
from broadcast.ledger.packing.ids import Ids

UUID: Final = 256  # a kind; the others are lengths in octets
_INLINE: Final = 16


def kinds_of(ids: Ids) -> U16:
    """UUID, or the length in octets."""
    return np.where(ids.uuid, np.uint16(UUID), ids.lengths)


def two_words(ids: Ids) -> U64:
    """u64[n, 2]: the first 16 octets of each."""
    if ids.words.shape[1] == 2:
        return ids.words
    two = np.zeros((len(ids), 2), np.uint64)
    two[:, : ids.words.shape[1]] = ids.words[:, :2]
    return two


class AskedIds:
    """Ids of receipts, laid out to be compared with StoredIds."""

    __slots__ = ("kinds", "long", "two", "words")

    def __init__(self, ids: Ids) -> None:
        self.words = ids.words
        self.two = two_words(ids)
        self.kinds = kinds_of(ids)
        self.long = bool(_long(self.kinds).any())  # whether any has more than 16 octets


class StoredIds:
    """words: u64[capacity, 2], of an id of more than 16 octets the place of its words in the heap and its second word;
    kinds: u16[capacity], None while all are UUIDs."""

    __slots__ = ("heap", "kinds", "used", "words")

    def __init__(self, words: U64, kinds: U16 | None = None, heap: U64 | None = None) -> None:
        self.words = words
        self.kinds = kinds
        self.heap = np.zeros(0, np.uint64) if heap is None else heap
        self.used = len(self.heap)

    @classmethod
    def empty(cls, capacity: int) -> "StoredIds":
        """Room for so many."""
        return cls(np.zeros((capacity, 2), np.uint64))

    @classmethod
    def of(cls, ids: Ids) -> "StoredIds":
        """These, and no room for more."""
        stored = cls.empty(len(ids))
        stored.put(0, ids)
        return stored

    @classmethod
    def concat(cls, parts: Sequence["StoredIds"]) -> "StoredIds":
        """One after the other, without room for more."""
        words = np.concatenate([np.zeros((0, 2), np.uint64), *(part.words for part in parts)])
        kinds = None
        if any(part.kinds is not None for part in parts):
            kinds = np.concatenate([_kinds(part) for part in parts])
            start = heap = 0
            for part in parts:
                here = slice(start, start + len(part.words))
                words[here, 0] += np.where(_long(kinds[here]), np.uint64(heap), np.uint64(0))
                start, heap = here.stop, heap + part.used
        heaps = [part.heap[: part.used] for part in parts]
        return cls(words, kinds, np.concatenate([np.zeros(0, np.uint64), *heaps]))

    def octets(self, used: int) -> int:
        """Of the first `used` ids."""
        each = self.words.itemsize * 2 + (self.kinds.itemsize if self.kinds is not None else 0)
        return used * each + self.used * self.heap.itemsize

    def put(self, start: int, ids: Ids) -> None:
        """From this place on."""
        end = start + len(ids)
        width = min(2, ids.words.shape[1])
        self.words[start:end, :width] = ids.words[:, :2]
        if ids.uuid.all():
            return
        if self.kinds is None:
            self.kinds = np.full(len(self.words), UUID, np.uint16)
        kinds = self.kinds[start:end] = kinds_of(ids)
        long = np.nonzero(_long(kinds))[0]
        if len(long):
            counts = _word_counts(kinds[long])
            self.words[start + long, 0] = self.used + np.cumsum(counts) - counts
            rows = ids.words[long]
            self._push(rows[np.arange(rows.shape[1]) < counts[:, None]])

    def take(self, places: Index, room: int = 0) -> "StoredIds":
        """Those at these places, and room for so many more."""
        n = len(places)
        taken = StoredIds.empty(n + room)
        words = taken.words[:n]
        words[:] = self.words[places]
        if self.kinds is None:
            return taken
        kinds = self.kinds[places]
        long = np.nonzero(_long(kinds))[0]
        if len(long):
            counts = _word_counts(kinds[long])
            taken._push(self.heap[_spans(words[long, 0].astype(np.intp), counts)])
            words[long, 0] = np.cumsum(counts) - counts
        if (kinds != UUID).any():
            taken.kinds = np.full(n + room, UUID, np.uint16)
            taken.kinds[:n] = kinds
        return taken

    def same(self, places: Index, asked: AskedIds, i: Index) -> Bools:
        """Whether the whole id at each place is the one asked for."""
        words, two = self.words[places], asked.two[i]
        same: Bools = words[:, 1] == two[:, 1]
        kinds = asked.kinds[i]
        if self.kinds is None:
            same &= kinds == UUID
        else:
            same &= self.kinds[places] == kinds
        if not asked.long:
            same &= words[:, 0] == two[:, 0]
            return same
        long = _long(kinds)
        maybe = np.nonzero(same & long)[0]
        same &= ~long & (words[:, 0] == two[:, 0])
        same[maybe] = self._same_long(words[maybe, 0].astype(np.intp), asked, i[maybe])
        return same

    def ids(self, places: Index) -> Ids:
        """As packing has them."""
        some = self.take(places)
        kinds = _kinds(some)
        counts = _word_counts(kinds)
        words = np.zeros((len(places), max(2, int(counts.max(initial=0)))), np.uint64)
        words[:, :2] = some.words
        long = np.nonzero(_long(kinds))[0]
        if len(long):
            rows = np.zeros((len(long), words.shape[1]), np.uint64)
            rows[np.arange(words.shape[1]) < counts[long, None]] = some.heap[: some.used]
            words[long] = rows
        uuid = kinds == UUID
        return Ids(words, np.where(uuid, _INLINE, kinds).astype(np.uint8), uuid)

    def _same_long(self, places: Index, asked: AskedIds, i: Index) -> Bools:
        """The same of long ids of equal length; places: in the heap."""
        same = np.zeros(len(i), np.bool_)
        counts = _word_counts(asked.kinds[i])
        for count in np.unique(counts).tolist():
            some = np.nonzero(counts == count)[0]
            theirs = self.heap[places[some][:, None] + np.arange(count)]
            same[some] = (theirs == asked.words[i[some], :count]).all(axis=1)
        return same

    def _push(self, words: U64) -> None:
        needed = self.used + len(words)
        if needed > len(self.heap):
            spare = np.zeros(needed - self.used + self.used // 2, np.uint64)
            self.heap = np.concatenate([self.heap[: self.used], spare])
        self.heap[self.used : needed] = words
        self.used = needed


def _kinds(stored: StoredIds) -> U16:
    return np.full(len(stored.words), UUID, np.uint16) if stored.kinds is None else stored.kinds


def _long(kinds: U16) -> Bools:
    long: Bools = (kinds > _INLINE) & (kinds != UUID)
    return long


def _word_counts(kinds: U16) -> Index:
    return np.where(kinds == UUID, 2, (kinds.astype(np.intp) + 7) // 8)


def _spans(starts: Index, counts: Index) -> Index:
    """start, start + 1, ... of each, count many, joined."""
    ends = np.cumsum(counts)
    return np.repeat(starts - ends + counts, counts) + np.arange(int(ends[-1]) if len(ends) else 0)
