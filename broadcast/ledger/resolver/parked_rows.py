"""Which parked receipts are left, row by row, and whom they name: what is asked about without reading the rows.

The receipts themselves are in the rows, and those that a submission may still come for in the book.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from broadcast.ledger.packing.columns import I64, Bools, Index
from broadcast.ledger.packing.received import REASONS, Parked
from broadcast.ledger.resolver.met import ParkedKey

UNKNOWN: Final = REASONS.index("unknown")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Left:
    """Rows of `parked` as they are to be, side by side. counts: receipts left, 0: the row goes; taken: its bitmaps."""

    nos: list[int]
    counts: list[int]
    taken: list[bytes]


@dataclass(slots=True)
class _Row:
    """msisdns: of those whose id is nobody's, 0 for the others; asked: looked up by id in all that was ever sent."""

    msisdns: I64
    received_at: I64
    left: Bools
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Parked receipts that name somebody and whose id is nobody's, as columns, by number."""

    msisdns: I64
    received_at: I64
    nos: I64
    indexes: Index


class ParkedRows:
    """Of one carrier. About 20 octets a receipt."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._named: Named | None = None
        self.left = 0  # receipts

    def add(self, no: int, parked: Parked) -> None:
        """A row that was written, or is there."""
        receipts = parked.receipts
        numbers = np.where(parked.reasons == UNKNOWN, receipts.msisdns, 0)
        self._rows[no] = _Row(numbers, receipts.received_at, parked.left.copy())
        self.left += int(parked.left.sum())
        self._named = None

    def without(self, places: Iterable[ParkedKey]) -> Left:
        """The rows of these places as they are without these; nothing changes here."""
        found = Left([], [], [])
        for no, indexes in _by_row(places).items():
            left = self._rows[no].left.copy()
            left[indexes] = False
            found.nos.append(no)
            found.counts.append(int(left.sum()))
            found.taken.append(np.packbits(~left, bitorder="little").tobytes())
        return found

    def take(self, places: Iterable[ParkedKey]) -> None:
        """These are here no more."""
        for no, indexes in _by_row(places).items():
            row = self._rows[no]
            before = int(row.left.sum())
            row.left[indexes] = False
            after = int(row.left.sum())
            self.left -= before - after
            if not after:
                del self._rows[no]
        self._named = None

    def keys(self, no: int) -> list[ParkedKey]:
        """What is left of a row."""
        return [(no, index) for index in np.nonzero(self._rows[no].left)[0].tolist()]

    def is_left(self, key: ParkedKey) -> bool:
        """Whether it is still here."""
        row = self._rows.get(key[0])
        return row is not None and bool(row.left[key[1]])

    def named(self) -> Named:
        """Those that may be of somebody in doubt."""
        if self._named is None:
            self._named = self._find_named()
        return self._named

    def _find_named(self) -> Named:
        msisdns, times, nos, indexes = [], [], [], []
        for no, row in self._rows.items():
            here = np.nonzero(row.left & (row.msisdns != 0))[0]
            msisdns.append(row.msisdns[here])
            times.append(row.received_at[here])
            nos.append(np.full(len(here), no, np.int64))
            indexes.append(here)
        if not msisdns:
            none = np.zeros(0, np.int64)
            return Named(none, none, none, none.astype(np.intp))
        numbers = np.concatenate(msisdns)
        order = np.argsort(numbers, kind="stable")
        return Named(
            numbers[order],
            np.concatenate(times)[order],
            np.concatenate(nos)[order],
            np.concatenate(indexes)[order],
        )

    def unasked(self, before: int) -> list[int]:
        """Rows that nobody asked about by id, of receipts that came before (us)."""
        return [no for no, row in self._rows.items() if not row.asked and row.received_at.max() < before]

    def asked(self, nos: Iterable[int]) -> None:
        """These rows were asked about."""
        for no in nos:
            if no in self._rows:
                self._rows[no].asked = True


def _by_row(places: Iterable[ParkedKey]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for no, index in places:
        found.setdefault(no, []).append(index)
    return found


def moment(us: int) -> datetime:
    """A time of packed rows as Postgres takes it."""
    return _EPOCH + timedelta(microseconds=us)


def microseconds(at: datetime) -> int:
    """A time of Postgres as packed rows have it."""
    return (at - _EPOCH) // timedelta(microseconds=1)
