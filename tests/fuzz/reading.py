"""Everything that the readers of a link make of some reads, gathered so that two readings can be compared."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final

from broadcast.channel.events import InboundMessage
from broadcast.channel.receipt import Receipt
from broadcast.config import Carrier
from broadcast.ledger.packing.received import pack_received
from broadcast.smpp import inbox
from broadcast.smpp.framer import Framer
from broadcast.smpp.pdu import receipt_responses
from broadcast.smpp.session import LinkState, Session
from broadcast.smpp.window import Window

HEADER: Final = Struct("!IIII")
TOKENS: Final = "abcdefgh"  # the submits 1 to 4 are overdue, 5 to 8 are in the window
DELIVERIES: Final = (0x05, 0x103)
STATES: Final = frozenset({0, 5, 6, 7, 8})
ID_OCTETS_MOST: Final = 255
ERR_OCTETS_MOST: Final = 16
Frame = tuple[int, int, int, bytes]
_NOBODY_WAITS: Final = Window(1, 64.0)


@dataclass
class Reading:
    """The lists of Batch, joined over all reads; sent: what the session answered at once."""

    answers: list[tuple[Any, int, str]] = field(default_factory=list)
    late: list[tuple[Any, int, str]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    messages: list[InboundMessage] = field(default_factory=list)
    unreadable: list[tuple[bytes, bytes, str]] = field(default_factory=list)
    controls: list[Frame] = field(default_factory=list)
    broken: int | None = None
    sent: bytes = b""
    ended: str = ""
    pending: list[Any] = field(default_factory=list)
    overdue: list[Any] = field(default_factory=list)
    strays: int = 0


def read(reads: Iterable[bytes], carrier: Carrier) -> Reading:
    """What a link that is about to be bound reads; it stops where the stream breaks, as a link does."""
    window = Window(len(TOKENS), 64.0)
    window.add(window.reserve(4), TOKENS[:4], 0.0)
    window.expire(100.0)
    window.add(window.reserve(4), TOKENS[4:], 100.0)
    box, session, reading = inbox.Inbox(window, carrier), Session(), Reading()
    session.move(LinkState.BINDING)
    for octets in reads:
        batch = box.feed(octets)
        for name in ("answers", "late", "receipts", "messages", "unreadable", "controls"):
            getattr(reading, name).extend(getattr(batch, name))
        reading.sent += b"".join([session.control(frame) for frame in batch.controls])
        if batch.broken is not None:
            reading.broken = batch.broken.length
            break
    reading.ended, reading.strays = session.ending, box.strays
    reading.pending, reading.overdue = (
        [*window.pending.values()],
        [token for token, _ in window.late.values()],
    )
    return reading


def read_alone(pdu: bytes, carrier: Carrier) -> inbox.Batch:
    """The same for one deliver_sm or data_sm, without anything that it does not touch: three times as fast."""
    return inbox.Inbox(_NOBODY_WAITS, carrier).feed(pdu)


@contextmanager
def the_long_way() -> Iterator[None]:
    """Within it no receipt is taken for one of the usual shape."""
    usual = inbox.read_usual
    inbox.read_usual = lambda *_: None
    try:
        yield
    finally:
        inbox.read_usual = usual


def frames_of(stream: bytes) -> tuple[list[Frame], int | None]:
    """The plainest framer there is: PDU by PDU, and the command_length that cannot be, if there is one."""
    frames, position = [], 0
    while len(stream) - position >= 4:
        length = int.from_bytes(stream[position : position + 4], "big")
        if not 16 <= length <= 131072:
            return frames, length
        if position + length > len(stream):
            break
        pdu = stream[position : position + length]
        frames.append((*HEADER.unpack_from(pdu)[1:], pdu))
        position += length
    return frames, None


def check_reading(reading: Reading, frames: list[Frame]) -> None:
    """What holds of every reading, whatever was sent. frames: the PDUs that were."""
    tokens = [*reading.pending, *reading.overdue, *(each[0] for each in (*reading.answers, *reading.late))]
    assert sorted(tokens) == list(TOKENS)
    check_acks(reading, frames)
    for _, status, smsc_id in (*reading.answers, *reading.late):
        check_id(smsc_id)
        assert 0 <= status <= 0xFFFFFFFF
    for receipt in reading.receipts:
        check_receipt(receipt)
    for message in reading.messages:
        assert "\0" not in message.source + message.destination
    check_sent(reading)


def check_alone(batch: inbox.Batch, command: int, pdu: bytes) -> None:
    """One deliver_sm or data_sm is one receipt, one message, or kept whole; it can be answered."""
    assert (batch.answers, batch.late, batch.controls, batch.broken, batch.to_ack) == ([], [], [], None, 1)
    if batch.receipts:
        check_receipt(batch.receipts[0])
        ack = batch.receipts[0][0]
    elif batch.messages:
        ack = batch.messages[0].ack
    else:
        ack, kept, reason = batch.unreadable[0]
        assert (kept, bool(reason)) == (pdu, True)
    assert receipt_responses([ack]) == HEADER.pack(17, command | 0x80000000, 0, 7) + b"\0"


def check_acks(reading: Reading, frames: list[Frame]) -> None:
    """Every deliver_sm and data_sm is handed over once, and answered under its own number."""
    acks = [each[0] for each in (*reading.receipts, *reading.unreadable)]
    acks += [message.ack for message in reading.messages]
    answers, broken = frames_of(receipt_responses(acks))
    assert broken is None
    wanted = [
        (command | 0x80000000, 0, sequence) for command, _, sequence, _ in frames if command in DELIVERIES
    ]
    assert sorted(answer[:3] for answer in answers) == sorted(wanted)


def check_receipt(receipt: Receipt) -> None:
    """It can be packed as it is."""
    _, state, smsc_id, err, msisdn = receipt
    assert state in STATES
    check_id(smsc_id)
    assert "\0" not in err
    assert len(err.encode()) <= ERR_OCTETS_MOST
    assert msisdn is None or 0 <= msisdn < 10**15
    pack_received([(1, 0)], [state], [msisdn or 0], [smsc_id], [err])


def check_id(smsc_id: str) -> None:
    assert len(smsc_id.encode("latin-1")) <= ID_OCTETS_MOST


def check_sent(reading: Reading) -> None:
    """What the session says is SMPP, and only responses."""
    answers, broken = frames_of(reading.sent)
    assert broken is None
    assert sum(len(answer[3]) for answer in answers) == len(reading.sent)
    assert all(command & 0x80000000 for command, *_ in answers)
    assert len(Framer().feed(reading.sent)) == len(answers)
