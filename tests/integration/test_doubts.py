"""Everybody in doubt, by name: who gets there, what ends it, and what becomes of both copies (law 2)."""

import asyncio
import time

import pytest
from broadcast.ledger.settle import rotate, settle_all
from integration.ledger_world import World
from waiting import PATIENCE_S

from broadcast.engine.leases import doubt_orphans
from broadcast.ledger import close, rows
from broadcast.ledger.close import RESENDS_MOST, tidy
from broadcast.ledger.journal import LateAnswer, LeasedSlice, SliceId
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit
from broadcast.store.pool import connect
from broadcast.store.queries import sql

NUMBER = 84321000001
DELIVERED, UNDELIVERABLE = RecipientState.DELIVERED, RecipientState.UNDELIVERABLE


async def balanced(world: World) -> dict[str, int]:
    assert (await audit(world.conn, world.campaign_id)).problems == ()
    return await world.tally()


async def told(world: World, smsc_id: str, state: RecipientState, msisdn: int | None = NUMBER) -> None:
    """A receipt, now, committed and settled as far as it can be."""
    at = rows.copy_time(time.time())
    world.writer.journal.receipts(
        world.carrier_no, [(None, int(state), smsc_id, "000", msisdn)], at, lambda: None
    )
    await world.writer.flush()
    await settle_all(world.conn)


async def doubted(world: World, msisdns: list[int], segments: int = 1) -> LeasedSlice:
    """A slice whose recipients are all in doubt."""
    leased = await world.slice(msisdns, segments)
    for ordinal in leased.intend_next(len(msisdns)):
        leased.doubt(ordinal, "link_lost")
    await world.writer.flush()
    return leased


async def second_copy(world: World) -> LeasedSlice:
    """Lease the slice that was made of those who are resent, as a worker does."""
    row = await world.conn.fetchrow(
        """UPDATE slice SET state = 'leased', worker_no = $1, token = token + 1, segments = 1
            WHERE resends AND state = 'ready' RETURNING slice_id, token, msisdns""",
        world.worker_no,
    )
    assert row is not None
    return LeasedSlice(
        world.writer.journal, slice_id=SliceId(row["slice_id"]), campaign_id=world.campaign_id,
        carrier_no=world.carrier_no, token=row["token"], segments=1, mark=0, answered=b"", retry=b"",
        msisdns=row["msisdns"],
    )  # fmt: skip


async def accepted(world: World, leased: LeasedSlice, smsc_id: str) -> None:
    """Its only recipient is sent and answered."""
    leased.intend_next(1)
    leased.accept(0, smsc_id, rows.copy_time(time.time()))
    leased.touched()
    await world.writer.flush()
    await settle_all(world.conn)


async def receipts_placed(world: World) -> tuple[int, int, int]:
    """(received, matched, parked)"""
    row = await world.conn.fetchrow(
        "SELECT sum(received) AS received, sum(matched) AS matched FROM carrier_tally"
    )
    assert row is not None
    return (
        row["received"],
        row["matched"],
        await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt"),
    )


# ------------------------------------------------------------------ who gets there


async def test_a_crash_puts_exactly_those_in_doubt_who_may_have_been_sent(world: World) -> None:
    """Intended without an answer: in doubt. Answered, refused for the moment, never intended: not."""
    leased = await world.slice([NUMBER + number for number in range(8)])
    leased.intend_next(5)
    leased.accept(0, "id-0", rows.copy_time(time.time()))
    leased.take_back([1])
    leased.doubt(2, "no_response")
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 4, "in_doubt": 3, "accepted": 1}
    await world.conn.execute("UPDATE slice SET state = 'ready', worker_no = NULL, token = token + 1")
    async with world.conn.transaction():
        assert await doubt_orphans(world.conn, [leased.slice_id]) == 2
    found = await world.conn.fetch("SELECT msisdn - $1 AS number, reason FROM in_doubt ORDER BY 1", NUMBER)
    assert [tuple(row) for row in found] == [(2, "no_response"), (3, "worker_lost"), (4, "worker_lost")]
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
    leased.doubt(0, "no_response")
    await world.writer.flush()
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt") == "receipt"
    assert await receipts_placed(world) == (1, 1, 0)


async def test_a_receipt_that_is_not_settled_yet_keeps_its_recipient_from_being_resent(world: World) -> None:
    """It came within the grace period, and its bucket is still written when that is over."""
    await doubted(world, [NUMBER])
    await settle_all(world.conn)
    world.receipt("never-learnt", DELIVERED, NUMBER)
    await world.writer.flush()
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await settle_all(world.conn)
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"delivered": 1}


async def test_another_campaigns_receipt_and_one_from_before_end_no_doubt(world: World) -> None:
    """By number alone only what came since the launch, and what no other submission claims."""
    await world.conn.execute(
        "UPDATE campaign SET launched_at = now() + interval '1 minute', in_doubt_policy = 'hold'"
    )
    await doubted(world, [NUMBER])
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
    assert await world.conn.fetchval("SELECT smsc_ids FROM outcome") == "a b c"


# ------------------------------------------------------------------ who is resent


async def test_within_the_grace_period_nobody_is_resent_and_after_it_only_by_policy(world: World) -> None:
    await world.conn.execute("UPDATE campaign SET grace_s = 3600")
    await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await world.conn.execute("UPDATE campaign SET grace_s = 0, in_doubt_policy = 'hold'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'resend', state = 'paused'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await world.conn.execute("UPDATE campaign SET state = 'running'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"waiting": 1}
    named = await world.conn.fetch("SELECT msisdn FROM in_doubt WHERE ended_as = 'resent'")
    assert [row["msisdn"] for row in named] == [NUMBER]


async def test_nobody_is_resent_for_ever(world: World) -> None:
    """A carrier that takes everything and answers nothing: a bounded number of copies, then it is held."""
    leased = await doubted(world, [NUMBER])
    for resends in range(1, RESENDS_MOST + 1):
        await tidy(world.conn, 100, 1000.0)
        assert await balanced(world) == {"waiting": 1}
        leased = await second_copy(world)
        leased.intend_next(1)
        leased.doubt(0, "no_response")
        leased.let_go()
        await world.writer.flush()
        assert await world.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'") == resends
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await told(world, "any-copy", DELIVERED)
    assert await balanced(world) == {"delivered": 1}


async def test_who_was_refused_and_is_in_doubt_over_another_messages_receipt_is_sent_again(
    world: World,
) -> None:
    """Whatever the policy: a refusal is an answer, and the receipt belonged to a submission of another campaign."""
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    leased = await world.slice([NUMBER, NUMBER + 1])
    leased.intend_next(2)
    leased.doubt(0, "receipt_after_refusal")
    leased.doubt(1, "link_lost")
    await world.writer.flush()
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 2}
    await world.conn.execute("UPDATE in_doubt SET since = now() - interval '31 seconds'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"waiting": 1, "in_doubt": 1}
    assert await world.conn.fetchval("SELECT msisdns FROM slice WHERE resends") == [NUMBER]


async def test_an_outage_does_not_count_as_grace(world: World) -> None:
    """Whoever was in doubt before it: receipts come when it is over, and are settled a little later."""
    await world.conn.execute("UPDATE campaign SET grace_s = 30")
    await doubted(world, [NUMBER])
    await world.conn.execute("UPDATE in_doubt SET since = now() - interval '2 minutes'")
    await tidy(world.conn, 100, 1000.0, steady_s=29.0)
    assert await balanced(world) == {"in_doubt": 1}
    await tidy(world.conn, 100, 1000.0, steady_s=30.0)
    assert await balanced(world) == {"waiting": 1}


async def test_nobody_is_resent_while_receipts_wait_to_be_settled(world: World) -> None:
    await doubted(world, [NUMBER])
    at = rows.copy_time(time.time())
    world.writer.journal.receipts(
        world.carrier_no, [(None, int(DELIVERED), "theirs", "000", NUMBER)], at, lambda: None
    )
    await world.writer.flush()
    await rotate(world.conn, 0.0)
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"in_doubt": 1}
    await settle_all(world.conn)
    assert await balanced(world) == {"delivered": 1}


def test_settlement_is_steady_since_the_last_gap() -> None:
    steady = close.Steady()
    assert steady.seen(0.0, 100.0) == 0.0
    assert steady.seen(0.0, 101.0) == 1.0
    assert steady.seen(2.0, 104.0) == 4.0  # a bucket waits, as one does now and then
    assert steady.seen(0.0, 105.0) == 5.0
    assert steady.seen(0.0, 111.0) == 0.0  # the database was away
    assert [steady.seen(9.0, now) for now in (112.0, 117.0)] == [1.0, 0.0]  # behind for long
    assert steady.seen(0.0, 118.0) == 0.0
    assert steady.seen(0.0, 119.0) == 1.0


# ------------------------------------------------------------------ both copies


async def test_a_late_answer_tells_the_first_copys_id_after_the_second_was_sent(world: World) -> None:
    first = await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    await accepted(world, await second_copy(world), "second")
    world.writer.journal.late(LateAnswer(first.slice_id, 0, ("first",), ""))
    await world.writer.flush()
    assert await balanced(world) == {"accepted": 1}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 2
    await told(world, "first", DELIVERED)
    await told(world, "second", UNDELIVERABLE)
    await tidy(world.conn, 100, 1000.0, first_copy_s=0.0)
    assert await balanced(world) == {"undeliverable": 1}
    row = await world.conn.fetchrow("SELECT ended_as, first_ids, first_state FROM in_doubt")
    assert row is not None
    assert tuple(row) == ("resent", "first", DELIVERED)
    assert await receipts_placed(world) == (2, 2, 0)


async def test_the_first_copys_receipt_is_kept_with_its_name_though_its_id_was_never_learnt(
    world: World,
) -> None:
    await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    await told(world, "first", DELIVERED)
    await tidy(world.conn, 100, 1000.0)
    assert await receipts_placed(world) == (
        1,
        0,
        1,
    )  # it might be the second copy's, whose answer is under way
    await accepted(world, leased, "second")
    await told(world, "second", DELIVERED)
    await tidy(world.conn, 100, 1000.0, first_copy_s=0.0)
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT smsc_ids FROM outcome") == "second"
    assert await world.conn.fetchval("SELECT first_ids FROM in_doubt") == "first"
    assert await receipts_placed(world) == (2, 2, 0)


async def test_a_second_copys_early_receipt_waits_for_its_answer(world: World) -> None:
    await doubted(world, [NUMBER])
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    await told(world, "second", DELIVERED)
    for _ in range(3):
        await tidy(world.conn, 100, 1000.0)
    await accepted(world, leased, "second")
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT first_ids FROM in_doubt") == ""
    assert close.FIRST_COPY_S > 60  # the response timeout that a bind has unless it says otherwise


async def test_a_receipt_stays_for_whoever_is_still_in_doubt(world: World) -> None:
    """The second copy of a longer message is in doubt too: its receipts, one by one, are not the first copy's."""
    await doubted(world, [NUMBER], segments=2)
    await tidy(world.conn, 100, 1000.0)
    leased = await second_copy(world)
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    await world.conn.execute("UPDATE slice SET segments = 2 WHERE resends")
    leased.segments = 2
    leased.intend_next(1)
    leased.doubt(0, "link_lost")
    await world.writer.flush()
    for smsc_id in ("a", "b"):
        await told(world, smsc_id, DELIVERED)
        await tidy(world.conn, 100, 1000.0, first_copy_s=0.0)
    assert await balanced(world) == {"delivered": 1}
    assert await world.conn.fetchval("SELECT smsc_ids FROM outcome") == "a b"


# ------------------------------------------------------------------ a cancel that no worker sees


async def test_a_cancel_without_a_worker_ends_everybody_who_waits(world: World) -> None:
    leased = await world.slice([NUMBER, NUMBER + 1, NUMBER + 2])
    leased.intend_next(2)
    leased.accept(0, "gone", rows.copy_time(time.time()))
    leased.take_back([1])
    leased.let_go()
    await world.writer.flush()
    await world.conn.execute("UPDATE campaign SET state = 'cancelled'")
    await close.end_stopped(world.conn)
    assert await balanced(world) == {"accepted": 1, "excluded": 2}
    assert await world.conn.fetchval("SELECT finished_at FROM campaign") is None
    await told(world, "gone", DELIVERED)
    await close.end_stopped(world.conn)
    assert await balanced(world) == {"delivered": 1, "excluded": 2}
    assert await world.conn.fetchval("SELECT finished_at FROM campaign") is not None


async def test_a_receipt_and_a_late_answer_at_the_same_moment_end_a_doubt_once(world: World) -> None:
    """The settler sees the doubt open and waits for the writer's commit, which ends it."""
    leased = await doubted(world, [NUMBER])
    other = await connect(world.url)
    try:
        async with world.conn.transaction():
            ended = await world.conn.fetch(sql("answer_doubts"), [leased.slice_id], [0])
            assert len(ended) == 1
            await other.execute(
                "INSERT INTO unmatched_receipt (carrier_no, received_at, state, msisdn, err, smsc_id)"
                " VALUES ($1, clock_timestamp(), 8, $2, '000', 'a1')",
                world.carrier_no,
                NUMBER,
            )
            settling = asyncio.create_task(other.execute(sql("settle_doubts")))
            async with asyncio.timeout(PATIENCE_S):
                while not await world.conn.fetchval(  # noqa: ASYNC110
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1",
                    other.get_server_pid(),
                ):
                    await asyncio.sleep(0.01)
        await settling
        assert await world.conn.fetchval("SELECT ended_as FROM in_doubt") == "answered"
        assert await world.conn.fetchval("SELECT count(*) FROM outcome") == 0
        assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 1
    finally:
        await other.close()
