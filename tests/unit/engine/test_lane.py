"""A lane decides what leaves, when, and what its answers mean; every recipient keeps exactly one state."""

import asyncio
import gc
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.engine.fake import CARRIER, SINCE, Bench, FakeLink, ends, sent

from broadcast.campaign.precedence import Claim
from broadcast.channel.events import InboundMessage
from broadcast.channel.link import Submission
from broadcast.channel.receipt import Receipt
from broadcast.clock import lease_time
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState as S

THROTTLED, QUEUE_FULL, INVALID_DESTINATION = 0x58, 0x14, 0x0B


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.grant(100_000)
    return made


def settle_pace(bench: Bench) -> None:
    """Let the pacer's credit fill up: it starts with none."""
    bench.lane.pacer.allowance(time.monotonic())
    bench.lane.pacer._credit = 1e6


async def test_nothing_leaves_before_its_intent_is_committed(bench: Bench) -> None:
    settle_pace(bench)
    work = bench.work(10)
    assert bench.links[0].wire == []
    assert work.slice.mark == 10
    settle_pace(bench)
    group = bench.commit()
    assert [progress.mark for progress in group.slices] == [10]
    settle_pace(bench)
    bench.lane.pump()
    assert len(bench.links[0].wire) == 10
    assert bench.moves() == {S.WAITING: -10, S.IN_DOUBT: 10}


async def test_accepted_messages_end_their_slice(bench: Bench) -> None:
    bench.work(10)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 10)
    group = bench.commit()
    assert [len(each) for each in sent(group)] == [10]
    assert [(progress.state, progress.answered) for progress in group.slices] == [("done", b"\xff\x03")]
    assert bench.lane.stock.empty
    assert bench.moves() == {S.WAITING: -10, S.ACCEPTED: 10, 0: 10}


@pytest.mark.parametrize(("segments", "window"), [(1, 1000), (3, 1000), (3, 2)])
async def test_what_was_too_late_to_leave_waits_again(segments: int, window: int) -> None:
    link = FakeLink(window)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    work = bench.work(10, segments)
    link.too_late = True
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert link.wire == []
    bench.lane.stock.withdraw(lambda _: False)
    bench.commit()
    assert bench.lane.stock.empty
    assert work.slice.waiting == 10
    bench.commit()
    assert not any(bench.moves().values())


async def test_the_window_bounds_what_is_in_flight() -> None:
    link = FakeLink(window=4)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    bench.work(10)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert len(link.wire) == 4
    bench.answer(link, 2)
    bench.lane.room(link)
    assert len(link.wire) == 6


async def test_a_link_that_does_not_answer_gets_little_more() -> None:
    """However wide its window is open: the places that it holds are missing at the other."""
    silent, well = FakeLink(window=200), FakeLink(window=20)
    bench = Bench(CARRIER, silent, well)
    bench.grant(1000)  # 20 at once
    bench.work(300)
    for _ in range(30):
        bench.commit()
        await asyncio.sleep(0.01)
        bench.answer(well, 20)
    assert len(well.wire) >= 100
    assert len(silent.wire) <= 60


async def test_the_pace_bounds_what_leaves() -> None:
    bench = Bench()
    bench.grant(100)
    bench.work(50)
    bench.commit()
    bench.lane.pump()
    assert len(bench.links[0].wire) <= 2


@pytest.mark.parametrize("tps", [100, 167, 300])
async def test_a_segment_that_waits_for_its_pace_rings_no_alarm_before(
    tps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a message is sent piece by piece: a lane that looks again at once does nothing else."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bench = Bench()
    bench.grant(tps)
    bench.work(50, segments=5)
    bench.commit()
    asked: list[float] = []
    bench.lane._alarm = SimpleNamespace(at=asked.append)  # type: ignore[assignment]
    bench.lane.pump()
    while (one := bench.lane.stock.next(now)) is None or not one.pieces or bench.lane.pacer.allowance(now):
        asked.clear()
        now += 0.0002
        bench.lane.pump()
        assert not bench.lane.stock.empty
    assert asked
    assert min(asked) > now


async def test_a_message_larger_than_the_window_goes_segment_by_segment() -> None:
    link = FakeLink(window=2)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    bench.work(2, segments=5)
    bench.commit()
    for _ in range(10):
        settle_pace(bench)
        bench.lane.pump()
        bench.answer(link, 2)
        bench.commit()
    assert link.wire == [f"8432000000{who}/{segment}" for who in range(2) for segment in range(1, 6)]
    assert bench.moves() == {S.WAITING: -2, S.ACCEPTED: 2, 0: 10}
    assert [[len(each.ids) for each in sent(group)] for group in bench.groups if group.sent] == [[5], [5]]


async def test_permanent_refusal_rejects_at_once(bench: Bench) -> None:
    bench.work(1)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 1, INVALID_DESTINATION)
    group = bench.commit()
    assert ends(group) == ["status:ESME_RINVDSTADR"]
    assert bench.moves() == {S.WAITING: -1, S.REJECTED: 1}


async def test_throttled_waits_again_slows_the_carrier_and_gives_up_after_the_limit(bench: Bench) -> None:
    bench = Bench(replace(CARRIER, retry_delay_s=1e-9))
    bench.grant(100_000)
    bench.work(1)
    for attempt in range(3):
        for _ in range(2):  # the refusal, then the intent to send it again
            bench.commit()
            settle_pace(bench)
        bench.lane.pump()
        assert len(bench.links[0].wire) == attempt + 1
        bench.answer(bench.links[0], 1, THROTTLED)
    bench.commit()
    assert bench.lane.pacer.factor < 1
    assert bench.moves() == {S.WAITING: -1, S.REJECTED: 1}
    assert ends(bench.groups[-1]) == ["status:ESME_RTHROTTLED after 2 retries"]


async def test_a_temporary_refusal_waits_for_its_delay(bench: Bench) -> None:
    work = bench.work(1)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 1, QUEUE_FULL)
    group = bench.commit()
    assert [progress.retry for progress in group.slices] == [b"\x01"]
    settle_pace(bench)
    bench.lane.pump()
    bench.commit()
    assert len(bench.links[0].wire) == 1
    assert (work.slice.waiting, work.next_retry() is not None) == (1, True)


async def test_a_full_queue_of_one_destination_does_not_slow_the_carrier(bench: Bench) -> None:
    bench.work(2000)
    for _ in range(20):
        bench.commit()
        settle_pace(bench)
        bench.lane.pump()
    answers = bench.links[0].take(1000)
    for first in range(0, 1000, 100):  # one in a hundred is full: some handsets are off
        batch = answers[first : first + 100]
        bench.lane.answered(
            bench.links[0],
            [(token, 0 if index else QUEUE_FULL, "id" if index else "") for index, token in enumerate(batch)],
            time.monotonic(),
        )
    assert bench.lane.pacer.factor == 1.0
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 60, QUEUE_FULL)
    assert bench.lane.pacer.factor < 1.0


async def test_the_profiles_statuses_slow_down_retry_and_are_known() -> None:
    bench = Bench(CARRIER.having(throttled_statuses=(0x4A2,), temporary_statuses=(0x4A1,)))
    bench.grant(100_000)
    work = bench.work(4)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 1, 0x4A1)
    assert bench.lane.pacer.factor == 1.0
    bench.answer(bench.links[0], 1, 0x4A2)
    assert bench.lane.pacer.factor < 1.0
    assert work.slice.waiting == 2
    assert not bench.journal.group.oddities
    bench.answer(bench.links[0], 2, 0x4A3)
    assert bench.commit().oddities == {(1, "status", "0x000004A3"): 2}
    assert bench.moves() == {S.WAITING: -2, S.REJECTED: 2}


async def test_a_receipt_after_a_refusal_keeps_the_second_copy_back(bench: Bench) -> None:
    """Quirk 26: throttled, accepted all the same. The number's receipt puts it in doubt instead of sending again."""
    bench = Bench(replace(CARRIER, retry_delay_s=1e-9))
    bench.grant(100_000)
    work = bench.work(3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.answer(link, 3, THROTTLED)
    bench.lane.receipts(
        link,
        [
            Receipt(b"a1", 0, "x0", "", 84320000000),
            Receipt(b"a2", 8, "x1", "000", 84320000001),
            Receipt(b"a3", 8, "x9", "000", 84320000009),
        ],
    )
    group = bench.commit()
    assert [(doubt.ordinal, doubt.reason) for doubt in group.doubts] == [(1, "receipt_after_refusal")]
    assert (work.slice.answered, work.slice.retries()) == (
        bytearray(b"\2"),
        [],
    )  # the others are intended again
    settle_pace(bench)
    bench.commit()
    bench.lane.pump()
    assert link.wire[3:] == ["84320000000/1", "84320000002/1"]
    bench.lane.receipts(link, [Receipt(b"a4", 8, "x1", "000", 84320000001)])
    assert not bench.commit().doubts
    bench.answer(link, 2)
    bench.commit()
    assert bench.lane.stock.empty
    assert bench.moves() == {S.WAITING: -3, S.IN_DOUBT: 1, S.ACCEPTED: 2, 0: 2}


async def test_the_last_one_in_doubt_by_a_receipt_ends_the_slice(bench: Bench) -> None:
    bench.work(1)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 1, THROTTLED)
    bench.lane.receipts(bench.links[0], [Receipt(b"a1", 7, "x1", "012", 84320000000)])
    group = bench.commit()
    assert [(each.state, each.answered, each.retry) for each in group.slices] == [("done", b"\1", b"\0")]
    assert bench.lane.stock.empty


async def test_those_who_wait_again_are_remembered_within_bounds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.engine.answers.REFUSED_MOST", 10)
    bench.work(30)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 30, THROTTLED)
    assert 0 < len(bench.lane._answers.refused) <= 10


async def test_a_slice_that_is_through_is_let_go_with_those_who_were_refused_once(bench: Bench) -> None:
    """It holds the MSISDNs of thousands; a receipt that would have made the lane forget comes to another worker."""
    bench = Bench(replace(CARRIER, retry_delay_s=1e-9))
    bench.grant(100_000)
    bench.work(2)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.answer(link, 1)
    bench.answer(link, 1, THROTTLED)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.commit()
    (through,) = [ref(work) for work in bench.lane.stock.works]
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(link, 1)
    bench.commit()
    assert bench.lane.stock.empty
    assert len(bench.lane._answers.refused) == 1
    bench.groups.clear()  # the bench keeps them, and who waited for their commit
    gc.collect()
    assert through() is None


async def test_only_the_refused_segment_goes_again(bench: Bench) -> None:
    bench = Bench(replace(CARRIER, retry_delay_s=1e-9))
    bench.grant(100_000)
    bench.work(1, segments=3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.answer(link, 1)
    bench.answer(link, 1, THROTTLED)
    bench.answer(link, 1)
    settle_pace(bench)
    bench.lane.pump()
    assert link.wire[3:] == ["84320000000/2"]
    bench.answer(link, 1)
    bench.commit()
    assert [each.ids.texts() for each in sent(bench.groups[-1])] == [["id-0-1", "id-0-2", "id-0-3"]]
    assert bench.moves() == {S.WAITING: -1, S.ACCEPTED: 1, 0: 3}


async def test_a_rejected_message_remembers_its_accepted_segments(bench: Bench) -> None:
    bench.work(1, segments=2)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 1)
    bench.answer(bench.links[0], 1, INVALID_DESTINATION)
    group = bench.commit()
    (found,) = sent(group)
    assert (len(found), found.ended_ordinals.tolist(), found.ended_states.tolist()) == (0, [0], [S.REJECTED])
    assert (found.stray_segments.tolist(), found.stray_ids.texts()) == ([1], ["id-0-1"])
    assert bench.moves() == {S.WAITING: -1, S.REJECTED: 1, 0: 1}


async def test_receipts_are_awaited_for_the_last_segment_only(bench: Bench) -> None:
    """Quirk 21: the others are counted when they are taken, and the ledger waits for none of them."""
    bench.work(2, segments=3, unawaited=frozenset({1, 2}))
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.answer(bench.links[0], 3)
    bench.answer(bench.links[0], 2)
    bench.answer(bench.links[0], 1, INVALID_DESTINATION)
    group = bench.commit()
    (found,) = sent(group)
    assert (found.segments, found.ids.texts(), len(found.ended_ordinals)) == (1, ["id-0-3"], 1)
    assert bench.moves() == {S.WAITING: -2, S.ACCEPTED: 1, S.REJECTED: 1, 0: 5}


@pytest.mark.parametrize("segments", [1, 2])
async def test_without_receipts_an_accepted_recipient_is_unknown_at_once(bench: Bench, segments: int) -> None:
    work = bench.work(3, segments, unawaited=frozenset(range(1, segments + 1)))
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.answer(link, segments)
    tokens = link.take(segments)
    bench.lane.unanswered(link, tokens, "no_response", time.monotonic())
    bench.lane.answered_late(link, [(token, 0, "late") for token in tokens], 0.0)
    bench.answer(link, segments, INVALID_DESTINATION)
    group = bench.commit()
    assert [len(each) for each in sent(group)] == [0]
    assert ends(group) == ["no_receipts", "status:ESME_RINVDSTADR"]
    assert [(late.smsc_ids, late.unawaited, late.err) for late in group.late] == [((), segments, "")]
    assert bench.moves() == {S.WAITING: -3, S.IN_DOUBT: 1, S.UNKNOWN: 1, S.REJECTED: 1, 0: segments}
    assert (bench.lane.stock.empty, work.slice.unanswered) == (True, 0)


async def test_a_lost_link_leaves_doubts_and_late_answers_are_passed_on(bench: Bench) -> None:
    work = bench.work(3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    tokens = link.take(3)
    bench.lane.unanswered(link, tokens, "no_response", time.monotonic())
    group = bench.commit()
    assert [(doubt.ordinal, doubt.msisdn, doubt.reason) for doubt in group.doubts] == [
        (0, 84320000000, "no_response"), (1, 84320000001, "no_response"), (2, 84320000002, "no_response"),
    ]  # fmt: skip
    assert bench.lane.stock.empty
    bench.lane.answered_late(
        link,
        [(tokens[0], 0, "late"), (tokens[1], INVALID_DESTINATION, ""), (tokens[2], THROTTLED, "")],
        0.0,
    )
    group = bench.commit()
    assert [(late.ordinal, late.smsc_ids, late.err) for late in group.late] == [
        (0, ("late",), ""), (1, (), "status:ESME_RINVDSTADR"),
    ]  # fmt: skip
    assert work.slice.unanswered == 0


async def test_one_lost_segment_puts_the_recipient_in_doubt_once(bench: Bench) -> None:
    bench.work(1, segments=3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.answer(link, 1)
    tokens = link.take(2)
    bench.lane.unanswered(link, tokens, "no_response", time.monotonic())
    bench.lane.answered_late(link, [(tokens[0], 0, "b")], 0.0)
    assert not bench.journal.group.late
    bench.lane.answered_late(link, [(tokens[1], 0, "c")], 0.0)
    group = bench.commit()
    assert len(group.doubts) == 1
    assert [late.smsc_ids for late in group.late] == [("id-0-1", "b", "c")]


async def test_withdrawing_returns_what_was_not_sent_and_lets_go_when_answered() -> None:
    link = FakeLink(window=4)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    work = bench.work(10)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.lane.stock.withdraw(lambda _: False)
    assert not bench.lane.stock.empty
    settle_pace(bench)
    bench.lane.pump()
    assert len(link.wire) == 4
    bench.answer(link, 4)
    group = bench.commit()
    assert bench.lane.stock.empty
    assert group.slices[-1].state == "ready"
    assert work.slice.waiting == 6
    assert bench.moves() == {S.WAITING: -4, S.ACCEPTED: 4, 0: 4}


async def test_an_intent_that_commits_after_the_withdrawal_is_taken_back(bench: Bench) -> None:
    work = bench.work(5)
    bench.lane.stock.withdraw(lambda _: False)
    bench.commit()
    bench.commit()
    assert bench.lane.stock.empty
    assert bench.links[0].wire == []
    assert work.slice.waiting == 5
    assert bench.moves() == {}


async def test_withdrawing_a_half_sent_message_leaves_it_in_doubt() -> None:
    link = FakeLink(window=2)
    bench = Bench(CARRIER, link)
    bench.grant(100_000)
    bench.work(2, segments=3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert len(link.wire) == 2
    bench.lane.stock.withdraw(lambda _: False)
    bench.answer(link, 2)
    bench.commit()
    bench.commit()
    assert bench.lane.stock.empty
    assert [doubt.reason for group in bench.groups for doubt in group.doubts] == ["cut_short"]
    assert bench.moves() == {S.WAITING: -1, S.IN_DOUBT: 1}


async def test_nothing_leaves_after_the_expiry(bench: Bench) -> None:
    work = bench.work(5, expires_at=time.time() + 0.05)
    work.campaign = replace(work.campaign, expires_at=time.time() - 1)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.commit()
    assert bench.links[0].wire == []
    assert work.slice.waiting == 5


async def test_nothing_leaves_without_a_valid_lease(bench: Bench) -> None:
    bench.work(5)
    bench.lane.valid_until = lease_time() - 0.001
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert bench.links[0].wire == []


async def test_a_machine_that_slept_sends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspended, with time.monotonic standing still."""
    bench.work(5)
    bench.lane.valid_until = lease_time() + 4
    monkeypatch.setattr("broadcast.engine.lane.lease_time", lambda: lease_time() + 60)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert bench.links[0].wire == []


@pytest.mark.parametrize("leap_s", [3600.0, -3600.0])
async def test_expiry_is_by_the_databases_clock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, leap_s: float
) -> None:
    """Law 5, with this machine's clock an hour off."""
    now = time.time()
    bench.lane._day_time.told(datetime.fromtimestamp(now, UTC), lease_time())
    monkeypatch.setattr(time, "time", lambda: now + leap_s)
    bench.work(5, expires_at=now + 60)
    bench.work(5, expires_at=now - 60)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    bench.commit()
    assert len(bench.links[0].wire) == 5


async def test_receipts_that_wait_for_a_commit_are_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy database is no reason to leave any to the SMSC, nor is one that has been away for a moment."""
    monkeypatch.setattr("broadcast.engine.incoming.KEPT_MOST", 3)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    link = bench.links[0]
    receipt = Receipt(b"0001", int(S.DELIVERED), "1", "000", 84320000001)
    bench.lane.receipts(link, [receipt] * 3)
    assert not bench.lane.full()
    now += 6
    assert bench.lane.full()
    bench.lane.receipts(link, [receipt])
    bench.commit()
    assert not bench.lane.full()
    assert len(link.acked) == 4
    now += 600
    bench.lane.receipts(link, [receipt] * 3)
    assert not bench.lane.full()


async def test_the_more_urgent_campaign_goes_first(bench: Bench) -> None:
    bench.grant(20)
    low, high = Claim((1, -1)), Claim((0, -9))
    bench.work(50, campaign=1, claim=low)
    bench.work(50, campaign=2, claim=high)
    stock = bench.lane.stock
    assert [work.campaign.campaign_id for work in stock.works] == [2, 1]
    waiting = [work.slice.waiting for work in stock.works]
    assert stock.missing(CampaignId(2), high, 100) == 100 - waiting[0]
    assert stock.missing(CampaignId(1), low, 100) == 100 - sum(waiting)


async def test_receipts_are_acked_only_after_the_commit(bench: Bench) -> None:
    link = bench.links[0]
    bench.lane.receipts(
        link, [Receipt(b"a1", 8, "id1", "000", 84320000000), Receipt(b"a2", 0, "id2", "", None)]
    )
    bench.lane.messages(link, [InboundMessage(b"a3", "84320000000", "BOYTE", 0, 0, b"STOP")])
    bench.lane.unreadable(link, [(b"a4", b"pdu", "no id")])
    assert link.acked == []
    group = bench.commit()
    assert link.acked == [b"a1", b"a2", b"a3", b"a4"]
    assert [(each.ids, each.received, each.intermediate) for each in group.receipts.values()] == [
        (["id1"], 2, 1)
    ]
    assert [message.msisdn for message in group.inbound] == [84320000000]
    assert [unreadable.reason for unreadable in group.unreadable] == ["no id"]


async def test_a_retaken_slice_begins_with_those_that_waited_again(bench: Bench) -> None:
    from unit.engine.fake import FakeTemplate

    from broadcast.engine.carrier_campaign import CarrierCampaign
    from broadcast.engine.work import Work
    from broadcast.ids import CarrierNo, SliceId
    from broadcast.ledger.leased import LeasedSlice

    leased = LeasedSlice(
        bench.journal, slice_id=SliceId(7), campaign_id=CampaignId(1), carrier_no=CarrierNo(1), token=2, awaited=1,
        mark=4, answered=b"\x05", retry=b"\x0a", msisdns=[84320000000 + n for n in range(6)],
    )  # fmt: skip
    work = Work(leased, CarrierCampaign(CampaignId(1), Claim((0, 0)), FakeTemplate(1), 4e9), SINCE)
    assert (leased.waiting, leased.unanswered) == (4, 4)
    assert work.intend(10, 0.0) == [1, 3]
    assert work.intend(10, 0.0) == range(4, 6)


@given(
    script=st.lists(
        st.tuples(
            st.sampled_from(["pump", "commit", "ok", "throttle", "refuse", "lose", "late"]), st.integers(1, 7)
        ),
        max_size=60,
    ),
    segments=st.integers(1, 3),
    window=st.integers(1, 8),
)
@settings(deadline=None, max_examples=150)
async def test_conservation_whatever_happens(
    script: list[tuple[str, int]], segments: int, window: int
) -> None:
    """Law 1: the changes of all groups sum to nothing, and the bitmaps agree with them."""
    link = FakeLink(window)
    bench = Bench(replace(CARRIER, retry_delay_s=1e-9), link)
    bench.grant(100_000)
    work = bench.work(20, segments)
    lost: list[object] = []
    for act, count in script:
        settle_pace(bench)
        if act == "pump":
            bench.lane.pump()
        elif act == "commit":
            bench.commit()
        elif act == "lose":
            tokens = link.take(count)
            lost += tokens
            if tokens:
                bench.lane.unanswered(link, tokens, "no_response", time.monotonic())
        elif act == "late":
            bench.lane.answered_late(link, [(token, 0, "late") for token in lost[:count]], 0.0)
            del lost[:count]
        else:
            bench.answer(link, count, {"ok": 0, "throttle": THROTTLED, "refuse": INVALID_DESTINATION}[act])
        bench.lane.room(link)
    bench.commit()
    moves = bench.moves()
    assert sum(change for state, change in moves.items() if state) == 0
    leased = work.slice
    bits = int.from_bytes(leased.answered, "little").bit_count()
    again = int.from_bytes(leased.retry, "little").bit_count()
    assert leased.waiting == 20 + moves.get(S.WAITING, 0) == leased.total - leased.mark + again
    doubts = sum(len(group.doubts) for group in bench.groups)
    assert leased.mark - bits - again + doubts == moves.get(S.IN_DOUBT, 0)
    assert moves.get(S.ACCEPTED, 0) + moves.get(S.REJECTED, 0) + doubts == bits
    assert leased.unanswered == 20 - bits


async def test_slices_go_back_when_the_last_link_that_submits_is_lost() -> None:
    """Another worker may have a link: it must not wait for this one's."""
    link, receiver, spare = FakeLink(window=4), FakeLink(window=0), FakeLink(window=4)
    receiver.can_submit = False
    bench = Bench(CARRIER, link, receiver, spare)
    bench.grant(100_000)
    work = bench.work(10)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    assert sorted(link.wire + spare.wire) == [f"8432000000{number}/1" for number in range(8)]
    for lost in (link, spare):
        assert not work.releasing
        tokens = lost.take(4)
        bench.lane.unanswered(lost, tokens, "link_lost", time.monotonic())
        bench.lane.closed(lost, "cut")
    group = bench.commit()
    assert bench.lane.stock.empty
    assert [(progress.state, progress.mark) for progress in group.slices] == [("ready", 10)]
    assert sorted(work.slice.retries()) == [8, 9]
    assert bench.moves() == {S.WAITING: -8, S.IN_DOUBT: 8}


async def test_a_slice_that_comes_when_the_last_link_is_lost_goes_back() -> None:
    """It was leased while there was one."""
    link, receiver = FakeLink(window=4), FakeLink(window=0)
    receiver.can_submit = False
    bench = Bench(CARRIER, link, receiver)
    bench.grant(100_000)
    bench.lane.closed(link, "cut")
    work = bench.work(10)
    assert bench.lane.stock.empty
    assert [(progress.state, progress.mark) for progress in bench.commit().slices] == [("ready", 0)]
    assert not work.in_flight


async def test_a_receipt_before_its_refusal_keeps_the_second_copy_back(bench: Bench) -> None:
    """Quirk 26, the other way round: who was reported a moment ago is in doubt, the others wait again."""
    work = bench.work(3)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link = bench.links[0]
    bench.lane.receipts(
        link,
        [Receipt(b"a1", 0, "x0", "", 84320000000), Receipt(b"a2", 8, "x1", "000", 84320000001)],
    )
    bench.answer(link, 3, THROTTLED)
    group = bench.commit()
    assert [(doubt.ordinal, doubt.reason) for doubt in group.doubts] == [(1, "receipt_after_refusal")]
    assert work.slice.retries() == [0, 2]
    assert bench.moves() == {S.WAITING: -1, S.IN_DOUBT: 1}


async def test_receipts_are_remembered_for_a_moment_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = bench.lane._answers
    for number in range(5000):
        answers.reported([Receipt(b"", 8, "id", "000", number)])
    assert answers._lately_reported() == set(range(3000, 5000))
    monkeypatch.setattr("broadcast.engine.answers.LATELY_S", -1.0)
    answers.reported([Receipt(b"", 8, "id", "000", 1)])
    assert answers._lately_reported() == set()


async def test_messages_leave_whole_and_several_at_once() -> None:
    """Each write wakes a link, a kernel and an SMSC: a pace of thousands is no reason for one a segment."""
    bench = Bench()
    bench.grant(3000)
    bench.work(3000, segments=5)
    writes: list[int] = []
    link = bench.links[0]
    submit = link.submit

    def counted(submission: Submission, now: float, before: float) -> bool:
        writes.append(len(submission.tokens))
        return submit(submission, now, before)

    link.submit = counted  # type: ignore[method-assign]
    bench.commit()
    for _ in range(50):
        await asyncio.sleep(0.01)
        bench.answer(link, 1000)
        bench.commit()
    assert sum(writes) > 300
    assert all(count % 5 == 0 for count in writes)
    assert sum(writes) / len(writes) >= 10  # a quantum is 15


async def test_since_when_what_was_answered_had_left(bench: Bench) -> None:
    """By the link's marks, in the time of day by the database; of a message of several parts the first counts."""
    bench.work(4, segments=2)
    bench.commit()
    settle_pace(bench)
    bench.lane.pump()
    link, now = bench.links[0], time.monotonic()
    day = bench.lane._day_time.now_us()
    whole, parted, doubted, late = (link.take(2) for _ in range(4))

    def answers(*tokens: Any) -> list[tuple[Any, int, str]]:
        return [(token, 0, "id") for token in tokens]

    bench.lane.answered(link, answers(parted[0]), now - 9.0)
    bench.lane.answered(link, answers(*whole, parted[1]), now - 2.0)
    bench.lane.answered(link, answers(doubted[0]), now - 5.0)
    bench.lane.unanswered(link, [doubted[1], *late], "no_response", now - 3.0)
    group = bench.commit()
    (found,) = sent(group)
    assert [round((at - day) / 1e6) for at in found.left_at.tolist()] == [-9, -9]  # one read
    assert [abs(at - day) < 60_000_000 for at in found.answered_at.tolist()] == [True, True]
    assert [(each.ordinal, round((each.sent_after - day) / 1e6)) for each in group.doubts] == [
        (2, -5),
        (3, -3),
    ]
    bench.lane.answered_late(link, answers(*late), now - 7.0)
    (told,) = bench.commit().late
    assert (told.ordinal, round((told.left_at - day) / 1e6), told.at >= day) == (3, -7, True)
