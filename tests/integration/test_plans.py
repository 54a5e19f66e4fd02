"""No statement on an alert's way grows with the square, whatever the planner believes of the tables.

Rows visited are compared between a small world and one eight times as large: on tables never analysed, analysed while
empty, and analysed while a hundred times as large.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from integration.ledger_world import World, make_world
from integration.visited import counted, explained

from broadcast.archive.move import archive
from broadcast.config import Config
from broadcast.diagnosis.gather import Diagnosis
from broadcast.engine.contact import Contact
from broadcast.engine.leases import Leases
from broadcast.engine.replies import Replies
from broadcast.ledger.close import tidy
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.settle import KEPT, PARKED_FEW, rotate, settle_next
from broadcast.ledger.states import RecipientState
from broadcast.ledger.writer import Writer
from broadcast.monitor.metrics import Metrics
from broadcast.reports.audit import audit
from broadcast.reports.recipients import recipients
from broadcast.reports.report import report
from broadcast.store import plans

SMALL = 60  # messages
TIMES = 8
SEGMENTS = 5
FIRST = 84320000000
DELIVERED = RecipientState.DELIVERED

_TABLES = """SELECT c.oid::regclass::text AS name FROM pg_class AS c
              WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"""
# those in which an alert's rows lie, with what they need to be filled
_HUGE = (
    "INSERT INTO open_submission SELECT now(), n / 10000, 1, n % 10000, s, 5, 1, NULL, false, NULL, NULL, n || '-' || s"
    "  FROM generate_series(1, $1::int) AS n, generate_series(1, 5) AS s",
    "INSERT INTO settling_submission SELECT * FROM open_submission",
    "INSERT INTO settling_receipt SELECT n, now(), n, 1, 8, '', n::text FROM generate_series(1, $1::int) AS n",
    "INSERT INTO submission SELECT 0, s, 5, n % 10000, n / 10000, 1, now(), 1, n || '-' || s"
    "  FROM generate_series(1, $1::int) AS n, generate_series(1, 5) AS s",
    "INSERT INTO receipt SELECT 0, 8, 1, n, now(), '', n || '-' || s"
    "  FROM generate_series(1, $1::int) AS n, generate_series(1, 5) AS s",
    "INSERT INTO unmatched_receipt SELECT now(), n, 1, 8, '', n::text FROM generate_series(1, $1::int) AS n",
    "INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason)"
    " SELECT 1, 1, n / 10000, n % 10000, 5, n, 'x' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO outcome SELECT now(), now(), 1, n / 10000, n % 10000, 1, 8, 5, '', n::text"
    "  FROM generate_series(1, $1::int) AS n",
    "INSERT INTO slice (campaign_id, carrier_no, total, msisdns)"
    " SELECT 1, 1, 1, ARRAY[n] FROM generate_series(1, $1::int) AS n",
    "INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source, state)"
    " SELECT 1, '', 0, 0, n::text::bytea, n::text, CASE WHEN n % 2 = 0 THEN 'new' ELSE 'read' END"
    "  FROM generate_series(1, $1::int) AS n",
    "INSERT INTO reply SELECT n, 0, 1, n, now(), '', '', '', NULL, 1, 0, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO opt_out (msisdn) SELECT n FROM generate_series(1, $1::int) AS n",
    "INSERT INTO subscriber SELECT n, n % 64, 1, false, 1, NULL FROM generate_series(1, $1::int) AS n",
)
_EMPTIED = (
    "open_submission, settling_submission, settling_receipt, submission, receipt, unmatched_receipt, in_doubt, outcome,"
    " slice, tally, carrier_tally, exclusion, slice_span, inbound, reply, opt_out, opt_outs_applied, subscriber"
)


_UNFINISHED = (
    "UPDATE campaign SET expires_at = now() + interval '1 hour', finished_at = NULL, state = 'running'"
)


async def never_analysed(_: asyncpg.Connection) -> None:
    """As they are made."""


async def analysed_empty(connection: asyncpg.Connection) -> None:
    await connection.execute(f"VACUUM ANALYZE {_EMPTIED}")


async def analysed_huge(connection: asyncpg.Connection) -> None:
    """Emptied since, without anybody having looked."""
    for statement in _HUGE:
        await connection.execute(statement, *([100 * SMALL] if "$1" in statement else ()))
    await connection.execute(f"ANALYZE {_EMPTIED}")
    await connection.execute("; ".join(f"DELETE FROM {table}" for table in _EMPTIED.split(",")))


@pytest.fixture(params=[never_analysed, analysed_empty, analysed_huge])
async def planner(
    request: pytest.FixtureRequest, database_url: str, conn: asyncpg.Connection
) -> AsyncIterator[World]:
    for table in await conn.fetch(_TABLES):
        await conn.execute(f"ALTER TABLE {table['name']} SET (autovacuum_enabled = false)")
    world = await make_world(database_url, conn)
    await request.param(conn)
    contact = Contact(database_url)
    world.writer = Writer(contact.connect, world.worker_no, 0.0, lambda *_: None)
    await explained(conn)
    await explained(await world.writer._connected())
    yield world
    await world.writer._drop()


async def compare(world: World, scenario: Callable[[World, int], Awaitable[None]]) -> None:
    found: list[Counter[str]] = []
    for count in (SMALL, TIMES * SMALL):
        await world.conn.execute(f"TRUNCATE {_EMPTIED}; UPDATE campaign SET audience = NULL")
        with counted(world.conn, await world.writer._connected()) as visits:
            await scenario(world, count)
            for campaign_id in (None, world.campaign_id):  # asked for every second, of whatever lies there
                await Diagnosis(world.conn, campaign_id).findings()
        found.append(visits)
    small, large = found
    grown = {
        name: (small[name], large[name])
        for name in large
        if large[name] > 3 * TIMES * (small[name] + SEGMENTS * SMALL)
    }
    assert grown == {}


def now_us() -> int:
    return int(time.time() * 1_000_000)


async def turn(world: World, times: int = 1) -> None:
    for _ in range(times):
        await world.writer.flush()
        await rotate(world.conn, 0.0)
        await settle_next(world.conn, 0.0)


async def accepted(world: World, count: int, segments: int) -> None:
    leased = await world.slice(range(FIRST, FIRST + count), segments)
    leased.intend_next(count)
    for ordinal in range(count):
        leased.accept_parts(ordinal, [f"{ordinal}-{part}" for part in range(segments)], now_us(), now_us())


def told(world: World, count: int, parts: range) -> None:
    for part in parts:
        for ordinal in range(count):
            world.receipt(f"{ordinal}-{part}", DELIVERED, FIRST + ordinal)


@pytest.mark.parametrize("segments", [1, SEGMENTS])
async def test_receipts_scattered_over_buckets(planner: World, segments: int) -> None:
    async def scattered(world: World, count: int) -> None:
        await accepted(world, count, segments)
        told(world, count // 2, range(segments))
        await turn(world)
        told(world, count, range(segments // 2))
        await turn(world, KEPT + 2)
        told(world, count, range(segments // 2, segments))
        await turn(world, 1)
        assert await world.tally() == {"delivered": count}

    await compare(planner, scattered)


async def test_receipts_before_their_submissions(planner: World) -> None:
    async def early(world: World, count: int) -> None:
        told(world, count, range(SEGMENTS))
        await turn(world)
        told(world, count, range(SEGMENTS))
        await accepted(world, count, SEGMENTS)
        await turn(world, 2)
        assert await world.tally() == {"delivered": count}

    await compare(planner, early)


async def test_doubts_that_receipts_end(planner: World) -> None:
    async def doubts(world: World, count: int) -> None:
        leased = await world.slice(range(FIRST, FIRST + count), SEGMENTS)
        for ordinal in leased.intend_next(count):
            leased.doubt(ordinal, "link_lost", now_us())
        world.writer.journal.receipts(
            world.carrier_no,
            [
                (None, int(DELIVERED), f"{ordinal}-{part}", "", FIRST + ordinal)
                for ordinal in range(count)
                for part in range(SEGMENTS)
            ],
            now_us(),
            lambda: None,
        )
        await turn(world, 2)
        assert await world.tally() == {"delivered": count}

    await compare(planner, doubts)


async def test_doubts_that_are_resent_and_closed(planner: World) -> None:
    async def doubts(world: World, count: int) -> None:
        leased = await world.slice(range(FIRST, FIRST + count), SEGMENTS)
        for ordinal in leased.intend_next(count):
            leased.doubt(ordinal, "link_lost", now_us())
        await turn(world)
        await tidy(world.conn, 100, 1000.0)
        assert await world.tally() == {"waiting": count}
        told(world, count, range(SEGMENTS))
        await turn(world)
        await world.conn.execute(
            "UPDATE unmatched_receipt SET received_at = clock_timestamp() - interval '2 s'"
        )
        await tidy(world.conn, 100, 1000.0, first_copy_s=1.0)
        await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 hour'")
        await tidy(world.conn, 100, 1000.0, first_copy_s=1.0)
        assert await world.tally() == {"expired": count}
        await world.conn.execute(
            "UPDATE campaign SET expires_at = now() + interval '1 hour', finished_at = NULL, state = 'running'"
        )

    await compare(planner, doubts)


async def test_a_campaign_that_waits_no_longer(planner: World) -> None:
    async def over(world: World, count: int) -> None:
        await accepted(world, count, SEGMENTS)
        await turn(world, KEPT + 2)
        leased = await world.slice(range(FIRST, FIRST + count), SEGMENTS)
        for ordinal in leased.intend_next(count):
            leased.doubt(ordinal, "link_lost", now_us())
        await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
        await turn(world)
        await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 hour'")
        await tidy(world.conn, 100, 1.0)
        assert await world.tally() == {"unknown": 2 * count}
        await world.conn.execute(
            "UPDATE campaign SET expires_at = now() + interval '1 hour', finished_at = NULL, state = 'running'"
        )

    await compare(planner, over)


async def test_audit_and_report(planner: World) -> None:
    async def read(world: World, count: int) -> None:
        await accepted(world, count, SEGMENTS)
        told(world, count // 2, range(SEGMENTS))
        await turn(world, KEPT + 2)
        await accepted(world, count, SEGMENTS)
        told(world, count // 2, range(SEGMENTS // 2))
        await turn(world, 1)
        assert (await audit(world.conn, world.campaign_id)).problems == ()
        await report(world.conn, "typhoon")
        assert len([each async for each in recipients(world.conn, world.campaign_id)]) == 2 * count

    await compare(planner, read)


async def test_leases_to_the_last_slice(planner: World, config: Config) -> None:
    await planner.conn.execute(plans.LOOKS_UP)  # as a worker's connections are
    leases = await Leases.register(planner.conn, config, "here", 1)

    async def lease(world: World, count: int) -> None:
        for number in range(count):
            await world.slice([FIRST + number])
        await world.conn.execute("UPDATE slice SET state = 'ready', worker_no = NULL")
        left = count
        while left:
            got = await leases.lease_slices(
                world.conn, world.writer.journal, world.carrier_no, world.campaign_id, 8, SEGMENTS
            )
            assert got
            left -= len(got)
            for each in got:
                each.intend_next(1)
                each.accept(0, "", now_us(), now_us())
        await leases.give_back_unknown(world.conn)
        await leases.renew(world.conn)
        await leases.reap(world.conn)

    await compare(planner, lease)


async def test_few_late_receipts_among_many_open_messages(planner: World) -> None:
    """What waits for receipts is not read for each bucket anew."""

    async def late(world: World, count: int) -> None:
        await accepted(world, count, SEGMENTS)
        await turn(world, KEPT + 2)
        told(world, 10, range(SEGMENTS))
        await turn(world)

    await compare(planner, late)


@pytest.mark.parametrize("parked", [PARKED_FEW, 1])
async def test_parked_receipts_meet_what_comes(
    planner: World, monkeypatch: pytest.MonkeyPatch, parked: int
) -> None:
    """parked: as many are few."""
    monkeypatch.setattr("broadcast.ledger.settle.PARKED_FEW", parked)
    await test_receipts_before_their_submissions(planner)


async def test_groups_and_late_answers(planner: World) -> None:
    """A group costs what is in it, not what slices and doubts there are."""

    async def groups(world: World, count: int) -> None:
        each = 4
        for number in range(0, count, each):
            leased = await world.slice(range(number, number + each), SEGMENTS)
            for ordinal in leased.intend_next(each):
                leased.doubt(ordinal, "link_lost", now_us())
            leased.let_go()
            await world.writer.flush()
        for slice_id in [row["slice_id"] for row in await world.conn.fetch("SELECT slice_id FROM slice")]:
            for ordinal in range(each):
                ids = tuple(f"{slice_id}-{ordinal}-{part}" for part in range(SEGMENTS))
                world.writer.journal.late(LateAnswer(slice_id, ordinal, ids, "", now_us(), now_us()))
            await world.writer.flush()
        assert await world.tally() == {"accepted": count}

    await compare(planner, groups)


async def test_replies_that_opt_out(planner: World, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.engine.replies.ROUND_MOST", SMALL // 6)  # enough of them for a kept plan
    await planner.conn.execute(plans.LOOKS_UP)
    await planner.conn.execute("UPDATE campaign SET category = 'health'")

    async def replied(world: World, count: int) -> None:
        await world.slice(range(FIRST, FIRST + count), SEGMENTS)
        await world.conn.execute("UPDATE slice SET state = 'ready', worker_no = NULL")
        await world.conn.execute(
            "INSERT INTO subscriber SELECT n, n % 64, $3, false, 1, NULL FROM generate_series($1, $2::bigint - 1) AS n",
            FIRST, FIRST + count, world.carrier_no,
        )  # fmt: skip
        await world.conn.execute(
            """INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source)
               SELECT $3, '', 0, 0, 'STOP', n::text FROM generate_series($1, $2::bigint - 1) AS n""",
            FIRST, FIRST + count, world.carrier_no,
        )  # fmt: skip
        by = Replies(config, Metrics(), {world.carrier_no: "viettel"})
        while await by.round(world.conn):
            pass
        assert await world.tally() == {"excluded": count}

    await compare(planner, replied)


async def test_an_archive(planner: World, tmp_path: Path) -> None:
    async def kept(world: World, count: int) -> None:
        await accepted(world, count, SEGMENTS)
        told(world, count // 2, range(SEGMENTS))
        await turn(world, KEPT + 2)
        await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 hour'")
        await tidy(world.conn, 100, 1.0)
        await archive(world.conn, world.campaign_id, tmp_path / str(count), "an", drop=True)
        await world.conn.execute("TRUNCATE archive")
        await world.conn.execute(_UNFINISHED)

    (tmp_path / str(SMALL)).mkdir()
    (tmp_path / str(TIMES * SMALL)).mkdir()
    await compare(planner, kept)


async def test_one_id_for_all(planner: World) -> None:
    async def same(world: World, count: int) -> None:
        leased = await world.slice(range(FIRST, FIRST + count), SEGMENTS)
        leased.intend_next(count)
        for ordinal in range(count):
            leased.accept_parts(ordinal, ["same"] * SEGMENTS, now_us(), now_us())
            for _ in range(SEGMENTS):
                world.receipt("same", DELIVERED, FIRST + ordinal)
            await turn(world)
        await accepted(world, count, SEGMENTS)
        await turn(world, KEPT + 2)

    await compare(planner, same)
