"""The old: what nobody has told anything of for a while, as dense as it can be searched.

In order of the first 32 bits of the ids' hashes, and where many are equal by number, so that a receipt finds its own
among any number of people with one id. The whole id decides, as everywhere.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import I64, U32, Bools, Index
from broadcast.ledger.resolver.choices import STEPS, Choices
from broadcast.ledger.resolver.part import SPAN_MS, DenseMessages, Part, Rows
from broadcast.ledger.resolver.table import prefixes_of

_MANY: Final = 8  # equal prefixes are so many: they are in order of number, and searched by it


class Cold(Part):
    """Segments that were open when it was made."""

    def __init__(self, rows: Sequence[Rows], *, moved: bool = False) -> None:
        """At least one part, not all of them empty."""
        self.moved = moved
        every = Rows.concat(rows)
        order = _order(every)
        newest_ms = int(every.messages.left_ms.max())
        messages = DenseMessages(len(every.messages), newest_ms - SPAN_MS)
        messages.put(every.messages)
        super().__init__(every.ids.take(order), every.message[order], every.segment[order], messages)
        self.used = len(order)
        self._count(np.arange(self.used), 1)
        self.nobody = bool((every.messages.msisdns == 0).any())
        self.newest_ms = newest_ms
        self._prefixes = every.prefixes[order]

    @property
    def octets(self) -> int:
        return super().octets + self._prefixes.nbytes

    def prefixes_at(self, places: Index) -> U32:
        return self._prefixes[places]

    def search(self, choices: Choices, i: Index) -> None:
        prefixes = prefixes_of(choices.asked.hashes[i])
        order = np.argsort(
            prefixes
        )  # neighbours are looked up one after the other, with half the cache's misses
        i, prefixes = i[order], prefixes[order]
        places = np.searchsorted(self._prefixes, prefixes)
        here = self._at(places, prefixes)
        i, prefixes, places = i[here], prefixes[here], places[here]
        many = self._at(places + _MANY, prefixes)
        if many.any():
            numbers = choices.asked.msisdns[i]
            named = many & (numbers > 0)
            some = (i[named], prefixes[named], places[named])
            self._search_by_number(choices, *some, numbers[named])
            if self.nobody:
                self._search_by_number(choices, *some, np.zeros_like(numbers[named]))
            rest = ~named | ~choices.fits_any(i)
            i, prefixes, places = i[rest], prefixes[rest], places[rest]
        self._walk(choices, i, places, prefixes, None)

    def _search_by_number(self, choices: Choices, i: Index, prefixes: U32, low: Index, numbers: I64) -> None:
        """Where many have the prefix, only these people's. low: the first place of each prefix."""
        ends = np.searchsorted(self._prefixes, prefixes, side="right")
        high = ends
        while (searching := low < high).any():
            middle = np.where(searching, (low + high) // 2, 0)
            below = searching & (self._numbers(middle) < numbers)
            low = np.where(below, middle + 1, low)
            high = np.where(searching & ~below, middle, high)
        here = low < ends
        self._walk(choices, i[here], low[here], prefixes[here], numbers[here])

    def _walk(self, choices: Choices, i: Index, places: Index, prefixes: U32, numbers: I64 | None) -> None:
        """From each place on while the prefix is the same, and the number; at most STEPS of them."""
        for step in range(STEPS + 1):
            on = self._at(places, prefixes) & ~choices.several[i]
            if numbers is not None:
                on[on] &= self._numbers(places[on]) == numbers[on]
                numbers = numbers[on]
            i, places, prefixes = i[on], places[on], prefixes[on]
            if not len(i) or step == STEPS:
                break
            self.weigh(choices, i, places)
            places = places + 1
        choices.cut[i] = True

    def _at(self, places: Index, prefixes: U32) -> Bools:
        """Whether that prefix stands there."""
        inside: Bools = places < self.used
        inside &= self._prefixes[np.where(inside, places, 0)] == prefixes
        return inside

    def _numbers(self, places: Index) -> I64:
        return self.messages.msisdns[self.message[places]]


def _order(rows: Rows) -> Index:
    """By prefix; where more than _MANY are equal, by number among them. Two parts that are in order are merged in one
    pass, for the sort is stable and knows runs."""
    order = np.argsort(rows.prefixes, kind="stable")
    prefixes = rows.prefixes[order]
    begins = np.nonzero(np.append(True, prefixes[1:] != prefixes[:-1]))[0]
    lengths = np.diff(np.append(begins, len(order)))
    if lengths.max() > _MANY:
        many = np.repeat(lengths > _MANY, lengths)
        some = order[many]
        numbers = rows.messages.msisdns[rows.message[some]]
        order[many] = some[np.lexsort((numbers, rows.prefixes[some]))]
    return order
