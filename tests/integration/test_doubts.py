"""Everybody in doubt, by name: who gets there, what ends it, and what becomes of both copies (law 2)."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import asyncpg
import pytest
from integration.ledger_world import AT, World
from integration.resolved import parked, resolve_all, said
from waiting import PATIENCE_S, until

from broadcast.campaign import orders
from broadcast.channel.receipt import Receipt
from broadcast.engine.leases import doubt_orphans
from broadcast.ids import SliceId
from broadcast.ledger import leased as slices
from broadcast.ledger.close import tidy
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit
from broadcast.store import pool

NUMBER = 84321000001
DELIVERED, UNDELIVERABLE = RecipientState.DELIVERED, RecipientState.UNDELIVERABLE


def now_us() -> int:
    return int(time.time() * 1_000_000)


async def balanced(world: World) -> dict[str, int]:
    assert (await audit(world.conn, world.campaign_id)).problems == ()
    return await world.tally()


async def told(world: World, smsc_id: str, state: RecipientState, msisdn: int | None = NUMBER) -> None:
    """A receipt, now, committed and settled as far as it can be."""
    at = now_us()
    world.writer.journal.receipts(
        world.carrier_no, [Receipt(b"", int(state), smsc_id, "000", msisdn)], at, lambda: None
    )
    await world.writer.flush()
    await resolve_all(world.conn)


async def doubted(
    world: World, msisdns: list[int], segments: int = 1, sent_after: int = AT
) -> slices.LeasedSlice:
    """A slice whose recipients are all in doubt."""
    leased = await world.slice(msisdns, segments)
    for ordinal in leased.intend_next(len(msisdns)):
        leased.doubt(ordinal, "link_lost", sent_after)
    await world.writer.flush()
    await resolve_all(world.conn)
    return leased


async def second_copy(world: World) -> slices.LeasedSlice:
    """Lease the slice that was made of those who are resent, as a worker does."""
    row = await world.conn.fetchrow(
        """UPDATE slice SET state = 'leased', worker_no = $1, token = token + 1, segments = 1
            WHERE resends AND state = 'ready' RETURNING slice_id, token, msisdns""",
        world.worker_no,
    )
    assert row is not None
    return slices.LeasedSlice(
        world.writer.journal, slice_id=SliceId(row["slice_id"]), campaign_id=world.campaign_id,
        carrier_no=world.carrier_no, token=row["token"], awaited=1, mark=0, answered=b"", retry=b"",
        msisdns=row["msisdns"],
    )  # fmt: skip


async def accepted(world: World, leased: slices.LeasedSlice, smsc_id: str, left_at: int = 0) -> None:
    """Its only recipient is sent, now or then, and answered now."""
    leased.intend_next(1)
    leased.accept(0, smsc_id, left_at or now_us(), now_us())
    await world.writer.flush()
    await resolve_all(world.conn)


async def receipts_placed(world: World) -> tuple[int, int, int]:
    """(received, matched, parked)"""
    row = await world.conn.fetchrow(
        "SELECT sum(received) AS received, sum(matched) AS matched FROM carrier_tally"
    )
    assert row is not None
    return (
        row["received"],
        row["matched"],
        await parked(world.conn),
    )


# ------------------------------------------------------------------ who gets there


async def test_a_crash_puts_exactly_those_in_doubt_who_may_have_been_sent(world: World) -> None:
    """Intended without an answer: in doubt. Answered, refused for the moment, never intended: not."""
    leased = await world.slice([NUMBER + number for number in range(8)])
    leased.intend_next(5)
    leased.accept(0, "id-0", now_us(), now_us())
    leased.take_back([1])
    leased.doubt(2, "no_response", AT)
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 4, "in_doubt": 3, "accepted": 1}
    await world.conn.execute("UPDATE slice SET state = 'ready', worker_no = NULL, token = token + 1")
    async with world.conn.transaction():
        assert await doubt_orphans(world.conn, [leased.slice_id]) == 2
    found = await world.conn.fetch("SELECT msisdn - $1 AS number, reason FROM in_doubt ORDER BY 1", NUMBER)
    assert [tuple(row) for row in found] == [
        (2, "no_response"),
        (3, "worker_lost"),
        (4, "worker_lost"),
    ]
    assert await balanced(world) == {"waiting": 4, "in_doubt": 3, "accepted": 1}
    row = await world.conn.fetchrow("SELECT mark, answered, retry, state FROM slice")
    assert row is not None
    assert (row["mark"], row["answered"], row["retry"], row["state"]) == (5, b"\x1d", b"\x02", "ready")


# ------------------------------------------------------------------ what ends it


@pytest.mark.parametrize("policy", ["resend", "hold"])
async def test_a_receipt_that_came_before_the_doubt_ends_it(world: World, policy: str) -> None:
    """The answer never came, its timeout is long, and nothing else is going on: nobody gets a second copy."""
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = $1", policy)
    leased = await world.slice([NUMBER])
    leased.intend_next(1)
    await world.writer.flush()
    await told(world, "never-learnt", DELIVERED)
    assert await balanced(world) == {"in_doubt": 1}
    leased.doubt(0, "no_response", AT)
    await world.writer.flush()
    await resolve_all(world.conn)
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt") == "receipt"
    assert await receipts_placed(world) == (1, 1, 0)


async def test_a_receipt_that_came_before_the_submit_left_ends_no_doubt(world: World) -> None:
    """Of an older message to that number."""
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    await doubted(world, [NUMBER], sent_after=now_us() + 60_000_000)
    await told(world, "older", DELIVERED)
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}


async def test_half_a_message_stays_in_doubt_until_all_its_receipts_are_there(world: World) -> None:
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    await doubted(world, [NUMBER], segments=3)
    for smsc_id in ("a", "b"):
        await told(world, smsc_id, DELIVERED)
    assert await balanced(world) == {"in_doubt": 1}
    await told(world, "c", UNDELIVERABLE)
    assert await balanced(world) == {"undeliverable": 1}
    assert await said(world.conn, world.campaign_id) == {NUMBER: ("undeliverable", "000", "a b c")}


@pytest.mark.parametrize("first", ["answered", "receipt"])
async def test_a_receipt_and_a_late_answer_at_the_same_moment_end_a_doubt_once(
    world: World, first: str
) -> None:
    """Whoever is second finds it ended, and the receipt is for what the answer told."""
    leased = await doubted(world, [NUMBER])
    world.writer._patience = pool.Patience(PATIENCE_S, PATIENCE_S)
    world.writer.journal.receipts(
        world.carrier_no, [Receipt(b"", int(DELIVERED), "a1", "000", NUMBER)], now_us(), lambda: None
    )
    await world.writer.flush()
    world.writer.journal.late(LateAnswer(leased.slice_id, 0, ("a1",), "", AT, now_us()))
    writing = await world.writer._connected()
    async with world.connected() as resolving, world.connected() as holding:
        acts: dict[str, tuple[asyncpg.Connection, Callable[[], Coroutine[Any, Any, None]]]] = {
            "answered": (writing, world.writer.flush),
            "receipt": (resolving, lambda: resolve_all(resolving)),
        }
        async with holding.transaction():
            await holding.execute(
                "LOCK TABLE sent IN SHARE MODE"
            )  # both write there, once they have ended the doubt
            acting = []
            for connection, act in sorted(acts.values(), key=lambda one: one is not acts[first]):
                acting.append(asyncio.create_task(act()))
                await until(partial(waits, world, connection.get_server_pid()), "it waits for a lock")
        await asyncio.gather(*acting)
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt") == first
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}
    assert await said(world.conn, world.campaign_id) == {NUMBER: ("delivered", "000", "a1")}
    assert await receipts_placed(world) == (1, 1, 0)


async def waits(world: World, pid: int) -> bool:
    """That session waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1"
    return bool(await world.conn.fetchval(query, pid))


# ------------------------------------------------------------------ both copies


async def test_a_late_answer_tells_the_first_copys_id_after_the_second_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    await accepted(world, await second_copy(world), "second")
    world.writer.journal.late(LateAnswer(first.slice_id, 0, ("first",), "", AT, now_us()))
    await world.writer.flush()
    assert await balanced(world) == {"accepted": 1}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 2
    await told(world, "first", DELIVERED)
    await told(world, "second", UNDELIVERABLE)
    monkeypatch.setattr("broadcast.ledger.resolver.doubts.COPY_US", 0)
    await resolve_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1}
    row = await world.conn.fetchrow("SELECT ended_as, first_ids, first_state FROM in_doubt")
    assert row is not None
    assert tuple(row) == ("resent", [b"first"], DELIVERED)
    assert await receipts_placed(world) == (2, 2, 0)


async def test_the_first_copys_receipt_is_kept_with_its_name_though_its_id_was_never_learnt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    await told(world, "first", DELIVERED)
    await tidy(world.conn, 100, 1000.0)
    placed = await receipts_placed(world)
    assert placed == (1, 0, 1)  # it might be the second copy's, whose answer is under way
    await accepted(world, leased, "second")
    await told(world, "second", DELIVERED)
    monkeypatch.setattr("broadcast.ledger.resolver.doubts.COPY_US", 0)
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}
    assert await said(world.conn, world.campaign_id) == {NUMBER: ("delivered", "000", "second")}
    assert await world.conn.fetchval("SELECT first_ids FROM in_doubt") == [b"first"]
    assert await receipts_placed(world) == (2, 2, 0)


async def test_a_second_copys_early_receipt_waits_for_its_answer(world: World) -> None:
    await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    left_at = now_us()
    await told(world, "second", DELIVERED)
    for _ in range(3):
        await resolve_all(world.conn)
    await accepted(world, leased, "second", left_at)
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT first_ids FROM in_doubt") == []


async def test_a_receipt_stays_for_whoever_is_still_in_doubt(world: World) -> None:
    """The second copy of a longer message is in doubt too: its receipts, one by one, are not the first copy's."""
    await doubted(world, [NUMBER], segments=2)
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    await world.conn.execute("UPDATE slice SET segments = 2 WHERE resends")
    leased.awaited = 2
    leased.intend_next(1)
    leased.doubt(0, "link_lost", AT)
    await world.writer.flush()
    for smsc_id in ("a", "b"):
        await told(world, smsc_id, DELIVERED)
        await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"delivered": 1}
    assert await said(world.conn, world.campaign_id) == {NUMBER: ("delivered", "000", "a b")}


# ------------------------------------------------------------------ a cancel that no worker sees


async def test_a_cancel_without_a_worker_ends_everybody_who_waits(world: World) -> None:
    leased = await world.slice([NUMBER, NUMBER + 1, NUMBER + 2])
    leased.intend_next(2)
    leased.accept(0, "gone", now_us(), now_us())
    leased.take_back([1])
    leased.let_go()
    await world.writer.flush()
    await world.conn.execute("UPDATE campaign SET state = 'cancelled'")
    await orders.end_stopped(world.conn)
    assert await balanced(world) == {"accepted": 1, "excluded": 2}
    assert await world.conn.fetchval("SELECT finished_at FROM campaign") is None
    await told(world, "gone", DELIVERED)
    await orders.end_stopped(world.conn)
    assert await balanced(world) == {"delivered": 1, "excluded": 2}
    assert await world.conn.fetchval("SELECT finished_at FROM campaign") is not None
