"""The octets of PDUs are those that we and an SMSC write."""

import pytest

from broadcast.capacity import wire
from broadcast.simulator.fate import Fate
from broadcast.simulator.receipts import Receipts, encode
from broadcast.smpp.adapter import MAX_SHORT_MESSAGE_OCTETS, SubmitFields, submit_pdu
from broadcast.smpp.pdu import HEADER_OCTETS, receipt_responses

UUID = "01234567-89ab-cdef-0123-456789abcdef"


def submit(text: bytes, tlvs: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    fields = SubmitFields("BOYTE", 5, 0, 1, 1, "", 0x40, 8, 1, "300131180000000+", text, tlvs)
    return submit_pdu(fields, "84912345678", 1)


def receipt() -> bytes:
    head = b"\0\5\0BOYTE\0\1\1"
    one = Receipts(None, head, b"3001311800", 11, 36, b"84912345678", UUID.encode(), bytes((Fate.DELIVERED,)))
    return bytes(encode(one, b"\0\0\0\1", b"3001311800", tlvs=False))


def test_pdus_are_as_long_as_is_said() -> None:
    assert len(submit(bytes(wire.TEXT_OCTETS))) == wire.SUBMIT_OCTETS + wire.TEXT_OCTETS
    assert HEADER_OCTETS + len(UUID) + 1 == wire.SUBMIT_RESP_OCTETS
    assert len(receipt()) == wire.DELIVER_OCTETS
    assert len(receipt_responses([b"\0\0\0\1"])) == wire.DELIVER_RESP_OCTETS


def test_a_message_in_segments_and_one_in_a_payload() -> None:
    assert wire.octets(5, 5, 5) == (5 * (65 + 140 + 17), 5 * (53 + 177))
    whole = bytes(5 * wire.PAYLOAD_OCTETS)
    assert len(whole) > MAX_SHORT_MESSAGE_OCTETS
    assert wire.octets(5, 1, 1) == (len(submit(b"", ((0x0424, whole),))) + 17, 53 + 177)
    assert wire.octets(5, 5, 0) == (5 * 205, 5 * 53)


def test_packets_have_headers_and_acknowledgments_both_ways() -> None:
    sent, received = wire.on_the_wire(1000.0, 0.0)
    assert (sent, received) == (1066.0, 66.0)
    sent, received = wire.on_the_wire(2000.0, 1000.0)
    assert (sent - 2000, received - 1000) == (pytest.approx(198), pytest.approx(198))
