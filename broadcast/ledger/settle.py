"""Settlement: receipts meet their submissions in bulk while sending goes on.

The journal is a ring of BUCKETS partitions. Workers append to the open one; after `bucket_s` it is closed and the
next one opened; closing waits for the groups in flight, which hold a shared lock on it. A closed bucket is
settled in one transaction:

  receipts of the bucket            ┐  join   ┌ a final row per recipient in `outcome`, and its tally
  submissions of it and of the KEPT ├────────▶│ no submission yet: `unmatched_receipt`, which later submissions try
  before it, then open and parked   ┘         │ no receipt yet: kept in its bucket; KEPT buckets later moved into
                                              └ `open_submission`, which has an index that later receipts try

Then its receipts, and the submissions of the bucket KEPT before it, are truncated and that one is used again. One
settler works at a time, under a lock that ends with its transaction, so any worker can take over in the next moment.
Settling twice cannot happen: the ring moves on in the same transaction.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass

from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

BUCKETS = 12
KEPT = 4  # settled buckets whose submissions stay: most receipts come within seconds, and an index is dear
PARKED_FEW = 50_000  # as many parked receipts are hashed sooner than looked up
_MEMORY = "SET LOCAL work_mem = '256MB'"  # a bucket is hashed and joined in it: some 150 octets a receipt


@dataclass(frozen=True, slots=True)
class Settled:
    """What one look at the ring did. lag_s: how long the oldest unsettled rows have waited at most."""

    settled: bool
    seconds: float
    lag_s: float


async def rotate(connection: Connection, bucket_s: float) -> None:
    """Close the open bucket when it is `bucket_s` old and holds anything, unless the ring is full.

    Apart from settlement, so that buckets stay small while a settlement takes its time: many small joins cost less
    than a large one.
    """
    async with connection.transaction():
        if not await connection.fetchval(sql("rotator_claim")):
            return
        ring = await _ring(connection)
        if ring.age_s < bucket_s or ring.closed + KEPT + 1 >= BUCKETS:
            return
        used = await connection.fetchval(sql("bucket_used"), ring.bucket)
        # what is kept grows old while nothing is written, too
        if used or (not ring.closed and await connection.fetchval(sql("ring_used"))):
            await connection.execute(sql("rotate"), (ring.bucket + 1) % BUCKETS)


async def settle_next(connection: Connection, bucket_s: float) -> Settled:
    """Settle the oldest closed bucket, if there is one and no other settler works."""
    started = time.monotonic()
    settled = await _settle_oldest(connection)
    ring = await _ring(connection)
    lag_s = ring.age_s + ring.closed * bucket_s if ring.closed else 0.0
    return Settled(settled, time.monotonic() - started, lag_s)


async def behind(connection: Connection) -> int:
    """Buckets that are closed and not settled yet."""
    return (await _ring(connection)).closed


async def settle_all(connection: Connection) -> None:
    """Settle everything that is committed now; the ring is empty then."""
    for _ in range(2 * BUCKETS):
        if not await connection.fetchval(sql("ring_used")):
            return
        await rotate(connection, 0.0)
        await settle_next(connection, 0.0)


@dataclass(frozen=True, slots=True)
class _Ring:
    bucket: int  # being written
    oldest: int  # next to settle
    age_s: float  # of the bucket being written
    repeats: bool  # the last settled one held ids that were told twice

    @property
    def closed(self) -> int:
        """How many buckets wait for settlement."""
        return (self.bucket - self.oldest) % BUCKETS


async def _ring(connection: Connection) -> _Ring:
    row = await connection.fetchrow(sql("ring"))
    assert row is not None  # the migration made the only row
    return _Ring(row["bucket"], row["oldest"], row["age_s"], row["repeats"])


async def _settle_oldest(connection: Connection) -> bool:
    async with connection.transaction():
        if not await connection.fetchval(sql("settler_claim")):
            return False
        ring = await _ring(connection)
        if not ring.closed:
            return False
        bucket, last_kept = ring.oldest, (ring.oldest - KEPT) % BUCKETS
        await connection.execute(plans.SETS + _MEMORY)
        await connection.execute(sql("close_bucket"), bucket)
        await connection.execute("TRUNCATE settling_receipt, settling_submission")
        repeats = await _settle_bucket(connection, bucket, ring.repeats)
        if await connection.fetchval(sql("doubts_waiting")):
            await connection.execute(sql("settle_doubts"))
        await connection.execute(sql("open_kept"), last_kept)
        await connection.execute(f"TRUNCATE submission_{last_kept}, receipt_{bucket}")
        await connection.execute(sql("advance"), (bucket + 1) % BUCKETS, repeats)
        return True


async def _settle_bucket(connection: Connection, bucket: int, repeats: bool) -> bool:
    """Receipts to where they belong, and their counts: what came is matched, a duplicate, or parked.

    repeats: ids that were told twice are likely. Returns whether there were any.
    """
    came = await _by_carrier(connection, "count_final_receipts", bucket)
    came += await _unpark(connection, bucket)
    dropped = await _by_carrier(connection, "drop_repeated", bucket) if repeats else Counter[int]()
    join = await _join(connection, bucket, None if repeats else came.total())
    if join is None:
        dropped = await _by_carrier(connection, "drop_repeated", bucket)
        join = await _join(connection, bucket, None)
        assert join is not None  # what is told once takes each submission once
    parts, laid_out = join
    matched = came - dropped - laid_out
    if parts:
        await connection.execute(sql("gather_parts"))
    if laid_out:
        await connection.execute(sql("drop_laid_out_again"))
        async with plans.by_index(connection):
            matched += await _by_carrier(connection, "settle_open")
            matched += await _by_carrier(connection, "gather_open")
    await connection.execute(sql("finish_parts"))
    await connection.execute(sql("leave_open"))
    parked = Counter[int]()
    if laid_out:
        async with plans.by_index(connection):
            parked = await _by_carrier(connection, "park_receipts")
    carriers = sorted(came)
    if carriers:
        duplicate = [came[no] - matched[no] - parked[no] for no in carriers]
        await connection.execute(
            sql("add_settled_receipts"), carriers, [matched[no] for no in carriers], duplicate
        )
    return dropped.total() > 0


async def _join(connection: Connection, bucket: int, receipts: int | None) -> tuple[int, Counter[int]] | None:
    """Parts of longer messages, and receipts without submission by carrier, that it laid out.

    None, and nothing done: several receipts want the same submission, or (receipts: how many there are; None: each has
    an id of its own) one receipt wants several.
    """
    buckets = [(bucket - back) % BUCKETS for back in range(KEPT + 1)]
    step = connection.transaction()
    await step.start()
    most = None if receipts is None else receipts + 1
    row = await connection.fetchrow(sql("settle_bucket"), *buckets, most)
    assert row is not None  # one row of counts
    laid_out = Counter({int(no): count for no, count in json.loads(row["laid_out"] or "{}").items()})
    if row["met"] != row["taken"] or row["pairs"] == most:
        await step.rollback()
        return None
    await step.commit()
    return row["parts"], laid_out


async def _unpark(connection: Connection, bucket: int) -> Counter[int]:
    parked = await connection.fetchval(sql("parked_receipts"), PARKED_FEW)
    if not parked:
        return Counter()
    if parked < PARKED_FEW:
        return await _by_carrier(connection, "unpark_few", bucket)
    async with plans.by_index(connection):
        return await _by_carrier(connection, "unpark_many", bucket)


async def _by_carrier(connection: Connection, query: str, *arguments: int) -> Counter[int]:
    return Counter(
        {row["carrier_no"]: row["receipts"] for row in await connection.fetch(sql(query), *arguments)}
    )
