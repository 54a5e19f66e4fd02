"""Groups, receipts, doubts, closing and the audit on a real Postgres: the books balance at every step."""

import pytest
from integration.ledger_world import AT, World
from integration.resolved import parked, resolve_all, said

from broadcast.errors import InputError
from broadcast.ledger.close import tidy
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit

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
    slice_.accept(0, "id-a", AT, AT)
    slice_.accept(1, "id-b", AT, AT)
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 1, "accepted": 2}
    world.receipt("id-b", DELIVERED, 84321000002)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"waiting": 1, "accepted": 1, "delivered": 1}
    assert (await said(world.conn, world.campaign_id))[84321000002] == ("delivered", "000", "id-b")


async def test_receipt_before_its_answer_waits_parked(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    world.receipt("early", UNDELIVERABLE, err="21b")
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await parked(world.conn) == 1
    assert await balanced(world) == {"in_doubt": 1}
    slice_.accept(0, "early", AT, AT)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1}
    assert await parked(world.conn) == 0
    assert await said(world.conn, world.campaign_id) == {84321000001: ("undeliverable", "21b", "early")}


async def test_repeated_and_intermediate_receipts_change_nothing(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    slice_.accept(0, "x1", AT, AT)
    world.receipt("x1", 0)
    for _ in range(3):
        world.receipt("x1", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    world.receipt("x1", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}
    counts = await world.conn.fetchrow(
        "SELECT sum(received), sum(intermediate), sum(matched), sum(duplicate) FROM carrier_tally"
    )
    assert counts is not None
    assert tuple(counts) == (5, 1, 1, 2)  # the fifth is parked: its submission is final already


async def test_of_two_final_receipts_the_more_advanced_counts(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    slice_.accept(0, "x1", AT, AT)
    world.receipt("x1", EXPIRED, err="009")
    world.receipt("x1", DELIVERED, err="002")
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}


async def test_a_message_is_delivered_when_all_its_segments_are(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003], segments=2)
    slice_.intend_next(3)
    slice_.accept_parts(0, ["a1", "a2"], AT, AT)
    slice_.accept_parts(1, ["b1", "b2"], AT, AT)
    slice_.accept_parts(2, ["c1", "c2"], AT, AT)
    for smsc_id in ("a2", "b1", "b2", "c1"):
        world.receipt(smsc_id, DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"accepted": 2, "delivered": 1}
    world.receipt("c1", DELIVERED)  # again: the open message already has it
    world.receipt("c2", UNDELIVERABLE, err="012")
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"accepted": 1, "undeliverable": 1, "delivered": 1}
    world.receipt("a1", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1, "delivered": 2}
    assert await said(world.conn, world.campaign_id) == {
        84321000001: ("delivered", "000", "a1 a2"),
        84321000002: ("delivered", "000", "b1 b2"),
        84321000003: ("undeliverable", "012", "c1 c2"),
    }


async def test_the_newest_of_equal_ids_takes_the_receipt(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(2)
    slice_.accept(0, "same", AT, AT)
    await world.writer.flush()
    await resolve_all(world.conn)
    slice_.accept(1, "same", AT + 100_000, AT + 100_000)
    await world.writer.flush()
    await resolve_all(world.conn)
    world.receipt("same", DELIVERED, 84321000002)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"accepted": 1, "delivered": 1}
    assert (await said(world.conn, world.campaign_id))[84321000002][0] == "delivered"


async def test_rejected_with_an_accepted_segment_swallows_that_segments_receipt(world: World) -> None:
    slice_ = await world.slice([84321000001], segments=2)
    slice_.intend_next(1)
    slice_.reject(0, "status:ESME_RINVDSTADR", [(1, "p1")], AT)
    world.receipt("p1", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"rejected": 1}
    assert await said(world.conn, world.campaign_id) == {
        84321000001: ("rejected", "status:ESME_RINVDSTADR", "")
    }
    assert await parked(world.conn) == 0


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
    slice_.doubt(0, "link_lost", AT)
    slice_.doubt(1, "link_lost", AT)
    world.receipt("n1", DELIVERED, 84321000001)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"in_doubt": 2}
    world.receipt("n2", DELIVERED, 84321000001)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"in_doubt": 1, "delivered": 1}
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt WHERE ordinal = 0") == "receipt"
    assert await parked(world.conn) == 0


async def test_late_answers_end_doubts_even_of_the_same_group(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    slice_.intend_next(3)
    for ordinal in range(3):
        slice_.doubt(ordinal, "no_response", AT)
    world.writer.journal.late(LateAnswer(slice_.slice_id, 0, ("late",), "", AT, AT))
    world.writer.journal.late(LateAnswer(slice_.slice_id, 1, (), "status:ESME_RINVDSTADR", AT, AT))
    await world.writer.flush()
    assert await balanced(world) == {"in_doubt": 1, "accepted": 1, "rejected": 1}
    world.receipt("late", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"in_doubt": 1, "rejected": 1, "delivered": 1}


async def test_resend_makes_a_slice_of_the_doubts(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(2)
    slice_.accept(0, "ok", AT, AT)
    slice_.doubt(1, "worker_lost", AT)
    await world.writer.flush()
    await resolve_all(world.conn)
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"accepted": 1, "waiting": 1}
    row = await world.conn.fetchrow("SELECT msisdns, state FROM slice WHERE resends")
    assert row is not None
    assert tuple(row) == ([84321000002], "ready")


async def test_hold_stays_in_doubt_until_the_close_and_is_unknown_then(world: World) -> None:
    await world.conn.execute("UPDATE campaign SET in_doubt_policy = 'hold'")
    slice_ = await world.slice([84321000001, 84321000002, 84321000003])
    slice_.intend_next(2)
    slice_.doubt(0, "worker_lost", AT)
    slice_.accept(1, "slow", AT, AT)
    await world.writer.flush()
    slice_.let_go()
    await world.writer.flush()
    await resolve_all(world.conn)
    await tidy(world.conn, 100, 0.0)
    assert await balanced(world) == {"waiting": 1, "in_doubt": 1, "accepted": 1}
    await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 second'")
    assert await tidy(world.conn, 100, 0.0) == [world.campaign_id]
    assert await balanced(world) == {"expired": 1, "unknown": 2}
    assert await world.conn.fetchval("SELECT state FROM campaign") == "finished"
    world.receipt("slow", DELIVERED)  # late, and it still counts
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"expired": 1, "unknown": 1, "delivered": 1}


async def test_an_answer_after_the_close_balances_before_anybody_tidies(world: World) -> None:
    slice_ = await world.slice([84321000001])
    slice_.intend_next(1)
    await world.writer.flush()
    await world.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 second'")
    assert await tidy(world.conn, 100, 0.0) == []
    slice_.accept(0, "late", AT, AT)
    slice_.let_go()
    await world.writer.flush()
    found = await audit(world.conn, world.campaign_id)
    assert [(line.state, line.counted, line.tallied) for line in found.lines] == [("unknown", 1, 1)]
    assert found.problems == ()
    assert await tidy(world.conn, 100, 0.0) == [world.campaign_id]
    assert await balanced(world) == {"unknown": 1}


async def test_cancelled_recipients_are_excluded(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002])
    slice_.intend_next(1)
    slice_.accept(0, "gone", AT, AT)
    slice_.let_go()
    await world.writer.flush()
    await world.conn.execute("UPDATE campaign SET state = 'cancelled'")
    await tidy(world.conn, 100, 1000.0)
    assert await balanced(world) == {"accepted": 1, "excluded": 1}
    world.receipt("gone", DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await tidy(world.conn, 100, 1000.0) == [world.campaign_id]
    assert await world.conn.fetchval("SELECT state FROM campaign") == "cancelled"


async def test_unreadable_and_inbound_are_kept(world: World) -> None:
    from broadcast.ledger.journal import Inbound, Unreadable

    for _ in range(2):
        world.writer.journal.group.unreadable.append(Unreadable(world.carrier_no, b"\x00\x01", "no id"))
    world.writer.journal.group.inbound.append(Inbound(world.carrier_no, 84321000001, "BOYTE", 0, 0, b"STOP"))
    await world.writer.flush()
    assert await world.conn.fetchval("SELECT times FROM quarantine") == 2
    assert await world.conn.fetchval("SELECT payload FROM inbound") == b"STOP"


async def test_audit_finds_what_does_not_balance(world: World) -> None:
    await world.slice([84321000001])
    await world.conn.execute("UPDATE tally SET waiting = 0, delivered = 1")
    result = await audit(world.conn, world.campaign_id)
    assert not result.balanced
    assert "viettel waiting: 1 counted, 0 tallied" in result.problems
    await world.conn.execute("UPDATE campaign SET audience = NULL")
    with pytest.raises(InputError):
        await audit(world.conn, world.campaign_id)
