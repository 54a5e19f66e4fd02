"""What it costs to read what an alert teaches about the list: CPU seconds for a million people. Not a test; by hand:

    PYTHONPATH=. python tests/bench/bench_lessons.py URL [PEOPLE]

URL: of a migrated, empty database on this machine, by its owner; it is filled, and not emptied. Told are the seconds of
this process and of its server process, for alerts of one and of three segments, and for one that the same people fail
to get as the first, so that they are set aside. One in 20 fails, one in 50 is silent, one in 200 is another carrier's.
"""

import asyncio
import random
import sys
import time
from pathlib import Path

import asyncpg
import numpy as np

from broadcast.channel.sayings import Sayings
from broadcast.config import Hygiene
from broadcast.ids import CarrierNo
from broadcast.ledger import learn
from broadcast.ledger.learn import Words
from broadcast.ledger.opt_outs import Sides
from broadcast.ledger.packing.result import pack_result
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState as State
from broadcast.store.pool import connect

FIRST, SLICE, LOGS, LOOKS = 84_320_000_000, 2_000, 4, 6
AT = 1_780_000_000_000_000
WORDS = Words(
    {CarrierNo(1): Sayings({"0b1": "mobifone"})}, Hygiene(dead_after=2, over_days=0, retry_after_days=180)
)
SAID = [
    (State.DELIVERED, "000"), (State.UNDELIVERABLE, "027"), (State.UNKNOWN, ""), (State.UNDELIVERABLE, "0b1"),
]  # fmt: skip
WEIGHTS = (925, 50, 20, 5)


async def alert(conn: asyncpg.Connection, people: int, segments: int, seed: int) -> None:
    """One that is over. A slice's people are of one bucket, as a launch cuts them. seed: who fares how."""
    number = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, drafted_by, state, launched_at, closed_at,
                                 finished_at)
           VALUES ('bench-' || $1::integer, 'health', 5, 'BOYTE', 'a', 'gsm0338', '{}', false, 'hold', 60, now(), 'an',
                   'finished', now(), now(), now() - interval '1 hour') RETURNING campaign_id""",
        seed,
    )
    dice, counts = random.Random(seed % 10), np.zeros(len(SAID), np.int64)
    for start in range(0, people, 64 * SLICE):
        for bucket in range(64):
            numbers = list(range(FIRST + start + bucket, FIRST + min(start + 64 * SLICE, people), 64))
            fates = dice.choices(range(len(SAID)), WEIGHTS, k=len(numbers))
            counts += np.bincount(fates, minlength=len(SAID))
            await write(conn, number, numbers, fates, segments)
    await conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, delivered, undeliverable, unknown)
           VALUES ($1, 1, 0, $2, $3, $4)""",
        number, int(counts[0]), int(counts[1] + counts[3]), int(counts[2]),
    )  # fmt: skip


async def write(
    conn: asyncpg.Connection, campaign: int, numbers: list[int], fates: list[int], segments: int
) -> None:
    n = len(numbers)
    slice_id = await conn.fetchval(
        """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, retry, msisdns)
           VALUES ($1, 1, $2, $2, 'done', $3, $4, '', $5) RETURNING slice_id""",
        campaign, n, segments, ((1 << n) - 1).to_bytes((n + 7) // 8, "little"), numbers,
    )  # fmt: skip
    for log in range(LOGS):
        answered = Answered(segments)
        for ordinal in range(log, n, LOGS):
            answered.accept_parts(
                ordinal, [f"{slice_id * 10_000 + ordinal}{part}" for part in range(segments)]
            )
        answered.read(AT, AT)
        row = (log, slice_id, slice_id, *answered.ordinals(), answered.pack())
        await conn.execute("INSERT INTO sent VALUES (1, $1, $2, $3, $4, $5, $6)", *row)
    for look in range(LOOKS):
        here = [each for each in range(look, n, LOOKS) if SAID[fates[each]][0] != State.UNKNOWN]
        told = [(each, part, *SAID[fates[each]], AT + 9) for each in here for part in range(1, segments + 1)]
        ordinals, parts, states, errs, times = zip(*told, strict=True)
        packed = pack_result(ordinals, parts, states, times, errs)
        await conn.execute("INSERT INTO result VALUES ($1, $2, $3)", slice_id, look + 1, packed)


def seconds_of(pid: int) -> float:
    """CPU of another process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def measure(conn: asyncpg.Connection, what: str, people: int) -> None:
    pid = conn.get_server_pid()
    ours, theirs, began = time.process_time(), seconds_of(pid), time.perf_counter()

    async def go_on() -> bool:
        return True

    found = None
    while due := await learn.due(conn, WORDS):
        found = await learn.learn(Sides(conn, conn, ""), WORDS, due, go_on)
    assert found is not None and found.people == people
    ours, theirs = time.process_time() - ours, seconds_of(pid) - theirs
    print(
        f"{what}: {ours * 1e6 / people:.2f} + {theirs * 1e6 / people:.2f} CPU s a million people, here and in "
        f"PostgreSQL ({time.perf_counter() - began:.1f} s for {people:,}); {found.changes}"
    )


async def main(url: str, people: int) -> None:
    conn = await connect(url)
    await conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 1000), ('mobifone', 1000)")
    await conn.execute(
        """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)
           SELECT m, m % 64, 1, 1 FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS m""",
        FIRST, people,
    )  # fmt: skip
    for what, segments, seed in (
        ("one segment", 1, 1), ("three segments, others fail", 3, 2), ("one segment, the first fail again", 1, 11)
    ):  # fmt: skip
        await alert(conn, people, segments, seed)
        await measure(conn, what, people)
    size = await conn.fetchval("SELECT sum(octet_length(packed)) FROM failing")
    rows = await conn.fetchval("SELECT sum(people) FROM failing")
    print(f"{rows:,} fail, {size / rows:.1f} octets each")
    await conn.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000))
