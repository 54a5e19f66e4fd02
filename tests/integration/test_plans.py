"""No statement on an alert's way grows with the square, whatever the planner believes of the tables.

Rows visited are compared between a small world and one eight times as large: on tables never analysed, analysed while
empty, and analysed while a hundred times as large.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from integration.close_world import CloseWorld, make_close_world
from integration.replies_world import Reader
from integration.reported import report
from integration.visited import counted, explained

from broadcast.archive.move import archive
from broadcast.config import Config
from broadcast.diagnosis.gather import Diagnosis
from broadcast.engine.leases import Leases
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger import close, recount
from broadcast.ledger.close import tidy
from broadcast.ledger.corrected import Corrected, Heard
from broadcast.ledger.journal import Journal
from broadcast.ledger.packing.withdrawn import NOTHING
from broadcast.monitor.metrics import Metrics
from broadcast.reports import nation_reading
from broadcast.reports.audit import audit
from broadcast.reports.recipients import recipients
from broadcast.reports.withdrawals import withdrawals
from broadcast.rules import letting_go
from broadcast.rules.limits import Cap, Limits
from broadcast.rules.standing import reasons
from broadcast.store import plans
from broadcast.store.queries import sql

SMALL = 60  # messages
TIMES = 8
SEGMENTS = 5
SLICE = 4  # a ledger's rows are slices
FIRST = 84320000000
AT = datetime(2026, 1, 1, tzinfo=UTC)

_TABLES = """SELECT c.oid::regclass::text AS name FROM pg_class AS c
              WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"""
# those in which an alert's rows lie, with what they need to be filled
_HUGE = (
    "INSERT INTO sent SELECT 1, n % 8, n, n, 0, 9, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO result SELECT n / 4, n, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO received SELECT 1, n % 8, n, 9, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO parked SELECT 1, n, now(), 9, '' FROM generate_series(1, $1::int) AS n",
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
    "INSERT INTO withdrawn SELECT n, 1, 1, now(), true, 1, 0, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO subscriber SELECT n, n % 64, 1, false, 1, NULL FROM generate_series(1, $1::int) AS n",
)
_EMPTIED = (
    "sent, result, received, parked, in_doubt, outcome, slice, tally, carrier_tally, exclusion, slice_span, inbound,"
    " reply, opt_out, opt_outs_applied, subscriber, withdrawn, withdrawal"
)
_BEGUN = (
    "audience = NULL, expires_at = now() + interval '1 hour', finished_at = NULL, closed_at = NULL, state = 'running',"
    " in_doubt_policy = 'resend'"
)
_OVER = "expires_at = now() - interval '1 hour', in_doubt_policy = 'hold'"


async def never_analysed(_: asyncpg.Connection) -> None:
    """As they are made."""


async def analysed_empty(connection: asyncpg.Connection) -> None:
    await connection.execute(f"VACUUM ANALYZE {_EMPTIED}")


async def analysed_huge(connection: asyncpg.Connection) -> None:
    """Emptied since, without anybody having looked."""
    for statement in _HUGE:
        await connection.execute(statement, 100 * SMALL)
    await connection.execute(f"ANALYZE {_EMPTIED}")
    await connection.execute("; ".join(f"DELETE FROM {table}" for table in _EMPTIED.split(",")))


@pytest.fixture(params=[never_analysed, analysed_empty, analysed_huge])
async def planner(request: pytest.FixtureRequest, conn: asyncpg.Connection) -> CloseWorld:
    for table in await conn.fetch(_TABLES):
        await conn.execute(f"ALTER TABLE {table['name']} SET (autovacuum_enabled = false)")
    world = await make_close_world(conn)
    await request.param(conn)
    await explained(conn)
    return world


async def compare(world: CloseWorld, scenario: Callable[[CloseWorld, int], Awaitable[None]]) -> None:
    found: list[Counter[str]] = []
    for count in (SMALL, TIMES * SMALL):
        await world.conn.execute(f"TRUNCATE {_EMPTIED}; UPDATE campaign SET {_BEGUN}")
        with counted(world.conn) as visits:
            await scenario(world, count)
            for campaign_id in (None, world.campaign_id):  # asked for every second, of whatever lies there
                await Diagnosis(world.conn, campaign_id).findings()
            await nation_reading.read(world.conn)
        found.append(visits)
    small, large = found
    grown = {
        name: (small[name], large[name])
        for name in large
        if large[name] > 3 * TIMES * (small[name] + SEGMENTS * SMALL)
    }
    assert grown == {}


async def in_slices(make: Callable[[range], Awaitable[int]], count: int) -> None:
    for first in range(FIRST, FIRST + count, SLICE):
        await make(range(first, first + SLICE))


async def held(world: CloseWorld, count: int) -> None:
    """Slices of one each, whose moments have come one after the other."""
    for number in range(FIRST, FIRST + count):
        slice_id = await world.waiting(range(number, number + 1))
        await world.conn.execute(
            "UPDATE slice SET state = 'held', not_before = now() - $2 * interval '1 second' WHERE slice_id = $1",
            slice_id,
            number - FIRST,
        )


async def another(world: CloseWorld, launched: str) -> int:
    """An alert of the same category, which is over."""
    campaign_id: int = await world.conn.fetchval(
        f"""INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                  in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
            SELECT gen_random_uuid()::text, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                   in_doubt_policy, grace_s, expires_at, state, drafted_by, {launched}
              FROM campaign WHERE campaign_id = $1 RETURNING campaign_id""",
        world.campaign_id,
    )
    return campaign_id


async def test_doubts_that_are_resent_and_closed(planner: CloseWorld) -> None:
    async def doubts(world: CloseWorld, count: int) -> None:
        await in_slices(world.doubted, count)
        await world.resolved()
        await tidy(world.conn, SLICE, 1000.0)
        assert await world.balanced() == {"waiting": count}
        assert await world.second_copies() == count // SLICE
        await world.set(_OVER)
        await tidy(world.conn, SLICE, 1000.0)
        assert await world.balanced() == {"unknown": count}

    await compare(planner, doubts)


async def test_a_campaign_that_waits_no_longer(planner: CloseWorld) -> None:
    async def over(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await in_slices(world.waiting, count)
        await world.set(_OVER)
        await tidy(world.conn, SLICE, 1.0)
        assert await world.balanced() == {"unknown": count, "expired": count}

    await compare(planner, over)


async def test_people_are_folded(planner: CloseWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of slices, each read with its rows alone."""

    async def read(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await in_slices(world.doubted, count)
        assert await world.counted() == {"accepted": count, "in_doubt": count}

    monkeypatch.setattr(recount, "PAGE", 8 * SLICE)
    await compare(planner, read)


async def test_audit_and_report(planner: CloseWorld) -> None:
    async def read(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await in_slices(world.doubted, count)
        await world.set(f"audience = {2 * count}")
        assert (await audit(world.conn, world.campaign_id)).problems == ()
        await report(world.conn, "typhoon")
        people = [each async for each in recipients(world.conn, world.campaign_id)]
        assert len(people) == 2 * count

    await compare(planner, read)


async def test_an_archive(planner: CloseWorld, tmp_path: Path) -> None:
    async def kept(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await world.set(f"{_OVER}, audience = {count}")
        await tidy(world.conn, SLICE, 1.0)
        await archive(world.conn, world.campaign_id, tmp_path / str(count), drop=True)
        await world.conn.execute("TRUNCATE archive")

    (tmp_path / str(SMALL)).mkdir()
    (tmp_path / str(TIMES * SMALL)).mkdir()
    await compare(planner, kept)


async def test_what_is_asked_back(planner: CloseWorld) -> None:
    await planner.conn.execute(plans.LOOKS_UP)

    async def asked(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await in_slices(world.doubted, count)
        await world.set("state = 'cancelled', launched_at = now()")
        place = (world.campaign_id, world.carrier_no)
        assert len(await world.conn.fetch(sql("withdrawals_due"), [world.carrier_no])) == 1
        await world.conn.execute(sql("withdrawals_begin"), *place)
        slices = await world.conn.fetch(sql("withdrawals_slices"), *place)
        assert len(slices) == 2 * count // SLICE
        for row in slices:
            told = (row["slice_id"], *place, AT, True, SLICE, 0, NOTHING)
            await world.conn.execute(sql("withdrawals_keep"), *told)
        assert await world.conn.fetch(sql("withdrawals_slices"), *place) == []
        (told,) = await withdrawals(world.conn, world.campaign_id)
        assert (told.withdrawn, told.to_ask) == (2 * count, 0)

    await compare(planner, asked)


async def test_who_hears_a_correction(planner: CloseWorld, config: Config) -> None:
    async def heard(world: CloseWorld, count: int) -> None:
        await in_slices(lambda numbers: world.accepted(numbers, SEGMENTS), count)
        await in_slices(world.doubted, count)
        await in_slices(world.waiting, count)
        of = Heard(CampaignId(world.campaign_id), "typhoon", AT, SEGMENTS)
        source = Corrected(of, config, reasons())
        async with world.conn.transaction(isolation="repeatable_read"):
            left_out = await source.left_out(world.conn)
            groups = source.groups(world.conn, {"viettel": CarrierNo(world.carrier_no)}, left_out)
            found = [group for part in [each async for each in groups] for group in part]
        assert sum(len(group.numbers) for group in found) == 2 * count * 12

    await compare(planner, heard)


async def test_leases_to_the_last_slice(planner: CloseWorld, config: Config) -> None:
    await planner.conn.execute(plans.LOOKS_UP)  # as a worker's connections are
    leases = await Leases.register(planner.conn, config, "here", 1)
    journal = Journal(lambda: None)

    async def lease(world: CloseWorld, count: int) -> None:
        await in_slices(world.waiting, count)
        left = count // SLICE
        while left:
            got = await leases.lease_slices(
                world.conn, journal, CarrierNo(world.carrier_no), CampaignId(world.campaign_id), 8, [SEGMENTS]
            )
            assert got
            left -= len(got)
        await leases.give_back_unknown(world.conn)
        await leases.renew(world.conn)
        await leases.reap(world.conn)

    await compare(planner, lease)


async def test_replies_that_opt_out(
    planner: CloseWorld, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.engine.opt_outs.ROUND_MOST", SMALL // 6)
    monkeypatch.setattr("broadcast.engine.replies.ROUND_MOST", SMALL // 6)  # enough of them for a kept plan
    await planner.conn.execute(plans.LOOKS_UP)
    await planner.set("hears_opted_out = false")

    async def replied(world: CloseWorld, count: int) -> None:
        for first in range(FIRST, FIRST + count, SMALL):  # more people are more slices, not larger ones
            await world.waiting(range(first, first + SMALL))
        await world.conn.execute(
            "INSERT INTO subscriber SELECT n, n % 64, $3, false, 1, NULL FROM generate_series($1, $2::bigint - 1) AS n",
            FIRST, FIRST + count, world.carrier_no,
        )  # fmt: skip
        await world.conn.execute(
            """INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source)
               SELECT $3, '', 0, 0, 'STOP', n::text FROM generate_series($1, $2::bigint - 1) AS n""",
            FIRST, FIRST + count, world.carrier_no,
        )  # fmt: skip
        by = Reader(config, Metrics(), {world.carrier_no: "viettel"})
        while await by.round(world.conn):
            pass
        assert await world.balanced() == {"excluded": count}

    await compare(planner, replied)


async def test_held_slices_are_let_go(planner: CloseWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """In many rounds, each of some slices: none reads those of all the others."""
    monkeypatch.setattr(close, "LET_GO_MOST", SLICE)

    async def due(world: CloseWorld, count: int) -> None:
        await held(world, count)
        while await world.conn.fetchval("SELECT EXISTS (SELECT FROM slice WHERE state = 'held')"):
            await tidy(world.conn, SLICE, 1000.0)
        assert await world.balanced() == {"waiting": count}

    await compare(planner, due)


async def test_who_is_under_a_cap_is_looked_at(planner: CloseWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a round, with what another alert told each of them lately; a third one, over long ago, is not read."""
    capped = Limits((), "UTC", (Cap(1, 3600.0),), None, "Act 1")
    others = [await another(planner, f"now() - interval '{ago}'") for ago in ("1 minute", "2 days")]

    async def due(world: CloseWorld, count: int) -> None:
        await world.conn.execute("UPDATE campaign SET rules = $1", json.dumps(capped.document()))
        await world.conn.execute(
            "UPDATE campaign SET finished_at = launched_at WHERE campaign_id = ANY ($1)", others
        )
        for campaign_id in others:
            await world.conn.execute(
                """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, msisdns, sent_until)
                   SELECT $1, $2, 1, 1, 'done', ARRAY[n], launched_at
                     FROM campaign, generate_series($3::bigint, $3 + $4 - 1) AS n WHERE campaign_id = $1""",
                campaign_id, world.carrier_no, FIRST, count,
            )  # fmt: skip
        await held(world, count)
        monkeypatch.setattr(letting_go, "SLICES_MOST", count)
        await letting_go.look(world.conn)
        assert await world.conn.fetchval("SELECT count(*) FROM slice WHERE not_before <= now()") == 0
        assert await world.conn.fetchval("SELECT count(*) FROM slice WHERE state = 'held'") == count

    await compare(planner, due)
