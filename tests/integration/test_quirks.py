"""What SMSCs send, over real links into a real Postgres: nothing is lost, nothing stops, the books balance."""

import asyncio
import struct
import time
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.ledger_world import AT, LEFT, World
from integration.resolved import parked, resolve_all, said
from integration.rig import Rig
from integration.test_binding import BIND_OK, Smsc, read_pdu
from unit.engine.fake import FakeLink, FakeTemplate
from unit.smpp.wire import data_sm, deliver_sm, pdu, receipt_text, tlv
from waiting import PATIENCE_S, until

from broadcast.campaign.precedence import Claim
from broadcast.clock import DayTime
from broadcast.config import Bind, Carrier
from broadcast.engine.carrier_campaign import CarrierCampaign
from broadcast.engine.lane import Lane
from broadcast.engine.work import Work
from broadcast.ids import CampaignId
from broadcast.ledger.close import tidy
from broadcast.ledger.journal import LateAnswer
from broadcast.ledger.rare import ODDITIES_MOST
from broadcast.ledger.states import RecipientState
from broadcast.ledger.writer import Writer
from broadcast.monitor.metrics import Metrics
from broadcast.reports.audit import audit
from broadcast.reports.received import Received, oddities, received
from broadcast.smpp.channel import SmppChannel
from broadcast.smpp.inbox import Inbox
from broadcast.smpp.window import Window
from broadcast.store.pool import connect

BIND = Bind("127.0.0.1", 2775, "esme")
CARRIER = Carrier(tps=1000, binds=(BIND,))
REDELIVERIES = 1000


def lane_of(world: World, carrier: Carrier = CARRIER) -> Lane:
    return Lane(
        world.carrier_no,
        "viettel",
        carrier,
        SmppChannel(carrier),
        world.writer.journal,
        Metrics(),
        lambda: None,
        lambda: None,
        DayTime.of_this_machine(),
    )


async def balanced(world: World) -> dict[str, int]:
    assert (await audit(world.conn, world.campaign_id)).problems == ()
    return await world.tally()


# ------------------------------------------------------------------ receipts that can never be read


class Poisoner:
    """Delivers the same unreadable receipt again and again, `at_once` unanswered at a time, until it was answered
    REDELIVERIES times."""

    def __init__(self, body: bytes, at_once: int) -> None:
        self.body = body
        self.at_once = at_once
        self.sent = 0
        self.answered: list[int] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)
        self._deliver(writer, self.at_once)
        while True:
            command, status, sequence, _ = await read_pdu(reader)
            if command == 0x15:
                writer.write(pdu(0x80000015, sequence))
            elif command == 0x06:
                writer.write(pdu(0x80000006, sequence))
                return
            else:
                assert command == 0x80000005
                self.answered.append(status)
                self._deliver(writer, min(1, REDELIVERIES - self.sent))

    def _deliver(self, writer: asyncio.StreamWriter, count: int) -> None:
        for _ in range(count):
            self.sent += 1
            writer.write(pdu(0x05, 1000 + self.sent, self.body))


async def test_a_poison_receipt_costs_one_row_and_a_count(rig: Rig) -> None:
    """It cannot be read today or ever, and the SMSC brings it until it is acknowledged, and then still."""
    poison = Poisoner(deliver_sm(0, b"stat:DELIVRD err:000 \x00\xff text:")[16:], at_once=50)
    async with Smsc(poison) as smsc:
        bind = smsc.bind()
        rig.config = replace(rig.config, carriers={"viettel": Carrier(tps=10, binds=(bind,))})
        worker = rig.worker()
        await until(lambda: len(poison.answered) == REDELIVERIES, "every one is acknowledged")
        await rig.stop(worker)
        assert smsc.connections == 1
    assert set(poison.answered) == {0}
    rows = await rig.conn.fetch("SELECT pdu, reason, times, last_at > first_at AS went_on FROM quarantine")
    assert [(row["reason"], row["times"], row["went_on"]) for row in rows] == [
        ("a receipt without an id", REDELIVERIES, True)
    ]
    assert rows[0]["pdu"][16:] == poison.body
    counted = worker._metrics.registry.get_sample_value("broadcast_quarantined_total", {"carrier": "viettel"})
    assert counted == REDELIVERIES


async def test_unreadable_pdus_of_one_group_are_counted_each(world: World) -> None:
    lane, link = lane_of(world), FakeLink()
    one, other = deliver_sm(7, b"err:1"), data_sm(8, b"\0")
    for sequence in range(5):
        again = one[:12] + struct.pack("!I", sequence) + one[16:]
        lane.unreadable(link, [(b"1234", again, "a receipt without an id"), (b"1234", other, "x")])
    await world.writer.flush()
    lane.unreadable(link, [(b"1234", one, "a receipt without an id")])
    await world.writer.flush()
    rows = await world.conn.fetch("SELECT reason, times FROM quarantine ORDER BY reason")
    assert [tuple(row) for row in rows] == [("a receipt without an id", 6), ("x", 5)]
    assert len(link.acked) == 11
    told = await received(world.conn, "viettel")
    assert told is not None
    assert (told.unreadable, told.unreadable_times) == (2, 11)


# ------------------------------------------------------------------ anything at all

BODIES = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda text, tlvs, esm, coding, source: deliver_sm(
            0, text, tlvs, esm_class=esm, data_coding=coding, source=source.replace(b"\0", b"")
        )[16:],
        st.one_of(
            st.binary(max_size=255),
            st.builds(
                lambda smsc_id, stat, err: receipt_text(smsc_id, stat, err)[:255],
                st.binary(max_size=120), st.binary(max_size=40), st.binary(max_size=20),
            ),
        ),
        st.one_of(
            st.binary(max_size=40),
            st.builds(
                lambda smsc_id, state: tlv(0x001E, smsc_id) + tlv(0x0427, state),
                st.one_of(st.binary(max_size=20), st.binary(min_size=3000, max_size=3000)), st.binary(max_size=9),
            ),
            st.binary(max_size=80).map(lambda text: tlv(0x0424, b"id:" + text + b" stat:DELIVRD err:" + text)),
        ),
        st.sampled_from([0, 4, 0x40, 0x44, 255]),
        st.sampled_from([0, 8, 245]),
        st.one_of(st.binary(max_size=30), st.integers(0, 10**20).map(lambda number: b"%d" % number)),
    ),
)  # fmt: skip
DELIVERIES = st.tuples(st.sampled_from([0x05, 0x05, 0x05, 0x103]), BODIES)
ANSWERS = st.tuples(
    st.one_of(st.binary(max_size=80), st.binary(min_size=300, max_size=300)),
    st.sampled_from([0, 0, 0, 0x58, 0x0B, 0x4A1, 0xFFFFFFFF]),
)


@given(deliveries=st.lists(DELIVERIES, min_size=1, max_size=20), answers=st.lists(ANSWERS, max_size=4))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_an_smsc_sends_makes_postgres_refuse_a_group(
    world: World, deliveries: list[tuple[int, bytes]], answers: list[tuple[bytes, int]]
) -> None:
    """Random octets through the reader into rows and a real commit; everything is acknowledged."""
    lane, link = lane_of(world), FakeLink()
    slice_ = await world.slice([84321000000 + number for number in range(len(answers) + 1)])
    slice_.intend_next(len(answers))
    await world.writer.flush()
    window = Window(10, 60.0)
    window.add(window.reserve(max(1, len(answers))), list(range(max(1, len(answers)))), 0.0)
    box = Inbox(window, CARRIER)
    stream = b"".join(pdu(command, number, body) for number, (command, body) in enumerate(deliveries))
    stream += b"".join(
        pdu(0x80000004, number, body, status) for number, (body, status) in enumerate(answers, 1)
    )
    batch = box.feed(stream)
    assert batch.broken is None
    for ordinal, status, smsc_id in batch.answers:
        if status:
            slice_.reject(ordinal, f"status:{status}", [], AT)
        else:
            slice_.accept(ordinal, smsc_id, LEFT, AT)
    link.unknown_states = box.take_unknown_states()
    lane.receipts(link, batch.receipts)
    lane.messages(link, batch.messages)
    lane.unreadable(link, batch.unreadable)
    async with asyncio.timeout(PATIENCE_S):
        await world.writer.flush()
        await resolve_all(world.conn)
    assert sorted(link.acked) == sorted(
        [receipt[0] for receipt in batch.receipts]
        + [message.ack for message in batch.messages]
        + [ack for ack, _, _ in batch.unreadable]
    )
    assert len(link.acked) == len(deliveries)
    await balanced(world)


# ------------------------------------------------------------------ where and when receipts come


async def test_a_receipt_on_another_bind_and_worker_in_a_later_session(world: World) -> None:
    """Quirk 19: matched per carrier, wherever it comes in; days later too."""
    slice_ = await world.slice([84912345678])
    slice_.intend_next(1)
    box = Inbox(Window(10, 60.0), CARRIER)
    slice_.accept(0, "7f", LEFT, AT)
    slice_.let_go()
    await world.writer.flush()
    await resolve_all(world.conn)
    for _ in range(6):  # buckets that others fill meanwhile
        world.receipt("other", RecipientState.DELIVERED)
        await world.writer.flush()
        await resolve_all(world.conn)
    assert await balanced(world) == {"accepted": 1}
    other_no = await world.conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('there', 2, now() + interval '1 hour') RETURNING worker_no"
    )
    other = Writer(lambda: connect(world.url), other_no, 0.0, lambda *_: None)
    lane = Lane(
        world.carrier_no,
        "viettel",
        CARRIER,
        SmppChannel(CARRIER),
        other.journal,
        Metrics(),
        lambda: None,
        lambda: None,
        DayTime.of_this_machine(),
    )
    lane.receipts(FakeLink(), box.feed(deliver_sm(3, receipt_text(b"7f"))).receipts)
    await other.flush()
    await other._drop()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}


async def test_an_unknown_id_is_kept_counted_and_matched_when_its_submit_is_known(world: World) -> None:
    """Quirks 16 and 20."""
    lane, link = lane_of(world), FakeLink()
    box = Inbox(Window(10, 60.0), CARRIER)
    lane.receipts(link, box.feed(deliver_sm(3, receipt_text(b"later", b"UNDELIV", b"21b"))).receipts)
    await world.writer.flush()
    assert link.acked == [b"\0\0\0\3"]
    await resolve_all(world.conn)
    assert await parked(world.conn) == 1
    assert await received(world.conn, "viettel") == Received(1, 0, 0, 0, 1, 0, 0, 0)
    slice_ = await world.slice([84912345678])
    slice_.intend_next(1)
    slice_.accept(0, "later", LEFT, AT)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"undeliverable": 1}
    assert [err for _, err, _ in (await said(world.conn, world.campaign_id)).values()] == ["21b"]


async def test_throttled_yet_accepted_ends_by_its_receipt_without_a_second_copy(world: World) -> None:
    """Quirk 26: the submit was answered 0x58, and delivered."""
    lane = lane_of(world, replace(CARRIER, retry_delay_s=60.0))
    slice_ = await world.slice([84912345678])
    work = Work(slice_, CarrierCampaign(CampaignId(1), Claim((0, 0)), FakeTemplate(1), 4e9), LEFT)
    link, window = FakeLink(), Window(10, 60.0)
    lane.bound(link)
    lane.add(work)
    slice_.intend_next(1)
    work.in_flight = 1
    window.add(window.reserve(1), [(work, 0, 1)], 0.0)
    lane.pacer.take(1, time.monotonic(), link)
    box = Inbox(window, CARRIER)
    lane.answered(link, box.feed(pdu(0x80000004, 1, b"", 0x58)).answers, 0.0)
    await world.writer.flush()
    assert await balanced(world) == {"waiting": 1}
    lane.receipts(link, box.feed(deliver_sm(3, receipt_text(b"never-told"))).receipts)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1}
    assert lane.stock.empty
    assert await world.conn.fetchval("SELECT ended_as FROM in_doubt") == "receipt"
    assert await world.conn.fetchval("SELECT state FROM slice") == "done"


async def test_without_receipts_a_campaign_ends_with_its_last_answer(world: World) -> None:
    """Quirk 21: nobody waits for days for what will not come; the recipients are unknown, and it says why."""
    slice_ = await world.slice([84321000001, 84321000002, 84321000003], segments=0)
    slice_.intend_next(3)
    slice_.accept_parts(0, [], LEFT, AT, 2)
    slice_.doubt(1, "no_response", LEFT)
    slice_.doubt(2, "no_response", LEFT)
    await world.writer.flush()
    assert await balanced(world) == {"in_doubt": 2, "unknown": 1}
    world.writer.journal.late(LateAnswer(slice_.slice_id, 1, (), "", LEFT, AT, 2))
    world.writer.journal.late(LateAnswer(slice_.slice_id, 2, (), "status:ESME_RINVDSTADR", LEFT, AT))
    slice_.let_go()
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"rejected": 1, "unknown": 2}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 4
    assert await tidy(world.conn, 100, 1e6) == [world.campaign_id]
    people = await said(world.conn, world.campaign_id)
    assert {err for state, err, _ in people.values() if state == "unknown"} == {"no_receipts"}


async def test_a_message_whose_last_segment_alone_is_awaited(world: World) -> None:
    slice_ = await world.slice([84321000001, 84321000002, 84321000003], segments=1)
    slice_.intend_next(3)
    slice_.accept_parts(0, ["a3"], LEFT, AT, 2)
    slice_.reject(1, "status:ESME_RINVDSTADR", [(3, "b3")], AT, 1)
    slice_.doubt(2, "no_response", LEFT)
    world.receipt("a3", RecipientState.DELIVERED)
    world.receipt("b3", RecipientState.DELIVERED)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1, "in_doubt": 1, "rejected": 1}
    world.receipt("c3", RecipientState.EXPIRED, 84321000003)
    await world.writer.flush()
    await resolve_all(world.conn)
    assert await balanced(world) == {"delivered": 1, "expired": 1, "rejected": 1}
    assert await world.conn.fetchval("SELECT sum(segments) FROM tally") == 5
    assert await parked(world.conn) == 0


# ------------------------------------------------------------------ what a profile does not know


async def test_oddities_are_kept_counted_and_bounded(world: World) -> None:
    lane, link = lane_of(world), FakeLink()
    box = Inbox(Window(10, 60.0), CARRIER)
    for _ in range(3):
        receipts = box.feed(deliver_sm(3, receipt_text(b"x", b"SEEN"))).receipts
        link.unknown_states = box.take_unknown_states()
        lane.receipts(link, receipts)
        await world.writer.flush()
    found = await oddities(world.conn, "viettel")
    assert [(each.kind, each.value, each.times) for each in found] == [("receipt_state", "SEEN", 3)]
    group = world.writer.journal.group
    for number in range(3 * ODDITIES_MOST):
        group.oddities[world.carrier_no, "status", f"0x{number:08X}"] += 2
    await world.writer.flush()
    world.writer.journal.group.oddities[world.carrier_no, "status", "0xFFFFFFFF"] += 1
    world.writer.journal.group.oddities[world.carrier_no, "status", "0x00000001"] += 1
    await world.writer.flush()
    rows = await world.conn.fetch("SELECT value, times FROM oddity WHERE kind = 'status' ORDER BY value")
    assert len(rows) == ODDITIES_MOST + 1
    counted = {row["value"]: row["times"] for row in rows}
    assert (counted["0x00000001"], counted["other"]) == (3, 2 * 2 * ODDITIES_MOST + 1)
