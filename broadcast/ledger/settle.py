"""Settlement: receipts meet their submissions in bulk while sending goes on.

The journal is a ring of BUCKETS partitions. Workers append to the open one; after `bucket_s` it is closed and the
next one opened; closing waits for the groups in flight, which hold a shared lock on it. A closed bucket is
settled in one transaction:

  receipts of the bucket   ┐  join   ┌ a final row per recipient in `outcome`, and its tally
  submissions of it        ├────────▶│ no receipt yet: carried on to the next bucket; after some of them into
  open and parked ones     ┘         │ `open_submission`, which has an index that later receipts try
                                     └ no submission yet: `unmatched_receipt`, which later submissions try

then truncated and used again. One settler works at a time, under a lock that ends with its transaction, so any
worker can take over in the next moment. Settling twice cannot happen: the ring moves on in the same transaction.
"""

import time
from collections import Counter
from dataclasses import dataclass

from broadcast.store.queries import sql
from broadcast.store.types import Connection

BUCKETS = 12
CARRIED_MOST = 4  # buckets: most receipts come within some seconds, and appending costs a tenth of the index
# A bucket is sorted and joined in memory: some 200 octets a row, two rows a message.
_MEMORY = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL enable_sort = off"


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
        following = (ring.bucket + 1) % BUCKETS
        if ring.age_s < bucket_s or following == ring.oldest:
            return
        if await connection.fetchval(sql("bucket_used"), ring.bucket):
            await connection.execute(sql("rotate"), following)


async def settle_next(connection: Connection, bucket_s: float) -> Settled:
    """Settle the oldest closed bucket, if there is one and no other settler works."""
    started = time.monotonic()
    settled = await _settle_oldest(connection)
    ring = await _ring(connection)
    closed = (ring.bucket - ring.oldest) % BUCKETS
    return Settled(settled, time.monotonic() - started, ring.age_s + closed * bucket_s if closed else 0.0)


async def behind(connection: Connection) -> int:
    """Buckets that are closed and not settled yet."""
    ring = await _ring(connection)
    return (ring.bucket - ring.oldest) % BUCKETS


async def settle_all(connection: Connection) -> None:
    """Settle everything that is committed now."""
    for _ in range(2 * BUCKETS):
        ring = await _ring(connection)
        used = await connection.fetchval(sql("bucket_used"), ring.bucket)
        if not used and ring.bucket == ring.oldest:
            return
        await rotate(connection, 0.0)
        await settle_next(connection, 0.0)


@dataclass(frozen=True, slots=True)
class _Ring:
    bucket: int  # being written
    oldest: int  # next to settle
    age_s: float  # of the bucket being written


async def _ring(connection: Connection) -> _Ring:
    row = await connection.fetchrow(sql("ring"))
    assert row is not None  # the migration made the only row
    return _Ring(row["bucket"], row["oldest"], row["age_s"])


async def _settle_oldest(connection: Connection) -> bool:
    async with connection.transaction():
        if not await connection.fetchval(sql("settler_claim")):
            return False
        ring = await _ring(connection)
        bucket = ring.oldest
        if bucket == ring.bucket:
            return False
        await connection.execute(_MEMORY)
        await connection.execute(sql("close_bucket"), bucket)
        await connection.execute("TRUNCATE settling_receipt, settling_submission")
        await _settle_bucket(connection, bucket)
        if await connection.fetchval(sql("doubts_waiting")):
            await connection.execute(sql("settle_doubts"))
        await connection.execute(f"TRUNCATE submission_{bucket}, receipt_{bucket}")
        await connection.execute(sql("advance"), (bucket + 1) % BUCKETS)
        return True


async def _settle_bucket(connection: Connection, bucket: int) -> None:
    """Submissions and receipts to where they belong, and the receipts' counts: what came is matched, a duplicate, or
    parked."""
    came = await _by_carrier(connection, "count_final_receipts", bucket)
    came += await _by_carrier(connection, "unpark_receipts", bucket)
    dropped = await _by_carrier(connection, "drop_repeated", bucket)
    following = (bucket + 1) % BUCKETS
    laid_out = await _by_carrier(connection, "settle_bucket", bucket, following, CARRIED_MOST)
    matched = came - dropped - laid_out
    if laid_out:
        matched += await _by_carrier(connection, "settle_open")
        matched += await _by_carrier(connection, "gather_open")
    await connection.execute(sql("finish_parts"))
    await connection.execute(sql("leave_open"), following, CARRIED_MOST)
    parked = await _by_carrier(connection, "park_receipts") if laid_out else Counter[int]()
    carriers = sorted(came)
    if carriers:
        duplicate = [came[no] - matched[no] - parked[no] for no in carriers]
        await connection.execute(
            sql("add_settled_receipts"), carriers, [matched[no] for no in carriers], duplicate
        )


async def _by_carrier(connection: Connection, query: str, *arguments: int) -> Counter[int]:
    return Counter(
        {row["carrier_no"]: row["receipts"] for row in await connection.fetch(sql(query), *arguments)}
    )
