"""Groups, settlement, doubts, closing and the audit on a real Postgres: the books balance at every step."""

import asyncpg
import pytest
from broadcast.ledger.settle import BUCKETS, behind, rotate, settle_all, settle_next
from integration.ledger_world import AT, World

from broadcast.errors import FencedError, InputError
from broadcast.ledger.close import tidy
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit
from broadcast.store.pool import connect

DELIVERED, UNDELIVERABLE, EXPIRED = (
    RecipientState.DELIVERED,
    RecipientState.UNDELIVERABLE,
    RecipientState.EXPIRED,
)


async def balanced(world: World) -> dict[str, int]:
    result = await audit(world.conn, world.campaign_id)
    assert result.problems == ()
    assert result.balanced
    return await world.tally()


async def test_intent_is_in_doubt_until_answered_and_accepted_until_a_receipt(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    assert await balanced(world) == {"waiting": 3}
    assert slice_.intend_next(2) == range(2)
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 1, "in_doubt": 2}
    slice_.accept(0, "id-a", AT)
    slice_.accept(1, "id-b", AT)
    slice_.touched()
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 1, "accepted": 2}
    world.receipt("id-b", DELIVERED, 84321000002)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"waiting": 1, "accepted": 1, "delivered": 1}
    row = await world.conn.fetchrow("SELECT ordinal, state, smsc_ids, err FROM outcome")
    assert row is not None
    assert tuple(row) == (1, 8, "id-b", "000")


async def test_receipt_before_its_answer_waits_parked(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    world.receipt("early", UNDELIVERABLE, err="21b")
    await world.writer.flush()
    await settle_all(world.conn)
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 1
    assert await balanced(world) == {"in_doubt": 1}
    slice_.accept(0, "early", AT)
    slice_.touched()
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1}
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 0
    assert await world.conn.fetchval("SELECT err FROM outcome") == "21b"


async def test_repeated_and_intermediate_receipts_change_nothing(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    slice_.accept(0, "x1", AT)
    slice_.touched()
    world.receipt("x1", 0)
    for _ in range(3):
        world.receipt("x1", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    world.receipt("x1", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"delivered": 1}
    counts = await world.conn.fetchrow(
        "SELECT sum(received), sum(intermediate), sum(matched), sum(duplicate) FROM carrier_tally"
    )
    assert counts is not None
    assert tuple(counts) == (5, 1, 1, 2)  # the fifth is parked: its submission is final already


async def test_of_two_final_receipts_the_more_advanced_counts(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    slice_.accept(0, "x1", AT)
    slice_.touched()
    world.receipt("x1", EXPIRED, err="009")
    world.receipt("x1", DELIVERED, err="002")
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"delivered": 1}


async def test_a_message_is_delivered_when_all_its_segments_are(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003], segments=2)
    slice_.intend_next(3)
    slice_.accept_parts(0, ["a1", "a2"], AT)
    slice_.accept_parts(1, ["b1", "b2"], AT)
    slice_.accept_parts(2, ["c1", "c2"], AT)
    for smsc_id in ("a2", "b1", "b2", "c1"):
        world.receipt(smsc_id, DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"accepted": 2, "delivered": 1}
    world.receipt("c1", DELIVERED)  # again: the open message already has it
    world.receipt("c2", UNDELIVERABLE, err="012")
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"accepted": 1, "undeliverable": 1, "delivered": 1}
    world.receipt("a1", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1, "delivered": 2}
    rows = await world.conn.fetch("SELECT ordinal, smsc_ids, err, segments FROM outcome ORDER BY ordinal")
    assert [tuple(row) for row in rows] == [
        (0, "a1 a2", "000", 2),
        (1, "b1 b2", "000", 2),
        (2, "c1 c2", "012", 2),
    ]


async def test_the_newest_of_equal_ids_takes_the_receipt(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(2)
    slice_.accept(0, "same", AT)
    slice_.touched()
    await world.writer.flush()
    await settle_all(world.conn)
    slice_.accept(1, "same", AT + 1_000_000)
    slice_.touched()
    await world.writer.flush()
    await settle_all(world.conn)
    world.receipt("same", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"accepted": 1, "delivered": 1}
    assert await world.conn.fetchval("SELECT ordinal FROM outcome") == 1


async def test_rejected_with_an_accepted_segment_swallows_that_segments_receipt(world: World) -> None:
    slice_ = await world.slice([84321000001], segments=2)
    slice_.intend_next(1)
    slice_.reject(0, "status:ESME_RINVDSTADR", [(1, "p1")], AT)
    world.receipt("p1", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"rejected": 1}
    assert await world.conn.fetchval("SELECT err FROM outcome") == "status:ESME_RINVDSTADR"
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 0


async def test_take_back_waits_again_and_can_be_sent_again(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    slice_.intend_next(2)
    slice_.take_back([1])
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 2, "in_doubt": 1}
    assert slice_.retries() == [1]
    slice_.intend_again([1])
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 1, "in_doubt": 2}


async def test_doubt_ends_by_receipts_of_that_number(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002], segments=2)
    slice_.intend_next(2)
    slice_.doubt(0, "link_lost")
    slice_.doubt(1, "link_lost")
    world.receipt("n1", DELIVERED, 84321000001)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"in_doubt": 2}
    world.receipt("n2", DELIVERED, 84321000001)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"in_doubt": 1, "delivered": 1}
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt WHERE ordinal = 0") == "receipt"
    assert await world.conn.fetchval("SELECT count(*) FROM unmatched_receipt") == 0


async def test_late_answers_end_doubts_even_of_the_same_group(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    slice_.intend_next(3)
    for ordinal in range(3):
        slice_.doubt(ordinal, "no_response")
    world.writer.journal.late(LateAnswer(slice_.slice_id, 0, ("late",), ""))
    world.writer.journal.late(LateAnswer(slice_.slice_id, 1, (), "status:ESME_RINVDSTADR"))
    await world.writer.flush()
    assert await balanced(world) == {"in_doubt": 1, "accepted": 1, "rejected": 1}
    world.receipt("late", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"in_doubt": 1, "rejected": 1, "delivered": 1}


async def test_resend_makes_a_slice_of_the_doubts(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(2)
    slice_.accept(0, "ok", AT)
    slice_.doubt(1, "worker_lost")
    await world.writer.flush()
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"accepted": 1, "waiting": 1}
    row = await world.conn.fetchrow("SELECT msisdns, state FROM slice WHERE resends")
    assert row is not None
    assert tuple(row) == ([84321000002], "ready")


async def test_hold_stays_in_doubt_until_the_close_and_is_unknown_then(world: World) -> None:
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    slice_.intend_next(2)
    slice_.doubt(0, "worker_lost")
    slice_.accept(1, "slow", AT)
    slice_.touched()
    await world.writer.flush()
    slice_.let_go()
    await world.writer.flush()
    await settle_all(world.conn)
    await tidy(world.conn, 100, 0.0)
    assert await balanced(world) == {"waiting": 1, "in_doubt": 1, "accepted": 1}
    await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 second'")
    assert await tidy(world.conn, 100, 0.0) == [world.campaign_id]
    assert await balanced(world) == {"expired": 1, "unknown": 2}
    assert await world.conn.fetchval("SELECT state FROM campaign") == "finished"
    world.receipt("slow", DELIVERED)  # late, and it still counts
    await world.writer.flush()
    await settle_all(world.conn)
    assert await balanced(world) == {"expired": 1, "unknown": 1, "delivered": 1}


async def test_cancelled_recipients_are_excluded(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(1)
    slice_.accept(0, "gone", AT)
    slice_.let_go()
    await world.writer.flush()
    await world.conn.execute("UPDATE campaign SET state = 'cancelled'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"accepted": 1, "excluded": 1}
    world.receipt("gone", DELIVERED)
    await world.writer.flush()
    await settle_all(world.conn)
    assert await tidy(world.conn, 100, 1000.0) == [world.campaign_id]
    assert await world.conn.fetchval("SELECT state FROM campaign") == "cancelled"


async def test_a_reaped_worker_writes_nothing(world: World) -> None:
    slice_ = await world.slice([84321000001])
    await world.conn.execute("UPDATE worker SET ended_at = now()")
    slice_.intend_next(1)
    with pytest.raises(FencedError):
        await world.writer.flush()
    assert await balanced(world) == {"waiting": 1}


async def test_a_slice_with_a_new_owner_fences_the_whole_group(world: World) -> None:
    slice_ = await world.slice([84321000001])
    await world.conn.execute("UPDATE slice SET token = token + 1")
    slice_.intend_next(1)
    world.receipt("r", DELIVERED)
    with pytest.raises(FencedError):
        await world.writer.flush()
    assert await balanced(world) == {"waiting": 1}
    assert await world.conn.fetchval("SELECT count(*) FROM receipt") == 0


async def test_a_group_is_written_once_though_its_commit_was_not_heard(world: World) -> None:
    """The connection dies after the commit: the writer finds its own batch number and goes on."""
    slice_ = await world.slice([84321000001])
    heard: list[str] = []
    slice_.intend_next(1)
    world.writer.journal.on_commit(lambda: heard.append("cleared"))
    write = world.writer._write

    async def commit_then_lose(connection: asyncpg.Connection, group: object) -> None:
        await write(connection, group)  # type: ignore[arg-type]
        world.writer._write = write  # type: ignore[method-assign]
        raise ConnectionResetError

    world.writer._write = commit_then_lose  # type: ignore[method-assign]
    await world.writer.flush()
    assert heard == ["cleared"]
    assert await balanced(world) == {"in_doubt": 1}


async def test_a_group_is_written_again_when_it_was_not_committed(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    await world.writer.flush()
    slice_.accept(0, "one", AT)
    slice_.touched()
    write = world.writer._write

    async def lose_before_commit(connection: asyncpg.Connection, group: object) -> None:
        world.writer._write = write  # type: ignore[method-assign]
        await world.conn.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
        await write(connection, group)  # type: ignore[arg-type]

    world.writer._write = lose_before_commit  # type: ignore[method-assign]
    await world.writer.flush()
    assert await balanced(world) == {"accepted": 1}


async def test_the_ring_turns_and_stops_when_it_is_full(world: World) -> None:
    slice_ = await world.slice(list(range(84321000000, 84321000000 + 3 * BUCKETS)))
    slice_.intend_next(3 * BUCKETS)
    await world.writer.flush()
    for ordinal in range(3 * BUCKETS):
        slice_.accept(ordinal, f"id{ordinal}", AT)
        slice_.touched()
        world.receipt(f"id{ordinal}", DELIVERED)
        await world.writer.flush()
        await rotate(world.conn, 0.0)
        await settle_next(world.conn, 0.0)
    await settle_all(world.conn)
    assert await balanced(world) == {"delivered": 3 * BUCKETS}


async def test_how_far_settlement_is_behind_is_known(world: World) -> None:
    for number in range(3):
        world.receipt(f"r{number}", DELIVERED)
        await world.writer.flush()
        assert await behind(world.conn) == number
        await rotate(world.conn, 0.0)
    await rotate(world.conn, 0.0)  # the open bucket is empty: it stays open
    assert await behind(world.conn) == 3
    await settle_next(world.conn, 0.0)
    assert await behind(world.conn) == 2


async def test_only_one_settler_at_a_time(world: World) -> None:
    world.receipt("r", DELIVERED)
    await world.writer.flush()
    other = await connect(world.url)
    try:
        async with other.transaction():
            assert await other.fetchval("SELECT pg_try_advisory_xact_lock(7101)")
            await rotate(world.conn, 0.0)
            assert not (await settle_next(world.conn, 0.0)).settled
        assert (await settle_next(world.conn, 0.0)).settled
    finally:
        await other.close()


async def test_unreadable_and_inbound_are_kept(world: World) -> None:
    from broadcast.ledger.journal import Inbound, Unreadable

    for _ in range(2):
        world.writer.journal.group.unreadable.append(Unreadable(world.carrier_no, b"\x00\x01", "no id"))
    world.writer.journal.group.inbound.append(Inbound(world.carrier_no, 84321000001, "BOYTE", 0, 0, b"STOP"))
    await world.writer.flush()
    assert await world.conn.fetchval("SELECT times FROM quarantine") == 2
    assert await world.conn.fetchval("SELECT payload FROM inbound") == b"STOP"


async def test_what_postgres_cannot_hold_does_not_stop_a_group(world: World) -> None:
    world.receipt("nul\0id", DELIVERED, 10**25, err="\0")
    await world.writer.flush()
    row = await world.conn.fetchrow("SELECT smsc_id, msisdn, err FROM receipt")
    assert row is not None
    assert tuple(row) == ("nulid", None, "")


async def test_audit_finds_what_does_not_balance(world: World) -> None:
    await world.slice([84321000001])
    await world.conn.execute("UPDATE tally SET waiting = 0, delivered = 1")
    result = await audit(world.conn, world.campaign_id)
    assert not result.balanced
    assert "viettel waiting: 1 counted, 0 tallied" in result.problems
    await world.conn.execute("UPDATE campaign SET audience = NULL")
    with pytest.raises(InputError):
        await audit(world.conn, world.campaign_id)
