"""Whom receipts are for: what every receipt of a look has met so far, as columns.

A receipt fits a segment that has its whole id, whose number is its own where both are known, and which did not leave
after it was received. Of the open ones that it fits the newest is its choice: where its number is known they are all of
one person; where it is not, several people make a clash, and it chooses nobody.
"""

from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import I64, U8, U64, Bools, Index
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.received import REASONS
from broadcast.ledger.resolver.stored_ids import AskedIds

CLOCKS_MS: Final = 200  # a receipt may seem so much older than its submission: two machines' clocks
STEPS: Final = 64  # at so many equal ids a receipt looks in one generation

# What a receipt met, in the order of what counts most.
OPEN, MATCHED_STRAY, DUPLICATE, PARKED = range(4)
UNKNOWN, OTHER_NUMBER, OLDER, CLASH = map(REASONS.index, ("unknown", "other_number", "older", "clash"))


class Asked:
    """Receipts of a look. ids: in their one spelling; received_ms: as left_ms. before: the same receipts, spelt as in
    the ledger of before; None where nothing moved from there."""

    __slots__ = ("_ids", "before", "hashes", "ids", "msisdns", "received_ms")

    def __init__(
        self, ids: Ids, hashes: U64, msisdns: I64, received_ms: I64, before: "Asked | None" = None
    ) -> None:
        self._ids = ids
        self.ids = AskedIds(ids)
        self.hashes = hashes
        self.msisdns = msisdns
        self.received_ms = received_ms
        self.before = before

    def __len__(self) -> int:
        return len(self.hashes)

    def take(self, i: Index) -> "Asked":
        """These of them."""
        before = None if self.before is None else self.before.take(i)
        return Asked(self._ids.take(i), self.hashes[i], self.msisdns[i], self.received_ms[i], before)

    def spelt_for(self, *, moved: bool) -> "Asked":
        """As what is searched has its ids. moved: from the ledger of before."""
        return self.before if moved and self.before is not None else self


class Choices:
    """What each receipt asked for has met in the parts that were searched.

    part, place: of the newest open segment that fits, -1 for none; rank: among equally new ones; person: its number, -1
    for none. steps: segments looked at, of all receipts together. searched: the part that is searched now.
    """

    __slots__ = (
        "asked", "cut", "left_ms", "older", "other", "part", "person", "place", "rank", "searched", "settled",
        "several", "slice_ids", "steps", "stray",
    )  # fmt: skip

    def __init__(self, asked: Asked, slice_ids: I64) -> None:
        """slice_ids: by the places that messages name."""
        n = len(asked)
        self.asked = asked
        self.slice_ids = slice_ids
        self.searched = -1
        self.part = np.full(n, -1, np.int32)
        self.place = np.full(n, -1, np.int64)
        self.left_ms = np.full(n, -1, np.int64)
        self.rank = np.zeros(n, np.int64)
        self.person = np.full(n, -1, np.int64)
        self.several, self.stray, self.settled, self.other, self.older, self.cut = np.zeros((6, n), np.bool_)
        self.steps = 0

    def offer(self, i: Index, place: Index, left_ms: I64, rank: I64, person: I64) -> None:
        """Open segments that fit the receipts i, one each."""
        first = self.part[i] < 0
        self.several[i] |= ~first & (self.person[i] != person)
        newer = (left_ms > self.left_ms[i]) | ((left_ms == self.left_ms[i]) & (rank > self.rank[i])) | first
        if not newer.all():
            i, place, left_ms, rank, person = (x[newer] for x in (i, place, left_ms, rank, person))
        self.part[i] = self.searched
        self.place[i] = place
        self.left_ms[i] = left_ms
        self.rank[i] = rank
        self.person[i] = person

    def fits_any(self, i: Index) -> Bools:
        """Whether anything fits, open or not."""
        return (self.part[i] >= 0) | self.stray[i] | self.settled[i]

    def undecided(self, i: Index, newest_ms: int) -> Index:
        """Those of i whom parts may still change that hold nothing newer than newest_ms."""
        decided = np.where(self.asked.msisdns[i] > 0, self.left_ms[i] > newest_ms, self.several[i])
        return i[~decided]

    def outcome(self) -> tuple[U8, U8]:
        """OPEN, MATCHED_STRAY, DUPLICATE or PARKED, and the reason of these."""
        clash = (self.asked.msisdns == 0) & (self.several | self.cut)
        met = np.select(
            [clash, self.part >= 0, self.stray, self.settled],
            [PARKED, OPEN, MATCHED_STRAY, DUPLICATE],
            PARKED,
        )
        reasons = np.select([clash, self.older, self.other], [CLASH, OLDER, OTHER_NUMBER], UNKNOWN)
        return met.astype(np.uint8), reasons.astype(np.uint8)
