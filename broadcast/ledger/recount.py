"""Everything that speaks for the people of a campaign, slice by slice: for whoever counts them anew.

Memory does not grow with the audience: some slices are read at a time, with the rows of their own. The caller's
transaction is repeatable read, or what is read beside each other is not of one moment.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger import fold
from broadcast.ledger.packing.result import unpack_result
from broadcast.ledger.packing.sent import unpack_sent
from broadcast.store import plans
from broadcast.store.arrays import numbers
from broadcast.store.queries import sql
from broadcast.store.types import Connection

PAGE: Final = 20_000  # recipients: some 4 MiB of packed rows, where a message has five segments


@dataclass(frozen=True, slots=True)
class SliceRows:
    """One slice and its rows. closed: its campaign waits for receipts no longer.

    msisdns: by ordinal, 0 where somebody was taken out. sent and results: packed, in the order of their logs. doubts:
    (ordinal, segments, ended_at, ended_as). finals, of campaigns that began in the ledger before this one: (ordinal,
    state, segments, submitted_at, settled_at, err, smsc_ids). Times in microseconds of Unix time, or None.
    withdrawn: packed, None: nobody was asked for.
    """

    slice_id: SliceId
    campaign_id: CampaignId
    carrier_no: CarrierNo
    total: int
    mark: int
    state: str
    segments: int
    answered: bytes
    retry: bytes
    closed: bool
    msisdns: NDArray[np.int64]
    sent: Sequence[bytes]
    results: Sequence[bytes]
    doubts: Sequence[asyncpg.Record]
    finals: Sequence[asyncpg.Record]
    withdrawn: bytes | None = None


async def slices(connection: Connection, campaign_id: CampaignId) -> AsyncIterator[SliceRows]:
    """Every slice of a campaign, by carrier_no and slice_id. Within `plans.SETS`, in a transaction of the caller's."""
    async with plans.by_index(connection):
        places = await connection.fetch(sql("recount_slices"), campaign_id)
    async for each in of_places(connection, places):
        yield each


async def of_places(connection: Connection, places: Sequence[asyncpg.Record]) -> AsyncIterator[SliceRows]:
    """These slices (slice_id, total) in their order, some at a time. Within `plans.SETS`, likewise."""
    for page in pages(places):
        for each in await of_slices(connection, page):
            yield each


async def of_slices(
    connection: Connection, slice_ids: Sequence[SliceId], *, nameless: bool = False
) -> list[SliceRows]:
    """Those of them that there are, in the order of `slice_ids`. nameless: with 1 for each number, which most roles may
    not read, and so with nobody taken out."""
    query = "recount_nameless_slice_rows" if nameless else "recount_slice_rows"
    async with plans.by_index(connection):
        found = {row["slice_id"]: row for row in await connection.fetch(sql(query), slice_ids)}
        sent, results, doubts, finals, withdrawn = [
            await _by_slice(connection, each, slice_ids)
            for each in (
                "recount_sent", "recount_results", "recount_doubts", "recount_finals", "recount_withdrawn"
            )
        ]  # fmt: skip
    return [
        _slice_rows(
            found[slice_id],
            sent[slice_id],
            results[slice_id],
            doubts[slice_id],
            finals[slice_id],
            withdrawn[slice_id],
        )
        for slice_id in slice_ids
        if slice_id in found
    ]


def folded(rows: SliceRows) -> fold.People:
    """What they say of each of its people. `segments` is also told of who was refused. Raises LedgerError naming the
    slice where they cannot be read."""
    where = f"of slice {rows.slice_id}"
    people = fold.fold(
        fold.SliceRow(rows.mark, rows.state, rows.answered, rows.retry, rows.msisdns.tolist()),
        [unpack_sent(packed, where) for packed in rows.sent],
        [unpack_result(packed, where) for packed in rows.results],
        [fold.DoubtRow(each["ordinal"], each["ended_as"], each["ended_at"] or 0) for each in rows.doubts],
        [_final(each) for each in rows.finals],
        closed=rows.closed,
    )
    ended = (people.settled_at > 0) & (people.segments == 0)
    return replace(people, segments=np.where(ended, np.uint8(rows.segments), people.segments))


def _final(row: asyncpg.Record) -> fold.FinalRow:
    known = dict(row)
    ids = known.pop("smsc_ids")
    del known["slice_id"]
    known["submitted_at"] = known["submitted_at"] or 0
    return fold.FinalRow(**known, smsc_ids=tuple(ids.split(" ")) if ids else ())


def pages(places: Sequence[asyncpg.Record], most: int = PAGE) -> Iterator[list[SliceId]]:
    """At most so many recipients each, or one slice."""
    page: list[SliceId] = []
    people = 0
    for place in places:
        if page and people + place["total"] > most:
            yield page
            page, people = [], 0
        page.append(place["slice_id"])
        people += place["total"]
    if page:
        yield page


async def _by_slice(
    connection: Connection, query: str, slice_ids: Sequence[SliceId]
) -> defaultdict[SliceId, list[asyncpg.Record]]:
    found: defaultdict[SliceId, list[asyncpg.Record]] = defaultdict(list)
    for row in await connection.fetch(sql(query), slice_ids):
        found[row["slice_id"]].append(row)
    return found


def _slice_rows(
    row: asyncpg.Record,
    sent: Sequence[asyncpg.Record],
    results: Sequence[asyncpg.Record],
    doubts: Sequence[asyncpg.Record],
    finals: Sequence[asyncpg.Record],
    withdrawn: Sequence[asyncpg.Record],
) -> SliceRows:
    known = dict(row)
    return SliceRows(
        msisdns=numbers(known.pop("people")),
        sent=[each["packed"] for each in sent],
        results=[each["packed"] for each in results],
        doubts=doubts,
        finals=finals,
        withdrawn=withdrawn[0]["packed"] if withdrawn else None,
        **known,
    )
