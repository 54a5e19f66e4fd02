"""Migration 0018: campaigns under way in the ledger of before go over, and nobody's state changes by it."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from integration.old_ledger import AT, PEOPLE, OldLedger, make_schema

from broadcast.ledger import recount
from broadcast.ledger.fold import NOBODY
from broadcast.ledger.packing.received import unpack_parked
from broadcast.ledger.packing.result import unpack_result
from broadcast.ledger.packing.sent import unpack_sent
from broadcast.store import migrations, plans
from broadcast.store.pool import connect


@pytest.fixture(params=[1, 2])
async def old(request: pytest.FixtureRequest, empty_database_url: str) -> AsyncIterator[OldLedger]:
    connection = await connect(empty_database_url, check_schema=False)
    await make_schema(connection)
    ledger = OldLedger(connection, request.param)
    await ledger.make_carriers()
    yield ledger
    await connection.close(timeout=10)


def us(at: datetime | None) -> int | None:
    return None if at is None else (at - datetime.fromtimestamp(0, AT.tzinfo)) // timedelta(microseconds=1)


async def before(old: OldLedger, campaign_id: int) -> list[tuple[Any, ...]]:
    rows = await old.conn.fetch(PEOPLE, campaign_id)
    return sorted(
        (row["slice_id"], row["ordinal"], row["msisdn"], row["state"], us(row["submitted_at"]), us(row["settled_at"]),
         row["err"], row["smsc_ids"]) for row in rows
    )  # fmt: skip


async def after(old: OldLedger, campaign_id: int) -> list[tuple[Any, ...]]:
    """What the rows say now; they contradict one another nowhere."""
    found: list[tuple[Any, ...]] = []
    async with old.conn.transaction(isolation="repeatable_read", readonly=True):
        await old.conn.execute(plans.SETS)
        async for rows in recount.slices(old.conn, campaign_id):
            people = recount.folded(rows)
            assert people.problems == ()
            columns = zip(
                people.msisdn.tolist(), people.state.tolist(), people.submitted_at.tolist(), people.settled_at.tolist(),
                people.errs.all(), people.ids(), strict=True,
            )  # fmt: skip
            for ordinal, (msisdn, state, submitted_at, settled_at, err, ids) in enumerate(columns):
                if state != NOBODY:
                    times = submitted_at or None, settled_at or None
                    found.append((rows.slice_id, ordinal, msisdn, state, *times, err, " ".join(ids)))
            for packed in rows.sent:
                sent = unpack_sent(packed)
                assert (sent.left_at <= sent.answered_at).all()
                assert len(sent) == 0 or _time(sent.left_at.min()) >= AT - timedelta(hours=1)
    return sorted(found)


def _time(us: Any) -> datetime:
    return datetime.fromtimestamp(0, AT.tzinfo) + timedelta(microseconds=int(us))


async def tallies(old: OldLedger) -> list[asyncpg.Record]:
    sums = ", ".join(
        f"sum({each})::bigint AS {each}"
        for each in (
            "waiting",
            "in_doubt",
            "accepted",
            "unknown",
            "expired",
            "rejected",
            "undeliverable",
            "delivered",
        )
    )
    return await old.conn.fetch(
        f"SELECT campaign_id, carrier_no, {sums} FROM tally GROUP BY 1, 2 ORDER BY 1, 2"
    )


async def partly(old: OldLedger) -> dict[tuple[int, int, int], tuple[int, int | None, str]]:
    """Segments whose result is known, by (slice_id, ordinal, segment)."""
    return {
        (row["slice_id"], ordinal, segment): (state, at, err)
        for row in await old.conn.fetch("SELECT slice_id, packed FROM result")
        for result in [unpack_result(row["packed"])]
        for ordinal, segment, state, at, err in zip(
            result.ordinals.tolist(), result.segments.tolist(), result.states.tolist(), result.received_at.tolist(),
            result.errs.all(), strict=True,
        )
    }  # fmt: skip


async def received(old: OldLedger) -> Counter[tuple[Any, ...]]:
    """Receipts that a resolver tries when it begins."""
    found: Counter[tuple[Any, ...]] = Counter()
    for row in await old.conn.fetch("SELECT * FROM parked"):
        assert row["no"] < 0
        parked = unpack_parked(row["packed"], row["taken"])
        receipts = parked.receipts
        assert row["receipts"] == len(receipts) and parked.left.all()
        assert us(row["received_at"]) == receipts.received_at.max()
        found.update(
            (row["carrier_no"], *columns)
            for columns in zip(
                receipts.received_at.tolist(), receipts.msisdns.tolist(), receipts.states.tolist(), receipts.errs.all(),
                receipts.ids.texts(), strict=True,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("segments", [1, 2, 5, 17])
async def test_nobody_s_state_changes(old: OldLedger, segments: int) -> None:
    running = await old.campaign("running", segments)
    over = await old.campaign("over", segments, closed=True)
    finished = await old.campaign("finished", segments, closed=True, finished=True)
    await old.park(30)
    was = {number: await before(old, number) for number in (running, over, finished)}
    counted = await tallies(old)
    assert {each[3] for each in was[running]} == {1, 2, 3, 5, 6, 7, 8}
    assert 4 in {each[3] for each in was[over]} and 3 not in {each[3] for each in was[over]}

    await migrations.migrate(old.conn)

    for number, people in was.items():
        assert await after(old, number) == people
    assert await tallies(old) == counted
    closed = await old.conn.fetch("SELECT campaign_id FROM campaign WHERE closed_at IS NOT NULL ORDER BY 1")
    assert [row["campaign_id"] for row in closed] == [over, finished]


async def test_segments_that_have_their_receipt_keep_it(old: OldLedger) -> None:
    for segments in (2, 5, 17):
        await old.campaign(f"of {segments}", segments)
    assert old.partly
    await migrations.migrate(old.conn)
    found = await partly(old)
    assert found.keys() == old.partly.keys()
    for place, (state, at, err) in old.partly.items():
        assert found[place][0::2] == (state, err)
        told = found[place][1]
        assert (
            told is not None and 0 <= told - (us(at) or 0) <= 8_000_000
        )  # in steps of some seconds, never too early


async def test_what_was_accepted_of_the_refused_is_still_known(old: OldLedger) -> None:
    await old.campaign("running", 5)
    assert old.strays
    await migrations.migrate(old.conn)
    found = set()
    for row in await old.conn.fetch("SELECT slice_id, packed FROM sent WHERE worker_no = 0 AND batch = 0"):
        sent = unpack_sent(row["packed"])
        assert len(sent) == 0
        places = zip(
            sent.stray_ordinals.tolist(), sent.stray_segments.tolist(), sent.stray_ids.texts(), strict=True
        )
        found |= {(row["slice_id"], *place) for place in places}
    assert found == old.strays


async def test_receipts_without_a_submission_are_parked(old: OldLedger) -> None:
    """Those in the ring, whose submission may be beside them, and those that were parked."""
    await old.campaign("running", 5)
    await old.park(200)
    await migrations.migrate(old.conn)
    assert await received(old) == Counter(
        (carrier_no, us(at), msisdn or 0, state, err, smsc_id)
        for carrier_no, at, msisdn, state, err, smsc_id in old.unmet
    )


async def test_many_receipts_are_several_rows(old: OldLedger) -> None:
    """In the order in which they came."""
    await old.conn.execute(
        """INSERT INTO unmatched_receipt SELECT $2::timestamptz + n * interval '1 ms', n, $1, 8, '000', n::text
             FROM generate_series(1, 50001) AS n""",
        old.carriers[0], AT,
    )  # fmt: skip
    await migrations.migrate(old.conn)
    rows = await old.conn.fetch("SELECT no, receipts, packed FROM parked ORDER BY no")
    assert [(row["no"], row["receipts"]) for row in rows] == [(-3, 20_000), (-2, 20_000), (-1, 10_001)]
    first = unpack_parked(rows[0]["packed"], b"").receipts
    assert int(first.received_at[0]) == us(AT + timedelta(milliseconds=1))
    assert (await received(old)).total() == 50_001


async def test_who_was_accepted_at_the_last_moment_is_unknown_with_the_others(old: OldLedger) -> None:
    """A moment later the closing would have come to the ring's rows too."""
    number = await old.campaign("over", 1, closed=True)
    was = {(row["slice_id"], row["ordinal"]): row["state"] for row in await old.conn.fetch(PEOPLE, number)}
    slice_id, ordinal = next(place for place, state in was.items() if state == 4)
    await old.conn.execute(
        """WITH gone AS (DELETE FROM open_submission WHERE slice_id = $1 AND ordinal = $2 RETURNING *)
           INSERT INTO submission (bucket, submitted_at, campaign_id, slice_id, carrier_no, ordinal, segment,
                                   segments, smsc_id)
           SELECT 7, submitted_at, campaign_id, slice_id, carrier_no, ordinal, segment, segments, smsc_id FROM gone""",
        slice_id, ordinal,
    )  # fmt: skip
    await old.conn.execute(
        """UPDATE tally SET accepted = accepted + 1, unknown = unknown - 1
            WHERE campaign_id = $1 AND carrier_no = (SELECT carrier_no FROM slice WHERE slice_id = $2)""",
        number, slice_id,
    )  # fmt: skip
    await migrations.migrate(old.conn)
    assert {(each[0], each[1]): each[3] for each in await after(old, number)} == was
    assert sum(row["accepted"] for row in await tallies(old)) == 0
    assert sum(row["unknown"] for row in await tallies(old)) == sum(state == 4 for state in was.values())


async def test_what_is_left_of_an_archived_campaign_goes(old: OldLedger) -> None:
    number = await old.campaign("archived", 2)
    await old.conn.execute("DELETE FROM slice")
    await old.conn.execute(
        "INSERT INTO archive (campaign_id, place, recipients, checksum, archived_by) VALUES ($1, '/x', 1, 1, 'an')",
        number,
    )
    await migrations.migrate(old.conn)
    assert await old.conn.fetchval("SELECT count(*) FROM sent") == 0
    assert await old.conn.fetchval("SELECT count(*) FROM result") == 0


async def test_the_move_is_announced_where_it_takes_a_while(old: OldLedger) -> None:
    assert await migrations.old_ledger(old.conn) is None
    await old.conn.execute(
        """INSERT INTO unmatched_receipt SELECT $2, n, $1, 8, '000', n::text FROM generate_series(1, 250000) AS n""",
        old.carriers[0], AT,
    )  # fmt: skip
    found = await migrations.old_ledger(old.conn)
    assert found is not None and found.octets > 15_000_000 and found.seconds > 1
    await migrations.migrate(old.conn)
    assert await migrations.old_ledger(old.conn) is None


async def test_nothing_of_the_old_ledger_is_left(old: OldLedger) -> None:
    await migrations.migrate(old.conn)
    left = await old.conn.fetch(
        """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
              AND relname ~ '^(submission|receipt|settling|open_submission|unmatched|ledger_ring|moving)'
           UNION ALL
           SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              AND proname ~ '^(moving|ledger_enter|archive_recipients)'"""
    )
    assert left == []
