"""deliver_sm and data_sm, whole and broken (quirks 9-11)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.wire import data_sm, deliver_sm, pdu, tlv

from broadcast.smpp.delivery import Delivery, UnreadableError, read_delivery

DELIVER_SM, DATA_SM = 0x05, 0x103


def test_fields_of_a_deliver_sm() -> None:
    whole = deliver_sm(1, b"STOP", esm_class=0x40, data_coding=8, source=b"+8491", destination=b"1900")
    assert read_delivery(DELIVER_SM, whole) == Delivery(b"+8491", b"1900", 0x40, 8, b"STOP", {})


def test_fields_of_a_data_sm() -> None:
    whole = data_sm(1, tlv(0x0424, b"hello"), esm_class=0, data_coding=3)
    assert read_delivery(DATA_SM, whole) == Delivery(
        b"84912345678", b"BOYTE", 0, 3, b"hello", {0x0424: b"hello"}
    )


def test_the_text_may_stand_in_message_payload() -> None:
    assert read_delivery(DELIVER_SM, deliver_sm(1, b"", tlv(0x0424, b"long"))).text == b"long"
    assert read_delivery(DELIVER_SM, deliver_sm(1, b"short", tlv(0x0424, b"long"))).text == b"short"


def test_vendor_tlvs_repeated_ones_and_trailing_octets() -> None:
    tlvs = tlv(0x1400, b"v") + tlv(0x3FFF, b"") + tlv(0x0427, b"\0\2") + tlv(0x1400, b"again") + b"\0\x1e\0"
    assert read_delivery(DELIVER_SM, deliver_sm(1, b"x", tlvs)).tlvs == {
        0x1400: b"v",
        0x3FFF: b"",
        0x0427: b"\0\2",
    }


def test_a_tlv_longer_than_the_pdu_is_left_out() -> None:
    tlvs = tlv(0x001E, b"id\0") + b"\x04\x27\0\x09\2"
    assert read_delivery(DELIVER_SM, deliver_sm(1, b"x", tlvs)).tlvs == {0x001E: b"id\0"}


def test_an_sm_length_beyond_the_pdu_takes_what_is_there() -> None:
    whole = deliver_sm(1, b"id:1 stat:DELIVRD")
    cut = pdu(DELIVER_SM, 1, whole[16:-7])
    assert read_delivery(DELIVER_SM, cut).text == b"id:1 stat:"


def test_times_in_it_do_not_shift_the_rest() -> None:
    body = b"CMT\0\1\1849\0\5\0B\0\4\0\0200309080507000+\0000002010102000R\0\0\0\1\0\3abc"
    assert read_delivery(DELIVER_SM, pdu(DELIVER_SM, 1, body)) == Delivery(b"849", b"B", 4, 1, b"abc", {})


@pytest.mark.parametrize("size", range(33))
def test_a_truncated_body_is_unreadable(size: int) -> None:
    whole = deliver_sm(1, b"")
    assert len(whole) - 16 == 33
    with pytest.raises(UnreadableError):
        read_delivery(DELIVER_SM, pdu(DELIVER_SM, 1, whole[16 : 16 + size]))


@settings(deadline=None)
@given(st.sampled_from([DELIVER_SM, DATA_SM]), st.binary(max_size=120))
def test_any_octets_are_read_or_unreadable(command: int, body: bytes) -> None:
    try:
        delivery = read_delivery(command, pdu(command, 1, body))
    except UnreadableError:
        return
    assert len(delivery.text) <= 255 or 0x0424 in delivery.tlvs


def test_no_more_tlvs_are_read_than_any_pdu_has() -> None:
    """Regression: a PDU of nothing but empty TLVs took 10 ms to read, and other carriers waited."""
    useful = tlv(0x001E, b"a1") + tlv(0x0427, b"\2")
    found = read_delivery(DELIVER_SM, deliver_sm(1, b"", tlv(0x1401, b"") * 254 + useful + tlv(0x0423, b"x")))
    assert found.tlvs == {0x1401: b"", 0x001E: b"a1", 0x0427: b"\2"}
