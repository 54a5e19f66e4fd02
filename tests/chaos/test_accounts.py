"""The simulator of a split carrier: receipts come back at the account that sent, whose traffic is counted."""

import asyncio
from struct import pack
from typing import cast

from chaos.accounts import AccountsExchange
from unit.simulator.pdus import cut, header, submit
from unit.smpp.fake import Clock, FakeTransport

from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.personality import Personality
from broadcast.simulator.session import Session

SUBMIT, DELIVER, DELIVER_RESP = 4, 5, 0x80000005


def bound(exchange: AccountsExchange, system_id: bytes) -> tuple[Session, FakeTransport]:
    """A transceiver; or one that is refused."""
    made, transport = Session(exchange), FakeTransport()
    made.connection_made(transport)
    body = system_id + b"\0\0\0\x34\0\0\0\0"
    made.data_received(pack("!IIII", 16 + len(body), 9, 0, 1) + body)
    return made, transport


def exchange(*accounts: str) -> tuple[AccountsExchange, Clock]:
    clock = Clock()
    habits = ReceiptHabits(any_session=True)
    like = Personality("carrier", "one", receipt_delay_s=0.1, window=1000, receipts=habits)
    made = AccountsExchange(like, cast(asyncio.AbstractEventLoop, clock))
    made.tell_apart(accounts)
    return made, clock


def delivered(transport: FakeTransport) -> list[bytes]:
    return [pdu for pdu in cut(transport.taken()) if header(pdu)[1] == DELIVER]


def test_receipts_come_back_at_the_account_that_sent() -> None:
    smsc, clock = exchange("a", "b")
    sender, first = bound(smsc, b"a")
    _, other = bound(smsc, b"b")
    _, second = bound(smsc, b"a")
    first.taken(), other.taken(), second.taken()
    sender.data_received(b"".join(submit(number, b"849%08d" % number) for number in range(100)))
    clock.advance(0.2)
    assert (len(delivered(first)) + len(delivered(second)), len(delivered(other))) == (100, 0)
    assert smsc.most() == {"a": 100, "b": 0}
    assert smsc.book.segments == 100


def test_they_wait_for_that_account() -> None:
    smsc, clock = exchange("a", "b")
    sender, _ = bound(smsc, b"a")
    _, other = bound(smsc, b"b")
    sender.data_received(b"".join(submit(number, b"849%08d" % number) for number in range(10)))
    sender.connection_lost(None)
    clock.advance(1.0)
    _, again = bound(smsc, b"a")
    clock.advance(0.1)
    assert (len(delivered(again)), len([pdu for pdu in cut(other.taken()) if header(pdu)[1] == DELIVER])) == (
        10,
        0,
    )


def test_who_is_no_account_is_refused() -> None:
    smsc, _ = exchange("a", "b")
    assert header(bound(smsc, b"one")[1].taken())[2] == 0
    assert header(bound(smsc, b"c")[1].taken())[2] != 0


def test_whoever_is_named_answers_stop_once() -> None:
    smsc, clock = exchange()
    esme, transport = bound(smsc, b"one")
    transport.taken()
    smsc.answer_stop(["84320000001", "84320000002"])
    clock.advance(0.1)
    found = delivered(transport)
    assert [(b"8432000000" in pdu, pdu.endswith(b"\x04STOP")) for pdu in found] == [(True, True)] * 2
    esme.data_received(b"".join(pack("!IIII", 17, DELIVER_RESP, 0, header(pdu)[3]) + b"\0" for pdu in found))
    assert smsc.book.oddities["reply_acked"] == 2
    assert smsc.summary()["receipts"]["pending"] == 0
