"""The young: up to a million segments in the order in which they were learnt, found by their ids' hashes.

Ids that are alone, nearly all of them, are in one table alone. Those that come again have links to older ones, and
are in a second table, by id and number: a receipt that names its number never walks past other people's.
"""

import numpy as np

from broadcast.ledger.packing.columns import I64, U32, U64, Index
from broadcast.ledger.resolver.choices import STEPS, Choices
from broadcast.ledger.resolver.part import SPAN_MS, DenseMessages, Part
from broadcast.ledger.resolver.stored_ids import StoredIds
from broadcast.ledger.resolver.table import Places, Table, prefixes_of, with_number
from broadcast.ledger.resolver.waiting import Waiting


class Generation(Part):
    """It is appended to, and found in by hash."""

    def __init__(self, capacity: int, newest_ms: int) -> None:
        """Room for `capacity` segments; newest_ms: of the first of them."""
        super().__init__(
            StoredIds.empty(capacity),
            np.zeros(capacity, np.uint32),
            np.zeros(capacity, np.uint8),
            DenseMessages(capacity, newest_ms - SPAN_MS // 2),
        )
        self._table = Table(np.zeros(capacity, np.uint64))
        self._by_number: Table | None = None  # of ids that are not alone

    @property
    def room(self) -> int:
        """For so many segments more."""
        return len(self.segment) - self.used

    @property
    def octets(self) -> int:
        tables = [table for table in (self._table, self._by_number) if table]
        return super().octets + sum(table.octets + self.used * table.keys.itemsize for table in tables)

    def append(self, waiting: Waiting, hashes: U64) -> None:
        """No more than there is room for. waiting: of whole messages one entry; hashes: of its ids."""
        start, self.used = self.used, self.used + len(waiting)
        here = slice(start, self.used)
        self.ids.put(start, waiting.ids)
        self.message[here] = waiting.message + np.uint32(self.messages.put(waiting.messages))
        self.segment[here] = waiting.segment
        self._count(np.arange(start, self.used), 1)
        self.nobody |= bool((waiting.messages.msisdns == 0).any())
        self.newest_ms = max(self.newest_ms, int(waiting.messages.left_ms.max(initial=0)))
        self._table.keys[here] = hashes
        again = self._table.put(np.arange(start, self.used))
        if len(again):
            self._put_by_number(np.sort(again))

    def search(self, choices: Choices, i: Index) -> None:
        heads = self._table.first(choices.asked.hashes[i])
        known = np.nonzero(heads >= 0)[0]
        i, heads = i[known], heads[known]
        links = self._table.links
        if links is None:
            self.weigh(choices, i, heads)
            return
        alone = links[heads] < 0
        self.weigh(choices, i[alone], heads[alone])
        i, heads = i[~alone], heads[~alone]
        numbers = choices.asked.msisdns[i]
        named = numbers > 0
        self._search_by_number(choices, i[named], numbers[named])
        if self.nobody:
            self._search_by_number(choices, i[named], np.zeros_like(numbers[named]))
        rest = ~named | ~choices.fits_any(i)
        self._walk(choices, i[rest], heads[rest], links)

    def _search_by_number(self, choices: Choices, i: Index, numbers: I64) -> None:
        """Among ids that are not alone, only these people's."""
        assert self._by_number is not None  # as there are links
        heads = self._by_number.first(with_number(choices.asked.hashes[i], numbers))
        known = np.nonzero(heads >= 0)[0]
        i, heads = i[known], heads[known]
        if self._by_number.links is None:
            self.weigh(choices, i, heads)
        else:
            self._walk(choices, i, heads, self._by_number.links)

    def _walk(self, choices: Choices, i: Index, places: Index, links: Places) -> None:
        """Along the links, newest first, at most STEPS of them."""
        for _ in range(STEPS):
            self.weigh(choices, i, places)
            places = links[places].astype(np.intp)
            on = (places >= 0) & ~choices.several[i]
            i, places = i[on], places[on]
            if not len(i):
                return
        choices.cut[i] = True

    def prefixes_at(self, places: Index) -> U32:
        return prefixes_of(self._table.keys[places])

    def _put_by_number(self, places: Index) -> None:
        if self._by_number is None:
            self._by_number = Table(np.zeros(len(self.segment), np.uint64))
        hashes, msisdns = self._table.keys[places], self.messages.msisdns[self.message[places]]
        self._by_number.keys[places] = with_number(hashes, msisdns)
        self._by_number.put(places)
