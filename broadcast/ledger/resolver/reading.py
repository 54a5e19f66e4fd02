"""Reading a carrier's logs: what workers appended since, in pages and in one order for all resolvers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from broadcast.ids import CarrierNo, SliceId, WorkerNo
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.received import Received, unpack_received
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.store.queries import sql
from broadcast.store.types import Connection

SENT_ROWS: Final = 2_000  # of a page, over all workers
SENT_ROWS_LEAST: Final = 50  # of each
RECEIVED_ROWS: Final = 2_000
RECEIPTS: Final = 100_000  # of one look; one row more for each worker
LAST: Final = 2**31 - 1  # after every slice of a batch


@dataclass(frozen=True, slots=True)
class Heads:
    """The newest group of workers, in one snapshot: every receipt committed before `at` is in one of them. Workers that
    ended long ago are missing, but at a resolver's start."""

    at: datetime
    batches: Mapping[WorkerNo, int]


@dataclass(frozen=True, slots=True)
class SentPage:
    """rows: (slice_id, row); learnt: how far each worker's log is read then, (batch, slice_id)."""

    rows: list[tuple[SliceId, Sent]]
    learnt: dict[WorkerNo, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """met: up to which batch of each worker these are all receipts."""

    received: Received
    met: dict[WorkerNo, int]


async def heads(connection: Connection, ended_s: float | None) -> Heads:
    """ended_s: workers that ended so long ago at the most are named, None: all."""
    if ended_s is None:
        rows = await connection.fetch(sql("all_batches"))
    else:
        rows = await connection.fetch(sql("new_batches"), ended_s)
    at = next(row["at"] for row in rows if not row["worker_no"])
    return Heads(at, {row["worker_no"]: row["last_batch"] for row in rows if row["worker_no"]})


async def read_sent(
    connection: Connection,
    carrier_no: CarrierNo,
    learnt: Mapping[WorkerNo, tuple[int, int]],
    until: Mapping[WorkerNo, int],
) -> SentPage:
    """The next page of what these workers appended, up to the batches `until`. Raises LedgerError."""
    workers = list(until)
    each = max(SENT_ROWS_LEAST, SENT_ROWS // max(1, len(workers)))
    starts = [learnt.get(worker, (0, LAST)) for worker in workers]
    rows = await connection.fetch(
        sql("read_sent"), carrier_no, workers, [batch for batch, _ in starts], [after for _, after in starts],
        list(until.values()), each,
    )  # fmt: skip
    page = SentPage([], {worker: (batch, LAST) for worker, batch in until.items()})
    counts = dict.fromkeys(workers, 0)
    for row in rows:
        worker, batch, slice_id = row["worker_no"], row["batch"], row["slice_id"]
        page.rows.append((slice_id, unpack_sent(row["packed"], (carrier_no, worker, batch, slice_id))))
        counts[worker] += 1
        if counts[worker] == each:
            page.learnt[worker] = (batch, slice_id)
    return page


async def read_received(
    connection: Connection, carrier_no: CarrierNo, met: Mapping[WorkerNo, int], until: Mapping[WorkerNo, int]
) -> ReceivedPage:
    """The next receipts that these workers took, up to the batches `until`. Raises LedgerError."""
    workers = list(until)
    each = max(1, RECEIPTS // max(1, len(workers)))
    rows = await connection.fetch(
        sql("read_received"), carrier_no, workers, [met.get(worker, 0) for worker in workers],
        list(until.values()), RECEIVED_ROWS, each,
    )  # fmt: skip
    page, receipts, counts = dict(until), dict.fromkeys(workers, 0), dict.fromkeys(workers, 0)
    parts = []
    for row in rows:
        worker, batch = row["worker_no"], row["batch"]
        parts.append(unpack_received(row["packed"], (carrier_no, worker, batch)))
        receipts[worker] += len(parts[-1])
        counts[worker] += 1
        if receipts[worker] >= each or counts[worker] == RECEIVED_ROWS:
            page[worker] = batch
    return ReceivedPage(joined(parts), page)


def joined(parts: Iterable[Received]) -> Received:
    """One after the other."""
    all_of_them = list(parts)
    if len(all_of_them) == 1:
        return all_of_them[0]
    none = np.zeros(0, np.int64)
    return Received(
        np.concatenate([none, *(part.received_at for part in all_of_them)]),
        np.concatenate([none.astype(np.uint8), *(part.states for part in all_of_them)]),
        np.concatenate([none, *(part.msisdns for part in all_of_them)]),
        Ids.concat([part.ids for part in all_of_them]),
        Errs.concat([part.errs for part in all_of_them]),
    )
