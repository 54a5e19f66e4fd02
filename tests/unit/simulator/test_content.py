"""What stands behind the destination of a submit_sm."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.simulator.pdus import HEAD, tail

from broadcast.simulator.content import Content, read_content

UDH8 = b"\x05\x00\x03\x2a\x04\x02"
UDH16 = b"\x06\x08\x04\x12\x34\x03\x01"
SAR = b"\x02\x0c\0\x02\x12\x34" + b"\x02\x0e\0\x01\x04" + b"\x02\x0f\0\x01\x02"


def read(end: bytes) -> Content:
    return read_content(HEAD, end)


def test_a_whole_message() -> None:
    found = read(tail(b"hello"))
    assert (found.number, found.total, found.receipts, found.status) == (1, 1, "all", 0)
    assert found.expires_at == float("inf")
    assert found.message == read(tail(b"hello", registered=0)).message
    assert found.message != read(tail(b"other")).message
    assert found.message != read(tail(b"hello", coding=8)).message
    assert found.message != read_content(HEAD.replace(b"BOYTE", b"OTHER"), tail(b"hello")).message


@pytest.mark.parametrize(
    ("end", "number", "total"),
    [
        (tail(UDH8 + b"x", esm=0x40), 2, 4),
        (tail(UDH8 + b"x", esm=0x43), 2, 4),
        (tail(UDH16 + b"x", esm=0x40), 1, 3),
        (tail(b"\x09\x04\x02\x01\x02\x00\x03\x2a\x04\x02x", esm=0x40), 2, 4),  # another element first
        (tail(b"x", tlvs=SAR), 2, 4),
        (tail(UDH8 + b"x"), 1, 1),  # no UDHI
        (tail(b"\x05\x00\x03\x2a\x02\x03x", esm=0x40), 1, 1),  # number 3 of 2
        (tail(b"\x05\x00\x03\x2a\x02\x00x", esm=0x40), 1, 1),  # number 0
        (tail(b"\x05\x00\x04\x2a\x02\x01x", esm=0x40), 1, 1),  # an element beyond the header
        (tail(b"\x40\x00\x03\x2a\x02\x01x", esm=0x40), 1, 1),  # a header beyond the text
        (tail(b"", esm=0x40), 1, 1),
        (tail(b"x", tlvs=SAR[:-1] + b"\x05"), 1, 1),  # number 5 of 4
        (tail(b"", tlvs=b"\x04\x24\0\x03abc"), 1, 1),
    ],
)
def test_segments(end: bytes, number: int, total: int) -> None:
    found = read(end)
    assert (found.number, found.total, found.status) == (number, total, 0)


def test_segments_of_one_message_have_it_in_common() -> None:
    first, second = (read(tail(b"\x05\x00\x03\x2a\x02" + bytes((n,)) + b"%d" % n, esm=0x40)) for n in (1, 2))
    other = read(tail(b"\x05\x00\x03\x2b\x02\x01a", esm=0x40))
    assert first.message == second.message != other.message


def test_payloads_tell_messages_apart() -> None:
    one, two = (read(tail(b"", tlvs=b"\x04\x24\0\x01" + text)) for text in (b"a", b"b"))
    assert one.message != two.message


@pytest.mark.parametrize(("registered", "wanted"), [(0, "none"), (1, "all"), (2, "failures"), (0x11, "all")])
def test_receipts(registered: int, wanted: str) -> None:
    assert read(tail(registered=registered)).receipts == wanted


@pytest.mark.parametrize(
    ("validity", "expires_at"),
    [
        (b"260301120000000+", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (b"260301120000028+", datetime(2026, 3, 1, 5, tzinfo=UTC)),  # local time is 7 hours ahead
        (b"260301120000004-", datetime(2026, 3, 1, 13, tzinfo=UTC)),
    ],
)
def test_absolute_validity(validity: bytes, expires_at: datetime) -> None:
    found = read(tail(validity=validity))
    assert (found.status, found.expires_at) == (0, expires_at.timestamp())


def test_relative_validity_outlasts_a_rehearsal() -> None:
    found = read(tail(validity=b"000000020000000R"))
    assert (found.status, found.expires_at) == (0, float("inf"))


@pytest.mark.parametrize(
    "validity",
    [b"2h", b"261301120000000+", b"260301120000000", b"000000000000000R", b"260301250000000+", b"x" * 16],
)
def test_no_time_at_all(validity: bytes) -> None:
    assert read(tail(validity=validity)).status == 0x62


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (b"\0", 0x02),
        (b"\0\0\0\0\0\0", 0x02),
        (tail(b"hello")[:-1], 0x01),
        (tail(b"x" * 255), 0x01),
        (tail(tlvs=b"\x02\x0c\0"), 0xC0),
        (tail(tlvs=b"\x02\x0c\0\x09x"), 0xC0),
    ],
)
def test_what_cannot_be_read(end: bytes, status: int) -> None:
    assert read(end).status == status


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_anything_is_read_or_refused(octets: bytes) -> None:
    found = read(b"\0" + octets)
    assert 1 <= found.number <= found.total


def test_a_shift_element_may_be_empty() -> None:
    """Found by the fuzzer: an IndexError, and the session with it."""
    assert read(tail(b"\x02\x24\x00x", esm=0x40)).shift == 0
    assert read(tail(b"\x03\x24\x01\x02x", esm=0x40)).shift == 2
