"""A session is fed anything at all: it goes on or closes, and what it says is SMPP."""

import asyncio
from struct import pack
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.simulator.pdus import cut, header, submit
from unit.smpp.fake import Clock, FakeTransport

from broadcast.simulator.exchange import Exchange
from broadcast.simulator.personality import Personality
from broadcast.simulator.session import Session

BIND = pack("!IIII", 16 + 12, 9, 0, 1) + b"esme\0\0\0\x34\0\0\0\0"


def session() -> tuple[Session, FakeTransport, Exchange, Clock]:
    """Bound; receipts are due at once."""
    clock = Clock()
    exchange = Exchange(
        Personality("carrier", "esme", receipt_delay_s=0.0, window=100_000),
        cast(asyncio.AbstractEventLoop, clock),
    )
    made, transport = Session(exchange), FakeTransport()
    made.connection_made(transport)
    made.data_received(BIND)
    assert header(transport.taken())[1:3] == (0x80000009, 0)
    return made, transport, exchange, clock


_PDU = st.one_of(
    st.builds(submit, st.integers(0, 2**32 - 1), st.binary(max_size=22)),
    st.builds(submit, st.integers(1, 99), st.integers(10**9, 10**12).map(lambda number: b"%d" % number)),
    st.builds(
        lambda command, status, sequence, body: (
            pack("!IIII", 16 + len(body), command, status, sequence) + body
        ),
        st.one_of(
            st.sampled_from([1, 2, 3, 4, 5, 6, 9, 0x15, 0x80000005, 0x80000000]), st.integers(0, 2**32 - 1)
        ),
        st.integers(0, 3),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=40),
    ),
)


@settings(deadline=None)
@given(st.lists(st.one_of(_PDU, _PDU, _PDU, st.binary(max_size=20)), max_size=12), st.integers(1, 60))
def test_anything(pieces: list[bytes], step: int) -> None:
    made, transport, exchange, clock = session()
    stream = b"".join(pieces)
    for index in range(0, len(stream), step):
        if transport.closed:
            break
        made.data_received(stream[index : index + step])
        clock.advance(0.02)
    for pdu in cut(transport.taken()):
        assert len(pdu) == header(pdu)[0]
        assert header(pdu)[1] & 0x80000000 or header(pdu)[1] == 5
    exchange.summary()


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(20, 5000))
def test_every_submit_is_answered_and_every_receipt_sent_once(counts: list[int], step: int) -> None:
    made, transport, exchange, clock = session()
    stream, sequence = b"", 0
    for index, count in enumerate(counts):
        head = pack("!IIII", 16, 0x15, 0, 7) if index % 2 else b""
        stream += head + b"".join(submit(sequence + n, b"849%08d" % (sequence + n)) for n in range(count))
        sequence += count
    for index in range(0, len(stream), step):
        made.data_received(stream[index : index + step])
    clock.advance(0.1)
    pdus = cut(transport.taken())
    answers = [pdu for pdu in pdus if header(pdu)[1] == 0x80000004]
    receipts = [pdu for pdu in pdus if header(pdu)[1] == 5]
    assert sorted(header(pdu)[3] for pdu in answers) == list(range(sequence))
    assert sorted(pdu.split(b"id:")[1].split(b" ")[0] for pdu in receipts) == sorted(
        pdu[16:-1] for pdu in answers
    )
    made.data_received(b"".join(pack("!IIII", 17, 0x80000005, 0, header(pdu)[3]) + b"\0" for pdu in receipts))
    assert exchange.summary()["receipts"] | {"by_fate": 0} == {
        "sent": sequence, "acked": sequence, "pending": 0, "redelivered": 0, "nacked": 0, "by_fate": 0,
    }  # fmt: skip
    clock.advance(5)
    assert clock.waiting == 0  # the ticker rests
