"""Buckets that are settled and kept: late receipts find their submissions there, and nothing is lost as they turn."""

import asyncio

import asyncpg
import pytest
from integration.ledger_world import AT, World
from waiting import PATIENCE_S, until

from broadcast.errors import DatabaseError
from broadcast.ledger.row_books import RowBooks
from broadcast.ledger.settle import BUCKETS, KEPT, behind, rotate, settle_all, settle_next
from broadcast.ledger.states import RecipientState
from broadcast.reports import audit as auditing
from broadcast.reports.audit import audit
from broadcast.store.pool import connect
from broadcast.store.queries import sql

DELIVERED, UNDELIVERABLE = RecipientState.DELIVERED, RecipientState.UNDELIVERABLE


async def turn(world: World, times: int = 1) -> None:
    """Commit what there is, close the bucket, settle it; the books balance after each."""
    for _ in range(times):
        await world.writer.flush()
        await rotate(world.conn, 0.0)
        await settle_next(world.conn, 0.0)
        result = await audit(world.conn, world.campaign_id)
        assert result.problems == ()
        assert result.balanced


async def kept_and_open(world: World) -> tuple[int, int]:
    return (
        await world.conn.fetchval("SELECT count(*) FROM submission"),
        await world.conn.fetchval("SELECT count(*) FROM open_submission"),
    )


@pytest.mark.parametrize("late", range(KEPT + 3))
async def test_a_receipt_finds_its_submission_however_late(world: World, late: int) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(2)
    slice_.accept(0, "a", AT)
    slice_.accept(1, "b", AT)
    slice_.touched()
    if late:
        await turn(world, late)
        assert await kept_and_open(world) == ((2, 0) if late <= KEPT else (0, 2))
    world.receipt("a", DELIVERED, 84321000001)
    await turn(world)
    assert await world.tally() == {"accepted": 1, "delivered": 1}
    assert sum(await kept_and_open(world)) == 1
    world.receipt("b", UNDELIVERABLE, 84321000002)
    await turn(world)
    assert await world.tally() == {"undeliverable": 1, "delivered": 1}
    assert await kept_and_open(world) == (0, 0)
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 0


@pytest.mark.parametrize("gap", [0, 1, KEPT, KEPT + 2])
async def test_segments_whose_receipts_come_in_different_buckets(world: World, gap: int) -> None:
    slice_ = await world.slice([84321000001, 84321000002], segments=3)
    slice_.intend_next(2)
    slice_.accept_parts(0, ["a1", "a2", "a3"], AT)
    slice_.accept_parts(1, ["b1", "b2", "b3"], AT)
    slice_.touched()
    await turn(world)
    for number in (2, 3, 1):
        world.receipt(f"a{number}", DELIVERED, 84321000001)
        await turn(world, 1 + gap)
    assert await world.tally() == {"accepted": 1, "delivered": 1}
    row = await world.conn.fetchrow("SELECT ordinal, segments, smsc_ids FROM outcome")
    assert row is not None
    assert tuple(row) == (0, 3, "a1 a2 a3")


async def test_a_receipt_told_twice_beside_others_told_once(world: World) -> None:
    slice_ = await world.slice(range(84321000001, 84321000006))
    slice_.intend_next(5)
    for ordinal in range(5):
        slice_.accept(ordinal, f"id{ordinal}", AT)
    slice_.touched()
    for again in range(2):  # the first time it is noticed, the second time it is expected
        for number in (2 * again, 2 * again + 1, 2 * again):
            world.receipt(f"id{number}", DELIVERED)
        await turn(world)
        assert await world.conn.fetchval("SELECT repeats FROM ledger_ring")
    world.receipt("id4", DELIVERED)
    await turn(world)
    assert not await world.conn.fetchval("SELECT repeats FROM ledger_ring")
    assert await world.tally() == {"delivered": 5}
    counts = await world.conn.fetchrow(
        "SELECT sum(received), sum(matched), sum(duplicate) FROM carrier_tally"
    )
    assert counts is not None
    assert tuple(counts) == (7, 5, 2)


@pytest.mark.parametrize("segments", [1, 2])
async def test_a_receipt_told_twice_in_one_bucket_for_an_open_submission(world: World, segments: int) -> None:
    """Found by chaos seed 4: receipts held up by a lost database come together with their repeats."""
    slice_ = await world.slice([84321000001], segments=segments)
    slice_.intend_next(1)
    slice_.accept_parts(0, [f"a{number}" for number in range(segments)], AT)
    slice_.touched()
    await turn(world, KEPT + 2)
    assert await kept_and_open(world) == (0, segments)
    for number in range(segments):
        world.receipt(f"a{number}", UNDELIVERABLE, 84321000001)
        world.receipt(f"a{number}", DELIVERED, 84321000001)
    await turn(world)
    assert await world.tally() == {"delivered": 1}
    counts = await world.conn.fetchrow("SELECT sum(matched), sum(duplicate) FROM carrier_tally")
    assert counts is not None
    assert tuple(counts) == (segments, segments)


async def test_a_receipt_told_twice_in_one_bucket_before_its_submission(world: World) -> None:
    slice_ = await world.slice([84321000001])
    for _ in range(2):
        world.receipt("a", DELIVERED, 84321000001)
    await turn(world)
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 1
    slice_.intend_next(1)
    slice_.accept(0, "a", AT)
    slice_.touched()
    await turn(world)
    assert await world.tally() == {"delivered": 1}


async def test_segments_that_share_one_id_share_its_receipts(world: World) -> None:
    slice_ = await world.slice([84321000001], segments=3)
    slice_.intend_next(1)
    slice_.accept_parts(0, ["same", "same", "same"], AT)
    slice_.touched()
    await turn(world)
    for _ in range(3):
        world.receipt("same", DELIVERED)
    await turn(world)
    assert await world.tally() == {"delivered": 1}


async def test_the_ring_never_closes_over_what_is_kept(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    slice_.accept(0, "a", AT)
    slice_.touched()
    await turn(world)
    for number in range(2 * BUCKETS):
        world.receipt(f"unknown{number}", DELIVERED)
        await world.writer.flush()
        await rotate(world.conn, 0.0)
    assert await behind(world.conn) == BUCKETS - KEPT - 1
    world.receipt("a", DELIVERED)
    await world.writer.flush()
    while (await settle_next(world.conn, 0.0)).settled:
        pass
    await turn(world)
    assert await world.tally() == {"delivered": 1}


async def test_one_receipt_ends_one_doubt_of_two_campaigns(world: World) -> None:
    first = await world.slice([84321000001])
    second = await world.slice([84321000001])
    for slice_ in (first, second):
        slice_.intend_next(1)
        slice_.doubt(0, "link_lost")
        slice_.touched()
        await world.writer.flush()
    world.receipt("x", DELIVERED, 84321000001)
    await turn(world)
    assert await world.tally() == {"in_doubt": 1, "delivered": 1}
    ended = await world.conn.fetch("SELECT slice_id FROM in_doubt WHERE ended_at IS NOT NULL")
    assert [row["slice_id"] for row in ended] == [first.slice_id]  # in doubt for longer
    world.receipt("y", DELIVERED, 84321000001)
    await turn(world)
    assert await world.tally() == {"delivered": 2}


async def test_an_audit_amid_settlement_sees_every_row_once(world: World) -> None:
    """The settler truncates what it settled; a snapshot made before that must not miss it."""
    slice_ = await world.slice(range(84321000001, 84321000001 + 2000))
    slice_.intend_next(2000)
    settler = await connect(world.url)
    auditor = await connect(world.url)
    try:

        async def settle_on() -> None:
            for first in range(0, 2000, 50):
                for ordinal in range(first, first + 50):
                    slice_.accept(ordinal, f"id{ordinal}", AT)
                    if ordinal % 2:
                        world.receipt(f"id{ordinal}", DELIVERED)
                slice_.touched()
                await world.writer.flush()
                await rotate(settler, 0.0)
                await settle_next(settler, 0.0)

        settling = asyncio.create_task(settle_on())
        audits = 0
        while not settling.done():
            assert (await audit(auditor, world.campaign_id)).problems == ()
            audits += 1
        await settling
        assert audits > 5
        await settle_all(settler)
        assert await world.tally() == {"accepted": 1000, "delivered": 1000}
    finally:
        await auditor.close()
        await settler.close()


async def kept_accepted(world: World) -> None:
    """One recipient accepted, whose row the ring holds."""
    leased = await world.slice([84321000001])
    leased.intend_next(1)
    leased.accept(0, "id-0", AT)
    await world.writer.flush()


async def test_the_ring_is_settled_and_truncated_while_an_audit_counts_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 125 million recipients that takes minutes, with the ring's locks kept for as long."""
    await kept_accepted(world)
    auditor, counting, settled = await connect(world.url), asyncio.Event(), asyncio.Event()
    real = RowBooks.counted

    async def counted(*arguments):  # type: ignore[no-untyped-def]
        counting.set()
        await settled.wait()
        return await real(*arguments)

    monkeypatch.setattr(RowBooks, "counted", counted)
    task = asyncio.create_task(audit(auditor, world.campaign_id), name="audit")
    async with asyncio.timeout(PATIENCE_S):
        await counting.wait()
        assert (
            await world.conn.fetchval(
                """SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
                    WHERE pid = $1 AND (relname LIKE 'submission%' OR relname LIKE 'receipt%')""",
                auditor.get_server_pid(),
            )
            == 0
        )
        await rotate(world.conn, 0.0)
        for _ in range(KEPT + 1):
            await settle_next(world.conn, 0.0)
            await rotate(world.conn, 0.0)
        assert await kept_and_open(world) == (0, 1)  # it was truncated
        settled.set()
        assert (await task).problems == ()  # and counted as the ring was, once
    await auditor.close()


async def test_a_suspended_audit_does_not_stop_settlement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-Z in `campaign audit` just then: the server ends its session."""
    monkeypatch.setattr(auditing, "_LIMITS", auditing._LIMITS.replace("10s", "300ms"))
    for query in ("settling_stops", "audit_ring"):  # idle, and idle in a transaction
        auditor, text, reached = await connect(world.url), sql(query), asyncio.Event()
        name = "execute" if query == "settling_stops" else "fetch"
        real = getattr(asyncpg.Connection, name)

        def suspended(real, text, reached):  # type: ignore[no-untyped-def]
            async def call(self, asked, *arguments, **more):  # type: ignore[no-untyped-def]
                found = await real(self, asked, *arguments, **more)
                if asked == text:
                    reached.set()
                    await asyncio.sleep(60)
                return found

            return call

        with monkeypatch.context() as patch:
            patch.setattr(asyncpg.Connection, name, suspended(real, text, reached))
            task = asyncio.create_task(audit(auditor, world.campaign_id), name="audit")
            await reached.wait()
        assert not await world.conn.fetchval(sql("settler_claim"))
        await until(lambda: world.conn.fetchval(sql("settler_claim")), "settlement goes on")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        auditor.terminate()


async def test_an_audit_waits_for_a_settlement_and_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "_LIMITS", auditing._LIMITS.replace("60s", "200ms"))
    await kept_accepted(world)
    settler = await connect(world.url)
    await world.conn.execute("SET idle_in_transaction_session_timeout = '2s'")
    async with settler.transaction():
        assert await settler.fetchval(sql("settler_claim"))
        with pytest.raises(DatabaseError, match="audit again"):
            await audit(world.conn, world.campaign_id)
    assert (await audit(world.conn, world.campaign_id)).problems == ()
    for name, value in (
        ("lock_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("idle_in_transaction_session_timeout", "2s"),
    ):
        assert await world.conn.fetchval(f"SHOW {name}") == value  # as it was
    await settler.close()
