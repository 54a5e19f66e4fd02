"""A link from connect to close, with literal octets, a clock that the test moves and no socket."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from struct import pack
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.fake import Clock, Diary, FakeTransport
from unit.smpp.wire import answer, data_sm, deliver_sm, pdu, receipt_text, tlv

from broadcast.channel.link import Submission
from broadcast.clock import lease_time
from broadcast.config import Bind, BindMode, Carrier
from broadcast.errors import ConfigError
from broadcast.smpp import link as link_module
from broadcast.smpp import reading
from broadcast.smpp.link import CLOSED_UNBOUND, Link
from broadcast.smpp.session import LinkState

BIND_OK = bytes.fromhex("00000015 80000009 00000000 00000001".replace(" ", "")) + b"smsc\0"
CARRIER = Carrier(tps=1, binds=(Bind("smsc.example", 2775, "esme"),))
ENQUIRE = bytes.fromhex("0000001000000015000000000000")  # and the sequence number's last two octets


@dataclass
class Rig:
    link: Link
    transport: FakeTransport
    diary: Diary
    clock: Clock

    def submit(self, *tokens: str) -> int:
        first = self.link.reserve(len(tokens))
        self.link.submit(Submission(first, list(tokens), b"<%d>" % first), self.clock.now)
        return first

    def lose(self, error: Exception | None = None) -> None:
        self.link.connection_lost(error)


Maker = Callable[..., Rig]


def connected(mode: BindMode = "transceiver", **bind: Any) -> Rig:
    """A link just connected."""
    clock, diary, transport = Clock(), Diary(), FakeTransport()
    place = Bind("smsc.example", 2775, "esme", mode=mode, **{"window": 5, "response_timeout_s": 64.0, **bind})
    with patch.object(link_module.asyncio, "get_running_loop", lambda: clock):
        link = Link("viettel-0", place, CARRIER, diary)
    link.connection_made(transport)
    return Rig(link, transport, diary, clock)


@pytest.fixture
async def unbound() -> Maker:
    return connected


@pytest.fixture
async def bound() -> Maker:
    """A link just bound, with its diary and transport cleared."""

    def make(mode: BindMode = "transceiver", **bind: Any) -> Rig:
        rig = connected(mode, **bind)
        rig.link.data_received(BIND_OK)
        assert rig.diary.taken() == [("bound", None)]
        rig.transport.taken()
        return rig

    return make


# ---------------------------------------------------------------- bind


async def test_it_binds_as_soon_as_it_is_connected(unbound: Maker) -> None:
    rig = unbound()
    assert rig.transport.taken() == (
        b"\0\0\0\x1b" b"\0\0\0\x09" b"\0\0\0\0" b"\0\0\0\1" b"esme\0" b"\0" b"\0" b"\x34\0\0" b"\0"
    )  # fmt: skip
    assert (rig.link.is_bound, rig.link.can_submit, rig.link.room) == (False, False, 0)
    rig.link.data_received(BIND_OK)
    assert rig.diary.taken() == [("bound", None)]
    assert rig.link.bind_answer.result() == 0
    assert (rig.link.is_bound, rig.link.can_submit, rig.link.room, rig.link.window) == (True, True, 5, 5)


async def test_bind_response_and_first_receipt_in_one_read(unbound: Maker) -> None:
    rig = unbound()
    rig.link.data_received(BIND_OK + deliver_sm(9, receipt_text()))
    assert [entry[0] for entry in rig.diary.taken()] == ["bound", "receipts"]


@pytest.mark.parametrize("command", [0x80000009, 0x80000002, 0x80000001])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"\0", b"smsc\0", b"smsc", b"smsc\0\x02\x10\0\1\x34", b"smsc\0\x02\x10\0\1\x50",
        b"smsc\0\x02\x10\0\2\0\x50", b"smsc\0\x02\x10", b"\0" + b"x" * 300,
    ],
)  # fmt: skip
async def test_any_body_of_an_accepted_bind(unbound: Maker, body: bytes, command: int) -> None:
    rig = unbound()
    rig.link.data_received(pdu(command, 0xFFFFFFFF, body))
    assert rig.link.is_bound
    assert rig.diary.taken() == [("bound", None)]


@pytest.mark.parametrize("status", [0x05, 0x0E])
@pytest.mark.parametrize("body", [b"", b"\0"])
async def test_a_refused_bind_closes_and_is_not_bound(unbound: Maker, status: int, body: bytes) -> None:
    rig = unbound()
    rig.link.data_received(pdu(0x80000009, 1, body, status))
    assert rig.link.bind_answer.result() == status
    assert rig.transport.closed
    rig.lose()
    assert await rig.link.finished() == "bind refused"
    assert rig.diary.taken() == []


async def test_an_unanswered_bind_is_given_up(unbound: Maker) -> None:
    rig = unbound(bind_timeout_s=10.0)
    rig.clock.advance(9.5)
    assert not rig.transport.aborted
    rig.clock.advance(1.0)
    assert rig.transport.aborted
    rig.lose()
    assert rig.link.bind_answer.result() == CLOSED_UNBOUND
    assert await rig.link.finished() == "no answer to the bind"


async def test_a_receiver_never_submits(bound: Maker) -> None:
    rig = bound("receiver")
    assert (rig.link.is_bound, rig.link.can_submit, rig.link.room) == (True, False, 0)


async def test_a_password_that_is_not_set_fails_before_connecting() -> None:
    bind = Bind("h", 1, "e", password_env="BROADCAST_TEST_NOT_SET")
    with pytest.raises(ConfigError, match="password_env names is not set"):
        Link("x", bind, Carrier(tps=1, binds=(bind,)), Diary())


# ---------------------------------------------------------------- submits and answers


async def test_submit_and_answer(bound: Maker) -> None:
    rig = bound()
    first = rig.submit("a", "b")
    assert first == 2
    assert rig.transport.taken() == b"<2>"
    assert (rig.link.in_flight, rig.link.room) == (2, 3)
    rig.link.data_received(answer(3, b"B3") + pdu(0x80000004, 2, b"", 0x58))
    assert rig.diary.taken() == [("answered", [("b", 0, "B3"), ("a", 0x58, "")]), ("room", 5)]


async def test_an_answer_before_its_submit_returns(bound: Maker) -> None:
    rig = bound()
    rig.transport.on_write = lambda data: rig.link.data_received(answer(2))
    rig.submit("a")
    assert rig.diary.taken() == [("answered", [("a", 0, "a1")]), ("room", 5)]
    assert rig.link.in_flight == 0


async def test_answers_split_at_every_octet(bound: Maker) -> None:
    rig = bound()
    rig.submit("a", "b")
    for octet in answer(2, b"x") + answer(3, b"y"):
        rig.link.data_received(bytes((octet,)))
    assert [entry for entry in rig.diary.taken() if entry[0] == "answered"] == [
        ("answered", [("a", 0, "x")]),
        ("answered", [("b", 0, "y")]),
    ]


async def test_an_overdue_answer_and_the_late_one(bound: Maker) -> None:
    rig = bound(enquire_link_s=1000.0)
    sent_at = rig.clock.time()
    rig.submit("a", "b")
    rig.link.data_received(answer(2))
    rig.diary.taken()
    rig.clock.advance(64.0)
    assert rig.diary.taken() == []
    rig.clock.advance(2.0)
    assert rig.diary.taken() == [("unanswered", (["b"], "no_response")), ("room", 1)]
    rig.link.data_received(answer(3, b"late"))
    assert rig.diary.taken() == [("answered_late", [("b", 0, "late")])]
    assert rig.diary.left_at == [sent_at] * 3
    rig.link.data_received(answer(3, b"late"))
    rig.lose()
    assert rig.diary.taken() == [("closed", "closed by the SMSC")]


async def test_a_nack_of_no_use_leaves_its_submit_to_the_timeout(bound: Maker) -> None:
    """Quirk 28: which submit it means is anybody's guess, so none is taken for refused."""
    rig = bound(response_timeout_s=64.0)
    rig.submit("a", "b")
    rig.diary.taken()
    rig.link.data_received(pdu(0x80000000, 0, b"", 0x02) + pdu(0x80000000, 0xFFFFFFFF, b"", 0x58) + answer(3))
    assert rig.diary.taken() == [("answered", [("b", 0, "a1")]), ("room", 4)]
    for _ in range(8):  # the SMSC lives
        rig.clock.advance(10.0)
        rig.link.data_received(pdu(0x15, 9))
    assert ("unanswered", (["a"], "no_response")) in rig.diary.taken()
    assert rig.link.is_bound


async def test_the_close_hands_back_the_window_once(bound: Maker) -> None:
    rig = bound()
    rig.submit("a", "b", "c")
    rig.link.data_received(answer(3))
    rig.diary.taken()
    rig.lose(ConnectionResetError("reset"))
    assert rig.diary.taken() == [
        ("unanswered", (["a", "c"], "link_lost")),
        ("closed", "connection lost: reset"),
    ]
    assert rig.clock.waiting == 0
    assert rig.link.state is LinkState.CLOSED


async def test_a_submit_on_a_lost_link_comes_straight_back(bound: Maker) -> None:
    rig = bound()
    rig.lose()
    rig.diary.taken()
    rig.submit("a")
    assert rig.diary.taken() == [("unanswered", (["a"], "link_lost"))]
    assert rig.transport.taken() == b""


async def test_answers_and_a_close_in_one_read(bound: Maker) -> None:
    rig = bound()
    rig.submit("a", "b")
    rig.link.data_received(answer(2) + b"HTTP/1.1 400 Bad Request")
    assert rig.diary.taken() == [("answered", [("a", 0, "a1")]), ("room", 0)]
    assert rig.transport.closed
    rig.lose()
    assert rig.diary.taken() == [
        ("unanswered", (["b"], "link_lost")),
        ("closed", "a command_length of 1213486160 octets: this is not SMPP"),
    ]


async def test_sequence_numbers_go_round(bound: Maker) -> None:
    rig = bound()
    rig.link._window._next = 0x7FFFFFFE
    assert rig.submit("a", "b") == 0x7FFFFFFE
    assert rig.submit("c") == 1
    rig.link.data_received(answer(1, b"c") + answer(0x7FFFFFFF, b"b") + answer(0x7FFFFFFE, b"a"))
    assert rig.diary.taken()[0] == ("answered", [("c", 0, "c"), ("b", 0, "b"), ("a", 0, "a")])


async def test_a_full_socket_leaves_no_room(bound: Maker) -> None:
    rig = bound()
    rig.link.pause_writing()
    assert (rig.link.room, rig.link.can_submit) == (0, True)
    rig.link.resume_writing()
    assert rig.diary.taken() == [("room", 5)]


# ---------------------------------------------------------------- deliveries


async def test_nothing_is_acknowledged_before_the_owner_says_so(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(
        deliver_sm(0x21, receipt_text())
        + deliver_sm(0x22, b"STOP", esm_class=0)
        + pdu(0x05, 0x23, b"\0")
        + data_sm(0x24, tlv(0x0424, receipt_text(b"b2")))
    )
    assert rig.transport.taken() == b""
    told = dict(rig.diary.taken())
    assert [receipt[1:3] for receipt in told["receipts"]] == [(8, "a1"), (8, "b2")]
    rig.clock.advance(20.0)
    assert rig.transport.taken() == b""
    rig.link.ack([told["receipts"][1][0]])
    assert rig.transport.taken() == bytes.fromhex("00000011 80000103 00000000 00000024 00".replace(" ", ""))
    rig.link.ack([told["receipts"][0][0], told["messages"][0].ack, told["unreadable"][0][0]])
    assert rig.transport.taken() == b"".join(
        pack("!IIII", 17, 0x80000005, 0, number) + b"\0" for number in (0x21, 0x22, 0x23)
    )


async def test_an_ack_after_the_close_is_nothing(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(deliver_sm(1, receipt_text()))
    acks = [receipt[0] for receipt in rig.diary.taken()[0][1]]
    rig.lose()
    rig.link.ack(acks)
    assert rig.transport.taken() == b""


async def test_an_smsc_that_says_too_much_is_left_waiting_for_a_while(bound: Maker) -> None:
    """Regression: a flood of enquire_links took the whole event loop from all other carriers (law 8)."""
    rig = bound()
    rig.submit("a")
    for _ in range(27):
        rig.link.data_received(b"".join(pdu(0x15, number) for number in range(1800)))
        rig.clock.advance(0.0)  # a read of this size lets the loop turn
    assert rig.transport.reading
    rig.link.data_received(b"".join(pdu(0x15, number) for number in range(2000)) + answer(2))
    rig.clock.advance(0.0)
    assert not rig.transport.reading
    assert rig.diary.taken() == [("answered", [("a", 0, "a1")]), ("room", 5)]
    assert len(rig.transport.taken()) > 16 * (27 * 1800 + 2000)  # all are answered all the same
    rig.clock.advance(0.1)
    assert rig.transport.reading
    rig.link.data_received(pdu(0x80000004, 77) * 60_000)
    rig.clock.advance(0.0)
    assert not rig.transport.reading
    rig.lose()
    rig.clock.advance(10.0)
    assert rig.clock.waiting == 0


async def test_a_rest_does_not_end_while_too_much_waits_for_its_commit(
    bound: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "UNACKED_MOST", 3000)
    rig = bound()
    rig.link.data_received(b"".join(deliver_sm(number, receipt_text()) for number in range(3001)))
    acks = [receipt[0] for receipt in dict(rig.diary.taken())["receipts"]]
    rig.clock.advance(4.0)
    assert not rig.transport.reading
    rig.link.ack(acks)
    assert rig.transport.reading
    rig.link.data_received(b"".join(deliver_sm(number, receipt_text()) for number in range(3001)))
    acks = [receipt[0] for receipt in dict(rig.diary.taken())["receipts"]]
    rig.link.ack(acks)
    assert not rig.transport.reading
    rig.clock.advance(4.0)
    assert rig.transport.reading


async def test_deliveries_that_wait_are_bounded_in_octets_too(bound: Maker) -> None:
    """Regression: 50,000 unreadable PDUs of 128 KiB each could wait for their commit in memory."""
    rig = bound()
    long = pdu(0x05, 1, b"x" * 120_000)
    reads = 0
    while rig.transport.reading and reads < 1000:
        rig.link.data_received(long)
        rig.clock.advance(0.5)
        rig.clock.advance(5.0)
        reads += 1
    assert 32 << 20 < reads * len(long) < 34 << 20
    acks = [ack for name, pdus in rig.diary.taken() if name == "unreadable" for ack, _, _ in pdus]
    assert len(acks) == reads
    rig.link.ack(acks[: reads // 3])
    assert not rig.transport.reading
    rig.link.ack(acks[reads // 3 :])
    assert rig.transport.reading


async def test_reading_stops_while_too_much_waits_for_its_commit(
    bound: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "UNACKED_MOST", 4)
    rig = bound(enquire_link_s=10.0, response_timeout_s=10.0)
    rig.submit("a")
    rig.transport.taken()
    rig.link.data_received(b"".join(deliver_sm(number, receipt_text()) for number in range(5)))
    acks = [receipt[0] for receipt in rig.diary.taken()[0][1]]
    assert not rig.transport.reading
    rig.clock.advance(100.0)
    assert rig.diary.taken() == []  # nothing expired: what is missing may wait to be read
    assert rig.transport.taken().count(ENQUIRE) == 10
    rig.link.ack(acks[:2])
    assert not rig.transport.reading
    rig.link.ack(acks[2:])
    assert rig.transport.reading
    assert not rig.transport.aborted


# ---------------------------------------------------------------- the session


async def test_enquire_link_is_answered_at_once(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(pdu(0x15, 0xFFFFFFFF) + pdu(0x15, 0))
    assert rig.transport.taken() == bytes.fromhex(
        "000000108000001500000000ffffffff" + "00000010800000150000000000000000"
    )


async def test_a_status_on_a_pdu_that_has_none_means_nothing(bound: Maker) -> None:
    """Quirk 23: vendors put theirs on anything."""
    rig = bound()
    odd = bytearray(deliver_sm(5, receipt_text()))
    odd[8:12] = b"\0\0\4\xa1"
    rig.link.data_received(bytes(odd) + pdu(0x15, 6, b"", 0x55F) + pdu(0x80000015, 3, b"extra", 0x22))
    assert rig.diary.taken() == [("receipts", [(b"\0\0\0\5", 8, "a1", "000", 84912345678)])]
    assert rig.transport.taken() == bytes.fromhex("00000010800000150000000000000006")
    assert rig.link.is_bound


async def test_an_idle_link_asks_and_a_half_open_one_is_cut(bound: Maker) -> None:
    rig = bound(enquire_link_s=30.0, response_timeout_s=60.0)
    rig.submit("a")
    rig.transport.taken()
    rig.clock.advance(29.0)
    assert rig.transport.taken() == b""
    rig.clock.advance(2.0)
    assert rig.transport.taken() == ENQUIRE + b"\0\3"
    rig.link.data_received(pdu(0x80000015, 3))
    rig.clock.advance(28.0)
    assert rig.transport.taken() == b""
    rig.clock.advance(3.0)
    assert rig.transport.taken() == ENQUIRE + b"\0\4"
    rig.clock.advance(57.0)
    assert not rig.transport.aborted
    rig.clock.advance(4.0)
    assert rig.transport.aborted
    assert rig.link.room == 0
    rig.diary.taken()
    rig.lose()
    assert rig.diary.taken() == [("closed", "no sign of life")]


UNBIND_RESP_77 = bytes.fromhex("0000001080000006000000000000004d")


async def test_unbind_from_the_smsc(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    rig.transport.taken()
    rig.link.data_received(pdu(0x06, 77) + answer(2))
    assert rig.transport.taken() == UNBIND_RESP_77
    assert rig.diary.taken() == [("answered", [("a", 0, "a1")]), ("room", 0)]
    assert rig.transport.closed
    rig.lose()
    assert rig.diary.taken() == [("closed", "unbound by the SMSC")]


async def test_an_unbind_is_answered_when_nothing_is_on_its_way_any_more(bound: Maker) -> None:
    """Quirk 53, regression: it was answered and the connection closed at once, with 18 of 500 answers under way."""
    rig = bound()
    rig.submit("a", "b")
    rig.transport.taken()
    rig.link.data_received(answer(2) + pdu(0x06, 76))
    assert (rig.link.can_submit, rig.link.room, rig.transport.taken()) == (False, 0, b"")
    rig.link.data_received(deliver_sm(5, receipt_text()) + pdu(0x15, 9) + pdu(0x06, 77))
    rig.clock.advance(5.0)
    assert rig.transport.taken() == pdu(0x80000015, 9)
    rig.link.data_received(answer(3, b"b2"))
    assert (rig.transport.taken(), rig.transport.closed) == (b"", False)
    rig.link.ack([b"\0\0\0\5"])  # the receipt is committed
    assert rig.transport.taken() == pdu(0x80000005, 5, b"\0") + UNBIND_RESP_77
    assert rig.transport.closed
    rig.lose()
    assert [entry for entry in rig.diary.taken() if entry[0] not in ("receipts", "room")] == [
        ("answered", [("a", 0, "a1")]), ("answered", [("b", 0, "b2")]), ("closed", "unbound by the SMSC"),
    ]  # fmt: skip


async def test_an_unbind_is_answered_by_its_deadline_whatever_is_missing(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    rig.transport.taken()
    rig.link.data_received(pdu(0x06, 77) + pdu(0x80000004, 2)[:9])  # and the end of it never comes
    rig.clock.advance(9.0)
    assert (rig.transport.taken(), rig.transport.closed) == (b"", False)
    rig.clock.advance(2.0)
    assert rig.transport.taken() == UNBIND_RESP_77
    assert rig.transport.closed
    rig.lose()
    assert ("unanswered", (["a"], "link_lost")) in rig.diary.taken()
    assert rig.clock.waiting == 0


async def test_who_leaves_while_the_smsc_unbinds_waits_for_the_answers_too(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    rig.transport.taken()
    rig.link.data_received(pdu(0x06, 77))
    await asyncio.wait_for(rig.link.leaving(), 60)
    leaving = asyncio.create_task(rig.link.unbind(1000.0))
    await turn()
    assert rig.transport.taken() == b""
    rig.link.data_received(answer(2))
    await turn()
    assert rig.transport.taken() == UNBIND_RESP_77
    rig.lose()
    await leaving
    assert await rig.link.finished() == "unbound by the SMSC"


async def test_a_pdu_that_never_ends_is_cut_off(bound: Maker) -> None:
    """Quirk 54."""
    rig = bound(response_timeout_s=60.0, enquire_link_s=1000.0)
    rig.link.data_received(b"\0\2\0\0")
    for _ in range(59):
        rig.clock.advance(1.0)
        rig.link.data_received(b"\0")
    assert not rig.transport.aborted
    rig.clock.advance(3.0)
    assert rig.transport.aborted
    rig.lose()
    assert rig.diary.taken() == [("closed", "a PDU that does not end")]


async def test_a_close_that_cannot_be_flushed_is_cut(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(pdu(0x06, 77))
    rig.clock.advance(1.9)
    assert (rig.transport.closed, rig.transport.aborted) == (True, False)
    rig.clock.advance(0.2)
    assert rig.transport.aborted


async def test_an_smsc_that_sends_and_never_reads_is_cut(bound: Maker) -> None:
    rig = bound()
    rig.transport.buffered = 17 << 20
    rig.link.data_received(pdu(0x15, 1))
    assert rig.transport.aborted
    rig.lose()
    assert rig.diary.taken() == [("closed", "the SMSC does not read")]


async def test_what_comes_after_the_end_is_not_taken(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(pdu(0x06, 77))
    rig.diary.taken()
    rig.link.data_received(deliver_sm(1, receipt_text()))
    assert rig.diary.taken() == []


async def test_unknown_commands_and_notifications_leave_the_link_alone(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(
        pdu(0x102, 5, b"junk") + pdu(0x0B, 6) + pdu(0x800012AB, 7, b"x", 0x4A1) + pdu(0x5555, 8)
    )
    assert rig.transport.taken() == bytes.fromhex("00000010800000000000000300000008")
    assert rig.link.is_bound


# ---------------------------------------------------------------- unbind


async def test_unbind_waits_for_the_answers_then_says_goodbye(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    rig.transport.taken()
    leaving = asyncio.create_task(rig.link.unbind(1000.0))
    await turn()
    assert (rig.link.can_submit, rig.link.room, rig.transport.taken()) == (False, 0, b"")
    rig.link.data_received(answer(2) + deliver_sm(5, receipt_text()))
    await turn()
    assert rig.transport.taken() == b""
    rig.link.ack([b"\0\0\0\5"])
    await turn()
    assert rig.transport.taken() == bytes.fromhex(
        "0000001180000005000000000000000500" + "00000010000000060000000000000003"
    )
    rig.link.data_received(pdu(0x80000006, 3))
    assert rig.transport.closed
    rig.lose()
    await leaving
    assert [entry[0] for entry in rig.diary.taken()] == ["answered", "receipts", "room", "closed"]
    assert await rig.link.finished() == "unbound"


async def test_unbind_gives_up_on_a_dead_smsc(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    leaving = asyncio.create_task(rig.link.unbind(0.0))
    await turn(20)
    assert rig.transport.aborted
    rig.lose()
    await leaving
    assert rig.diary.taken() == [("unanswered", (["a"], "link_lost")), ("closed", "unbound")]


async def test_a_cancelled_unbind_still_cuts_the_connection(bound: Maker) -> None:
    rig = bound()
    rig.submit("a")
    leaving = asyncio.create_task(rig.link.unbind(1000.0))
    await turn()
    leaving.cancel()
    await turn()
    assert rig.transport.aborted
    rig.lose()
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_unbind_of_a_closed_link_returns(bound: Maker) -> None:
    rig = bound()
    rig.lose()
    await rig.link.unbind(1000.0)
    assert await rig.link.finished() == "closed by the SMSC"


async def test_unbind_while_the_smsc_unbinds(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(pdu(0x06, 77))
    leaving = asyncio.create_task(rig.link.unbind(1000.0))
    await turn()
    assert not rig.transport.aborted
    rig.lose()
    await leaving
    assert await rig.link.finished() == "unbound by the SMSC"


# ---------------------------------------------------------------- conservation

STEPS = st.one_of(
    st.tuples(st.just("submit"), st.integers(1, 5)),
    st.tuples(st.just("answer"), st.integers(0, 40)),
    st.tuples(st.just("nack"), st.integers(0, 40)),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("unreadable"), st.integers(0, 40)),
    st.tuples(st.just("unbind"), st.just(0)),
)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40), st.integers(0, 3), st.binary(max_size=40))
def test_every_token_ends_once_whatever_the_smsc_does(
    steps: list[tuple[str, int]], wrap: int, junk: bytes
) -> None:
    async def scenario() -> None:
        rig = connected(enquire_link_s=1000.0)
        rig.link.data_received(BIND_OK)
        rig.link._window._next = 0x7FFFFFF0 if wrap else 2
        tokens, numbers = [], []
        for step, value in steps:
            if step == "submit":
                new = [str(len(tokens) + place) for place in range(value)]
                first = rig.submit(*new)
                tokens += new
                numbers += range(first, first + value)
            elif step == "wait":
                rig.clock.advance(float(value))
            elif step == "unbind":
                rig.link.data_received(pdu(0x06, 1))
            else:
                number = numbers[value % len(numbers)] if numbers else value
                commands = {"answer": 0x80000004, "nack": 0x80000000, "unreadable": 0x05}
                rig.link.data_received(pdu(commands[step], number, b"x"))
        rig.link.data_received(junk)
        rig.lose()
        told = dict.fromkeys(("answered", "answered_late"), ())
        for name in told:
            told[name] = tuple(
                each[0] for entry, given in rig.diary.entries if entry == name for each in given
            )
        lost = [each for entry, given in rig.diary.entries if entry == "unanswered" for each in given[0]]
        assert sorted([*told["answered"], *lost]) == sorted(tokens)
        assert set(told["answered_late"]) <= set(lost)
        assert len(set(told["answered_late"])) == len(told["answered_late"])

    asyncio.run(scenario())


async def turn(times: int = 5) -> None:
    """Let the loop run what is ready."""
    for _ in range(times):
        await asyncio.sleep(0)


async def test_too_late_writes_nothing_and_takes_nothing(bound: Maker) -> None:
    rig = bound()
    rig.transport.taken()
    rig.diary.taken()
    assert not rig.link.submit(
        Submission(rig.link.reserve(2), ["a", "b"], b"late"), rig.clock.now, before=lease_time()
    )
    assert rig.transport.taken() == b""
    assert rig.diary.taken() == []
    assert rig.link.in_flight == 0


async def test_a_round_trip_is_measured_once(bound: Maker) -> None:
    rig = bound()
    assert rig.link.take_round_trip(rig.clock.now) is None
    first = rig.submit("a", "b")
    sent_at = rig.clock.now
    assert rig.link.take_round_trip(sent_at + 1) is None
    rig.link.data_received(answer(first))
    assert rig.link.take_round_trip(sent_at + 2) == 2.0
    assert rig.link.take_round_trip(sent_at + 3) is None


# ---------------------------------------------------------------- what is asked back

CANCEL_RESP = 0x80000008


def ask_back(rig: Rig, *tokens: str) -> int:
    first = rig.link.reserve(len(tokens))
    assert rig.link.withdraw(
        Submission(first, list(tokens), b"<cancel %d>" % first), rig.clock.now, float("inf")
    )
    return first


async def test_what_is_asked_back_is_told_by_its_answer(bound: Maker) -> None:
    rig = bound()
    first = ask_back(rig, "a", "b", "c")
    assert rig.transport.taken().endswith(b"<cancel %d>" % first)
    assert rig.link.room == 2  # of 5: they take places
    rig.link.data_received(
        pack("!IIII", 16, CANCEL_RESP, 0, first)
        + pack("!IIII", 16, CANCEL_RESP, 0x11, first + 1)
        + pack("!IIII", 16, 0x80000000, 0, first + 2)
    )
    assert ("taken_back", [("a", 0), ("b", 0x11), ("c", 0xFF)]) in rig.diary.entries
    assert rig.link.room == 5
    assert rig.transport.taken() == b""


async def test_answers_that_nobody_waits_for_change_nothing(bound: Maker) -> None:
    rig = bound()
    rig.link.data_received(pack("!IIII", 16, CANCEL_RESP, 0, 77))
    ask_back(rig, "a")
    rig.link.data_received(pack("!IIII", 16, CANCEL_RESP, 0, 77))
    assert not [entry for entry in rig.diary.entries if entry[0] == "taken_back"]
    assert rig.link.is_bound


async def test_what_is_never_answered_is_told_after_the_timeout(bound: Maker) -> None:
    rig = bound(response_timeout_s=10.0, enquire_link_s=1000.0)
    first = ask_back(rig, "a")
    rig.clock.advance(12)
    assert ("taken_back", [("a", None)]) in rig.diary.entries
    rig.link.data_received(pack("!IIII", 16, CANCEL_RESP, 0, first))
    assert len([entry for entry in rig.diary.entries if entry[0] == "taken_back"]) == 1


async def test_what_a_lost_link_was_asked_is_told(bound: Maker) -> None:
    rig = bound()
    ask_back(rig, "a")
    rig.lose()
    names = [entry[0] for entry in rig.diary.entries]
    assert names.index("taken_back") < names.index("closed")
    assert rig.link.withdraw(Submission(9, ["b"], b"<>"), rig.clock.now, float("inf"))
    assert ("taken_back", [("b", None)]) in rig.diary.entries


async def test_nothing_is_asked_back_too_late(bound: Maker) -> None:
    rig = bound()
    rig.transport.taken()
    assert not rig.link.withdraw(Submission(rig.link.reserve(1), ["a"], b"<>"), rig.clock.now, 0.0)
    assert rig.transport.taken() == b""


async def test_a_submit_beside_it_keeps_its_own_answer(bound: Maker) -> None:
    rig = bound()
    first = ask_back(rig, "a")
    submitted = rig.submit("s")
    rig.link.data_received(answer(submitted, b"id") + pack("!IIII", 16, CANCEL_RESP, 0, first))
    assert [entry[1][0][0] for entry in rig.diary.entries if entry[0] in ("answered", "taken_back")] == [
        "a",
        "s",
    ]


# ---------------------------------------------------------------- what is measured of it


async def test_an_answered_enquire_link_is_timed(bound: Maker) -> None:
    rig = bound(enquire_link_s=4.0)
    rig.clock.advance(5.0)
    asked = rig.transport.taken()
    assert asked.startswith(ENQUIRE)
    rig.clock.now += 0.25
    rig.link.data_received(pdu(0x80000015, int.from_bytes(asked[12:16])))
    assert 0.25 <= (rig.link.take_enquiry() or 0.0) <= 1.5
    assert rig.link.take_enquiry() is None


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda rig: rig.lose(), "lost"),
        (lambda rig: rig.lose(ConnectionResetError("reset")), "lost"),
        (lambda rig: (rig.link.data_received(pdu(0x00000006, 9)), rig.lose()), "unbound"),
        (lambda rig: (rig.link.data_received(b"\xff" * 16), rig.lose()), "broken"),
        (lambda rig: (rig.clock.advance(300.0), rig.lose()), "silent"),
        (lambda rig: (rig.link.abort("unbound"), rig.lose()), "ours"),
    ],
)
async def test_an_end_is_one_of_few_words(bound: Maker, end: Callable[[Rig], None], said: str) -> None:
    rig = bound()
    assert rig.link.ended == ""
    end(rig)
    assert rig.link.ended == said
