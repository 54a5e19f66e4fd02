"""Sessions with habits: what they do by themselves, on a clock that the test moves."""

import asyncio
from dataclasses import replace
from struct import pack
from typing import Any, cast

from unit.simulator.pdus import cut, header, submit
from unit.smpp.fake import Clock, FakeTransport

from broadcast.simulator.exchange import Exchange
from broadcast.simulator.habits import ReceiptHabits, ResponseHabits, SessionHabits
from broadcast.simulator.odd_session import OddSession
from broadcast.simulator.personality import Personality
from broadcast.simulator.server import session_kind
from broadcast.simulator.session import Session

BIND = pack("!IIII", 16 + 12, 9, 0, 1) + b"esme\0\0\0\x34\0\0\0\0"
ENQUIRE = pack("!IIII", 16, 0x15, 0, 7)
UNBIND = pack("!IIII", 16, 0x06, 0, 8)


class World:
    """One session of an SMSC; `said` is what it wrote since the last look."""

    def __init__(self, bind: bool = True, responses: ResponseHabits | None = None, **habits: Any) -> None:
        like = Personality(
            "carrier", "esme", receipt_delay_s=0.0, session=SessionHabits(**habits),
            responses=responses or ResponseHabits(), receipts=ReceiptHabits(),
        )  # fmt: skip
        self.clock = Clock()
        self.exchange = Exchange(like, cast(asyncio.AbstractEventLoop, self.clock))
        self.session = session_kind(like)(self.exchange)
        self.transport = FakeTransport()
        self.session.connection_made(self.transport)
        if bind:
            self.says(BIND)
            assert header(self.said()[0])[1:3] == (0x80000009, 0)

    def says(self, octets: bytes) -> None:
        self.session.data_received(octets)

    def said(self) -> list[bytes]:
        return cut(self.transport.taken())

    def after(self, seconds: float) -> list[bytes]:
        self.clock.advance(seconds)
        return self.said()


def commands(pdus: list[bytes]) -> list[int]:
    return [header(pdu)[1] for pdu in pdus]


def test_a_plain_personality_has_plain_sessions() -> None:
    assert session_kind(Personality("x", "x")) is Session
    assert session_kind(Personality("x", "x", session=SessionHabits(enquire_link_s=1.0))) is OddSession
    assert session_kind(Personality("x", "x", responses=ResponseHabits(shuffled=True))) is OddSession


def test_the_version_in_bind_resp() -> None:
    for version, tlv in ((0, b""), (0x50, b"\x02\x10\0\1\x50"), (0x34, b"\x02\x10\0\1\x34")):
        world = World(bind=False, interface_version=version, ghost_s=1.0)
        world.says(BIND)
        assert world.said()[0][16:] == b"carrier\0" + tlv


def test_refused_binds_in_their_forms() -> None:
    world = World(bind=False, bind_statuses=(0x401,), bind_error_forms=("nul",))
    world.says(BIND)
    assert world.said() == [pack("!IIII", 17, 0x80000009, 0x401, 1) + b"\0"]
    assert world.transport.closed
    assert world.session.account.ended == "bind refused: 0x401"


def test_a_late_bind() -> None:
    world = World(bind=False, bind_delay_s=2.0)
    world.says(BIND)
    assert world.after(1.9) == []
    assert commands(world.after(0.2)) == [0x80000009]
    assert world.session.is_bound


def test_bind_and_more_in_one_piece() -> None:
    world = World(bind=False, bind_bundled=True, enquire_numbers=(0xFFFFFFFF,))
    pieces: list[bytes] = []
    world.transport.on_write = pieces.append
    world.says(BIND)
    assert len(pieces) == 1
    assert [header(pdu)[1:] for pdu in world.said()] == [(0x80000009, 0, 1), (0x15, 0, 0xFFFFFFFF)]


def test_enquire_link_of_its_own() -> None:
    world = World(enquire_link_s=1.0, enquire_numbers=(0, 0xFFFFFFFF, 5))
    asked = world.after(4.5)
    assert [header(pdu)[1:] for pdu in asked] == [(0x15, 0, n) for n in (0, 0xFFFFFFFF, 5, 0)]
    world.says(pack("!IIII", 16, 0x80000015, 0, 0))
    assert (world.session.account.enquired, world.session.account.answered) == (4, 1)


def test_idle() -> None:
    world = World(idle_s=3.0)
    world.clock.advance(2.0)
    world.says(ENQUIRE)
    world.clock.advance(2.9)
    assert not world.transport.closed
    world.clock.advance(0.2)
    assert world.transport.closed
    assert (world.session.account.ended, world.exchange.book.oddities["idle"]) == ("idle", 1)


def test_it_unbinds_after_so_many_messages() -> None:
    world = World(end_after=3)
    world.says(submit(1, b"84900000001") + submit(2, b"84900000002"))
    assert 0x06 not in commands(world.said())
    world.says(submit(3, b"84900000003") + submit(4, b"84900000004"))
    said = world.said()
    assert commands(said).count(0x80000004) == 2
    assert commands(said).count(0x06) == 1
    world.says(submit(5, b"84900000005"))  # it had not read the unbind yet
    assert 0x80000004 in commands(world.said())
    world.says(pack("!IIII", 16, 0x80000006, 0, 1))
    assert world.transport.closed
    assert world.session.orderly
    assert world.session.account.ended == "by the SMSC: unbind"


def test_an_unbind_that_is_not_answered() -> None:
    world = World(end_after_s=1.0)
    assert commands(world.after(1.1)) == [0x06]
    world.clock.advance(5.1)
    assert world.transport.closed


def test_it_closes_and_it_speaks_http() -> None:
    world = World(end="close", end_after_s=1.0)
    assert world.after(1.1) == []
    assert world.transport.closed
    world = World(end="garbage", end_after_s=1.0)
    world.clock.advance(1.1)
    assert world.transport.taken().startswith(b"HTTP/1.1 400")
    assert world.transport.closed


def test_silence() -> None:
    world = World(end="silence", end_after_s=1.0, enquire_link_s=0.5)
    assert commands(world.after(10)) == [0x15]
    world.says(ENQUIRE + submit(1, b"84900000001"))
    assert world.after(10) == []
    assert not world.transport.closed
    assert world.exchange.book.segments == 0
    world.session.connection_lost(None)
    assert world.session.account.ended == "by the SMSC: silence"


def test_strange_pdus() -> None:
    kinds = ("alert_notification", "outbind", "unknown", "unknown_response", "generic_nack", "replace_sm")
    world = World(strange=kinds, strange_s=0.1)
    said = world.after(20)
    assert set(commands(said)) == {0x102, 0x0B, 0x10203, 0x80010203, 0x80000000, 0x07}
    assert len(said) == world.session.account.strange > 100
    world.says(pack("!IIII", 16, 0x80000000, 3, 1))
    assert world.session.account.nacks == 1


def test_strange_pdus_by_the_hundred() -> None:
    world = World(strange=("enquire_link", "submit_sm_resp", "deliver_sm"), strange_s=0.01, strange_count=200)
    said = world.after(1.0)
    assert set(commands(said)) == {0x15, 0x80000004, 0x05}
    assert len(said) == world.session.account.strange > 40 * 200
    world.says(pack("!IIII", 17, 0x80000005, 0, 0x7F000000) + b"\0")  # to a receipt that it does not have
    world.says(pack("!IIII", 16, 0x80000015, 0, 0x7F000000) * 3)
    assert world.session.account.answered == 3
    assert world.session.account.acked == 0


def test_an_answer_may_come_after_its_unbind() -> None:
    world = World(end_after=1)
    world.exchange.personality = replace(world.exchange.personality, response_delay_s=0.5)
    world.says(submit(1, b"84900000001"))
    assert commands(world.said()) == [0x06]
    assert 0x80000004 in commands(world.after(0.6))
    assert not world.transport.closed


def test_a_pdu_that_comes_an_octet_at_a_time() -> None:
    world = World(end="trickle", end_after=2, trickle_s=0.5, enquire_link_s=1.0)
    world.says(submit(1, b"84900000001") + submit(2, b"84900000002"))
    answered = world.transport.taken()
    assert answered.endswith(b"\0")  # and that is the first octet of it
    assert commands(cut(answered[:-1])).count(0x80000004) == 2
    world.says(submit(3, b"84900000003") + ENQUIRE)
    world.clock.advance(10.1)
    assert world.transport.taken() == pack("!IIII", 131072, 5, 0, 0x7F000000)[1:] + bytes(5)
    assert world.exchange.book.segments == 3  # messages are taken all the same
    assert world.session.account.ended == "by the SMSC: trickle"
    world.session.connection_lost(None)
    assert world.after(10.0) == []


def test_split_output_loses_nothing() -> None:
    world = World(bind=False, split=5)
    pieces: list[bytes] = []
    world.transport.on_write = pieces.append
    world.says(BIND + b"".join(submit(number, b"84900000001") for number in range(1, 50)))
    world.says(ENQUIRE)
    said = world.after(1.0)
    assert sorted(set(commands(said))) == [5, 0x80000004, 0x80000009, 0x80000015]
    assert commands(said).count(0x80000004) == commands(said).count(5) == 49
    assert len(pieces) >= 6


def test_split_output_is_complete_before_the_close() -> None:
    world = World(bind=False, split=5)
    world.says(BIND + UNBIND)
    assert commands(world.said()) == [0x80000009, 0x80000006]
    assert world.transport.closed


def test_small_answers() -> None:
    world = World(enquire_answer="nack", unbind_answer="none")
    world.says(ENQUIRE)
    assert [header(pdu)[1:] for pdu in world.said()] == [(0x80000000, 8, 7)]
    world.says(UNBIND)
    assert world.said() == []
    assert world.transport.closed
    world = World(answer_status=0x401)
    world.says(ENQUIRE)
    assert [header(pdu)[1:] for pdu in world.said()] == [(0x80000015, 0x401, 7)]


def test_late_responses_come_later() -> None:
    world = World(responses=ResponseHabits(late_share=1.0, late_s=2.0))
    world.says(submit(1, b"84900000001"))
    assert commands(world.after(1.9)) == [5]
    assert commands(world.after(0.2)) == [0x80000004]
