"""Whose an id is, by the rows: what was settled long ago is not in memory any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

import numpy as np

from broadcast.ids import CarrierNo, SliceId
from broadcast.ledger.packing.columns import Bools, Index
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import Received, unpack_parked
from broadcast.ledger.packing.result import unpack_result
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.ledger.resolver.before import (
    answers_moved,
    as_before,
    as_they_are,
    of_receipts,
    receipts_moved,
)
from broadcast.ledger.resolver.met import ParkedKey
from broadcast.ledger.resolver.reading import joined
from broadcast.store.queries import sql
from broadcast.store.types import Connection

CLOCKS_US: Final = 200_000  # a receipt may seem so much older than its submission: two machines' clocks
SPANS: Final = 200  # slices that get theirs in one statement
SLICES: Final = 16  # whose answers are read at a time


class Whose(Enum):
    """SETTLED: of the person whom the receipt names, and has its final receipt. SOMEBODYS: of that one or another,
    otherwise, or it may be: whom it names is in flight. NOBODYS: not in the rows that were looked at."""

    NOBODYS = 0
    SOMEBODYS = 1
    SETTLED = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """Receipt i has the id of this segment. left_at: 0 where it is not known."""

    i: int
    ordinal: int
    segment: int
    left_at: int
    stray: bool


class _Sorted:
    """Ids sorted by their hashes."""

    def __init__(self, ids: Ids, seed: int) -> None:
        self._ids = ids
        self._seed = seed
        hashes = ids.hashes(seed)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def pairs(self, ids: Ids) -> list[tuple[int, int]]:
        """(receipt, place in ids) of equal ones."""
        hashes = ids.hashes(self._seed)
        first = np.searchsorted(self._hashes, hashes)
        places = np.nonzero(first < len(self._hashes))[0]
        places = places[self._hashes[first[places]] == hashes[places]]
        if not len(places):
            return []
        first = first[places]
        counts = np.searchsorted(self._hashes, hashes[places], side="right") - first
        at = np.repeat(first, counts) + _counted(counts)
        i, place = self._order[at], np.repeat(places, counts)
        same = self._ids.equal(i, ids, place)
        return list(zip(i[same].tolist(), place[same].tolist(), strict=True))


class Wanted:
    """Ids of receipts, as they came. moved: which are of the ledger of before."""

    def __init__(self, ids: Ids, moved: Bools, profile: IdProfile, seed: int) -> None:
        self._profile = profile
        self._ids = _Sorted(of_receipts(profile, ids, moved), seed)
        self._before = cache(lambda: _Sorted(as_before(profile, ids, moved), seed))

    def found_in(self, sent: Sent, *, moved: bool) -> list[Hit]:
        """Segments of a row that have one of these ids, the whole of it. moved: the row is of the ledger of before."""
        ids = self._before() if moved else self._ids
        spelt = as_they_are if moved else self._profile.of_responses
        hits = []
        for i, place in ids.pairs(spelt(sent.ids)):
            message, segment = divmod(place, sent.segments)
            hits.append(
                Hit(i, int(sent.ordinals[message]), segment + 1, int(sent.left_at[message]), stray=False)
            )
        for i, place in ids.pairs(spelt(sent.stray_ids)):
            hits.append(
                Hit(i, int(sent.stray_ordinals[place]), int(sent.stray_segments[place]), 0, stray=True)
            )
        return hits


def _counted(counts: Index) -> Index:
    """0, 1, ... of each, count many, joined."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def moved_of(keys: Sequence[ParkedKey]) -> Bools:
    """Which of these parked receipts are of the ledger of before."""
    return np.array([receipts_moved(no) for no, _ in keys], np.bool_)


async def read_parked(
    connection: Connection, carrier_no: CarrierNo, keys: Iterable[ParkedKey]
) -> tuple[list[ParkedKey], Received]:
    """What these parked receipts say, ids as they came; in an order of its own. Raises LedgerError."""
    wanted: dict[int, list[int]] = {}
    for no, index in keys:
        wanted.setdefault(no, []).append(index)
    found, parts = [], []
    for row in await connection.fetch(sql("parked_rows"), carrier_no, list(wanted)):
        receipts = unpack_parked(row["packed"], b"", (carrier_no, row["no"])).receipts
        indexes = sorted(wanted[row["no"]])
        found += [(row["no"], index) for index in indexes]
        parts.append(taken(receipts, np.array(indexes)))
    return found, joined(parts)


def taken(receipts: Received, index: Index) -> Received:
    """Those at these places."""
    return Received(
        receipts.received_at[index],
        receipts.states[index],
        receipts.msisdns[index],
        receipts.ids.take(index),
        receipts.errs.take(index),
    )


async def whose(
    connection: Connection,
    carrier_no: CarrierNo,
    profile: IdProfile,
    seed: int,
    receipts: Received,
    moved: Bools,
) -> list[Whose]:
    """Whose the ids of these parked receipts are, in all that was sent with the slices in which stands whom they name.
    moved: which are of the ledger of before. Raises LedgerError."""
    while await connection.fetchval(sql("make_some_spans"), SPANS):
        pass
    numbers = sorted(set(receipts.msisdns.tolist()))
    places = await connection.fetch(sql("places_of_people"), carrier_no, numbers)  # before the answers
    people: dict[tuple[SliceId, int], int] = {
        (row["slice_id"], row["ordinal"]): row["msisdn"] for row in places
    }
    wanted = Wanted(receipts.ids, moved, profile, seed)
    hits: list[tuple[SliceId, Hit]] = []
    slices = sorted({slice_id for slice_id, _ in people})
    for start in range(0, len(slices), SLICES):
        for row in await connection.fetch(sql("sent_of_slices"), slices[start : start + SLICES]):
            sent = unpack_sent(row["packed"], (carrier_no, row["worker_no"], row["batch"], row["slice_id"]))
            before = answers_moved(row["worker_no"], row["batch"])
            hits += [(row["slice_id"], hit) for hit in wanted.found_in(sent, moved=before)]
    settled = await settled_segments(connection, {slice_id for slice_id, _ in hits})
    in_flight = {row["msisdn"] for row in places if row["in_flight"]}  # a receipt may come before its answer
    found = [
        Whose.SOMEBODYS if number in in_flight else Whose.NOBODYS for number in receipts.msisdns.tolist()
    ]
    for slice_id, hit in hits:
        person = people.get((slice_id, hit.ordinal))
        ended = hit.stray or (slice_id, hit.ordinal, hit.segment) in settled
        if ended and fits(receipts, hit, person):
            found[hit.i] = Whose.SETTLED
        elif found[hit.i] is Whose.NOBODYS:
            found[hit.i] = Whose.SOMEBODYS
    return found


def fits(receipts: Received, hit: Hit, person: int | None) -> bool:
    """By number and time. person: whom the segment was sent to."""
    number = int(receipts.msisdns[hit.i])
    return (not number or number == person) and int(receipts.received_at[hit.i]) >= hit.left_at - CLOCKS_US


async def settled_segments(
    connection: Connection, slices: Iterable[SliceId]
) -> set[tuple[SliceId, int, int]]:
    """(slice_id, ordinal, segment) of those that have their final receipt. Raises LedgerError."""
    found: set[tuple[SliceId, int, int]] = set()
    for row in await connection.fetch(sql("results_of_slices"), list(slices)):
        result = unpack_result(row["packed"], row["slice_id"])
        segments = zip(result.ordinals.tolist(), result.segments.tolist(), strict=True)
        found |= {(row["slice_id"], ordinal, segment) for ordinal, segment in segments}
    return found


def spelt_by_responses(profile: IdProfile, texts: Sequence[str]) -> Sequence[str]:
    """Ids in their one spelling as the carrier's responses would have them: rows of `sent` hold those."""
    if profile.response_id != "hex":
        return texts
    return [f"{int(text):x}" if text.isascii() and text.isdigit() else text for text in texts]
