"""Targets: what an SMSC may send to a link. An input is a few numbers and then the pieces of a stream."""

from typing import Final

from fuzz.octets import Octets, cut
from fuzz.profiles import chosen
from fuzz.reading import HEADER, check_alone, check_reading, frames_of, read, read_alone, the_long_way

from broadcast.config import Carrier
from broadcast.smpp.framer import Framer, UnrecoverablePduError

# 0: the piece stands there as it is, without a header of its own
COMMANDS: Final = (
    0, 0x05, 0x80000004, 0x103, 0x05, 0x80000000, 0x15, 0x80000015, 0x06, 0x80000006, 0x80000009, 0x102, 0x0B,
    0x04, 0x80000103, 0x7F000001,
)  # fmt: skip
STATUSES: Final = (0, 0x58, 0x14, 0x05, 0x4A1, 0xFFFFFFFF)
_CUTS_MOST: Final = 7
_DELIVER_SM, _DATA_SM = 0x05, 0x103


def stream_of(octets: Octets) -> bytes:
    """PDUs of some kind with bodies of any kind: (kind, status, sequence number, length, body) each."""
    pieces = []
    while octets:
        command = COMMANDS[octets.number() % len(COMMANDS)]
        if not command:
            pieces.append(octets.piece())
            continue
        status, sequence = STATUSES[octets.number() % len(STATUSES)], octets.number()
        body = octets.piece()
        pieces.append(HEADER.pack(16 + len(body), command, status, sequence) + body)
    return b"".join(pieces)


def stream(data: bytes) -> None:
    """However the reads cut it, a stream means the same; nothing is lost, nothing raises."""
    octets = Octets(data)
    carrier = chosen(octets.number())
    places = [octets.number() for _ in range(octets.number() % (_CUTS_MOST + 1))]
    octets_read = stream_of(octets)
    frames, broken = frames_of(octets_read)
    whole = read([octets_read], carrier)
    assert whole.broken == broken
    check_reading(whole, frames)
    assert read(cut(octets_read, places), carrier) == whole


def framer(data: bytes) -> None:
    """The PDUs of any octets at all are those of the plainest framer, however the reads cut them."""
    octets = Octets(data)
    places = [octets.number() for _ in range(octets.number() % (_CUTS_MOST + 1))]
    octets_read = octets.rest()
    machine, found, broken = Framer(), [], None
    for read_now in cut(octets_read, places):
        try:
            found += machine.feed(read_now)
        except UnrecoverablePduError as error:
            found += error.complete
            broken = error.length
            break
    assert (found, broken) == frames_of(octets_read)


def delivery(data: bytes) -> None:
    """One deliver_sm or data_sm with any body: the quick reader and the thorough one read the same."""
    octets = Octets(data)
    carrier = chosen(octets.number())
    command = _DATA_SM if octets.number() & 1 else _DELIVER_SM
    _both_ways(command, octets.rest(), carrier)


def receipt(data: bytes) -> None:
    """The same, with a text and TLVs that stand where they belong."""
    octets = Octets(data)
    carrier = chosen(octets.number())
    esm_class, data_coding = octets.number(), octets.number()
    source = octets.piece().replace(b"\0", b"")
    text = octets.piece()
    body = (
        b"\0\1\1" + source + b"\0\5\0BOYTE\0" + bytes((esm_class, 0, 0)) + b"\0\0"
        + bytes((0, 0, data_coding, 0, len(text))) + text + octets.rest()
    )  # fmt: skip
    _both_ways(_DELIVER_SM, body, carrier)


def _both_ways(command: int, body: bytes, carrier: Carrier) -> None:
    pdu = HEADER.pack(16 + len(body), command, 0, 7) + body
    usual = read_alone(pdu, carrier)
    check_alone(usual, command, pdu)
    if usual.receipts:
        with the_long_way():
            assert read_alone(pdu, carrier) == usual
