"""Receipts that fit nothing yet, by id and number: some 60 octets each and the id.

They come in order of their keys and go in any order; what is gone stays a while as a gap, and is left out when the
columns are made anew, which happens when they are full.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.ledger.packing.columns import I64, U8, U32, U64, Bools, Index
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.received import Received
from broadcast.ledger.resolver.choices import STEPS
from broadcast.ledger.resolver.met import ParkedKey
from broadcast.ledger.resolver.stored_ids import StoredIds
from broadcast.ledger.resolver.table import Table, with_number

_FEWEST: Final = 4096  # room for
_KEY_BITS: Final = 32  # of a place in its row; 31 are left for resolver.no: 34 years of two looks a second
_EACH_OCTETS: Final = 8 + 8 + 8 + 8 + 4 + 1 + 1 + 1


@dataclass(frozen=True, slots=True, eq=False)
class ParkedReceipts:
    """Some of those that are parked: their keys, in order, and what they say; ids in their one spelling."""

    keys: list[ParkedKey]
    receipts: Received


class ParkedBook:
    """Of one carrier."""

    def __init__(self) -> None:
        self._clear(_FEWEST)

    def _clear(self, capacity: int) -> None:
        self._table = Table(np.zeros(capacity, np.uint64))
        self._ids = StoredIds.empty(capacity)
        self._orders = np.zeros(capacity, np.int64)  # no << 32 | place in its row
        self._msisdns = np.zeros(capacity, np.int64)
        self._received_at = np.zeros(capacity, np.int64)
        self._errs = np.zeros(capacity, np.uint32)  # places in texts
        self._states = np.zeros(capacity, np.uint8)
        self._here = np.zeros(capacity, np.bool_)
        self._due = np.zeros(capacity, np.bool_)
        self._texts: dict[str, int] = {}
        self._used = 0
        self._count = 0
        self._nameless = False  # whether some had no number

    def __len__(self) -> int:
        return self._count

    @property
    def octets(self) -> int:
        """Of what is used: the rest is not in memory, as no page of it was ever written."""
        return self._used * _EACH_OCTETS + self._ids.octets(self._used) + self._table.octets

    def put(self, no: int, places: Index, receipts: Received, hashes: U64, due: Bools | bool = False) -> None:
        """Newer ones than all before. places: in the row of that no; ids in their one spelling, and their hashes; due:
        as take_due has them."""
        if self._used + len(receipts) > len(self._orders):
            self._make_room(len(receipts))
        start, self._used = self._used, self._used + len(receipts)
        here = slice(start, self._used)
        texts = [self._texts.setdefault(text, len(self._texts)) for text in receipts.errs.texts]
        self._ids.put(start, receipts.ids)
        self._orders[here] = no << _KEY_BITS | places.astype(np.int64)
        self._msisdns[here] = receipts.msisdns
        self._received_at[here] = receipts.received_at
        self._states[here] = receipts.states
        self._errs[here] = np.array(texts, np.uint32)[receipts.errs.index]
        self._here[here] = True
        self._due[here] = due
        self._count += len(receipts)
        self._nameless |= bool((receipts.msisdns == 0).any())
        self._table.keys[here] = with_number(hashes, receipts.msisdns)
        self._table.put(np.arange(start, self._used))

    def take_due(self) -> Index:
        """Places, in order, of those that were put to be tried again; once."""
        places = np.nonzero(self._due[: self._used] & self._here[: self._used])[0]
        self._due[: self._used] = False
        return places

    def of_learnt(self, hashes: U64, msisdns: I64) -> Index:
        """Places, in order, of those that submissions with these ids and numbers may end; STEPS of one id and number at
        most, the newest. Whether the whole id is theirs is not known yet."""
        if not self._count:
            return np.zeros(0, np.intp)
        keys = with_number(hashes, msisdns)
        if self._nameless:
            keys = np.concatenate([keys, with_number(hashes, np.zeros(len(hashes), np.int64))])
        places = self._table.first(keys)
        places = np.unique(places[places >= 0])
        found = [places]
        if self._table.links is not None:
            for _ in range(STEPS - 1):
                places = self._table.links[places].astype(np.intp)
                places = places[places >= 0]
                found.append(places)
                if not len(places):
                    break
        every = np.unique(np.concatenate(found))
        return every[self._here[every]]

    def at(self, places: Index) -> Received:
        """What these say."""
        texts, errs = self.errs(places)
        return Received(*self.columns(places), Errs.of([texts[err] for err in errs.tolist()]))

    def columns(self, places: Index) -> tuple[I64, U8, I64, Ids]:
        """received_at, states, msisdns, ids of these."""
        of = (self._received_at[places], self._states[places], self._msisdns[places])
        return *of, self._ids.ids(places)

    def errs(self, places: Index) -> tuple[list[str], U32]:
        """Texts, and which of them each of these has: without a bound on how many there are, as Errs has one."""
        used, index = np.unique(self._errs[places], return_inverse=True)
        texts = list(self._texts)
        return [texts[place] for place in used.tolist()], index.astype(np.uint32)

    def orders(self, places: Index) -> I64:
        """Their keys as numbers: in their order, and of the same sign as no."""
        return self._orders[places]

    def keys(self, places: Index) -> list[ParkedKey]:
        """Of these places."""
        return [(order >> _KEY_BITS, order & (1 << _KEY_BITS) - 1) for order in self._orders[places].tolist()]

    def places(self, keys: Iterable[ParkedKey]) -> Index:
        """Of those keys that are here, in order."""
        orders = np.array(sorted({no << _KEY_BITS | place for no, place in keys}), np.int64)
        found = np.searchsorted(self._orders[: self._used], orders)
        inside = found < self._used
        found, orders = found[inside], orders[inside]
        here: Bools = self._here[found] & (self._orders[found] == orders)
        return found[here].astype(np.intp)

    def remove(self, places: Index) -> None:
        """They are parked no more."""
        self._here[places] = False
        self._count -= len(places)

    def named(self, msisdns: I64) -> Index:
        """Places, in order, of those that name one of these numbers."""
        every = self._every()
        return every[np.isin(self._msisdns[every], msisdns)]

    def older(self, than: int) -> Index:
        """Places of those received before that time."""
        every = self._every()
        return every[self._received_at[every] < than]

    def oldest(self, above: int) -> Index:
        """Places of the first ones, so that `above` would be left."""
        if self._count <= above:
            return np.zeros(0, np.intp)
        return self._every()[: self._count - above]

    def every(self) -> ParkedReceipts:
        """All of them."""
        every = self._every()
        return ParkedReceipts(self.keys(every), self.at(every))

    def _every(self) -> Index:
        return np.nonzero(self._here[: self._used])[0]

    def _make_room(self, more: int) -> None:
        """For so many more, and as many again as there are then: one is moved once or twice in its time here."""
        kept = self._every()
        n, ids, keys = len(kept), self._ids, self._table.keys[kept]
        numbers = [column[kept] for column in self._numbers()]
        texts, errs = self.errs(kept)
        self._clear(max(_FEWEST, 2 * (n + more)))
        self._ids = ids.take(kept, room=len(self._orders) - n)
        for column, values in zip(self._numbers(), numbers, strict=True):
            column[:n] = values
        self._errs[:n] = errs
        self._texts = {text: place for place, text in enumerate(texts)}
        self._here[:n] = True
        self._nameless = bool((self._msisdns[:n] == 0).any())
        self._used = self._count = n
        self._table.keys[:n] = keys
        self._table.put(np.arange(n))

    def _numbers(self) -> tuple[NDArray[Any], ...]:
        return self._orders, self._msisdns, self._received_at, self._states, self._due
