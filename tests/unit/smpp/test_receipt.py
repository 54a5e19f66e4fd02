"""Receipts as SMSCs really write them: one test or row per quirk."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.wire import data_sm, deliver_sm, receipt_text, tlv

from broadcast.smpp.delivery import UnreadableError, read_delivery
from broadcast.smpp.receipt import read, read_usual, response_id

MSISDN = 84912345678
NOTHING_YET, EXPIRED, REJECTED, UNDELIVERABLE, DELIVERED = 0, 5, 6, 7, 8
Reading = tuple[int, str, str, int | None] | None


def long_way(pdu: bytes) -> Reading:
    return read(read_delivery(int.from_bytes(pdu[4:8], "big"), pdu))


def both_ways(pdu: bytes) -> Reading:
    usual, other = read_usual(pdu), long_way(pdu)
    assert usual in (None, other)
    return other


def test_the_text_of_the_standard_goes_the_fast_way() -> None:
    pdu = deliver_sm(1, receipt_text(b"0A1b"))
    assert read_usual(pdu) == (DELIVERED, "0A1b", "000", MSISDN)
    assert long_way(pdu) == (DELIVERED, "0A1b", "000", MSISDN)


def test_with_the_usual_tlvs_too() -> None:
    pdu = deliver_sm(1, receipt_text(b"77", b"EXPIRED", b"21b"), tlv(0x001E, b"77\0") + tlv(0x0427, b"\3"))
    assert read_usual(pdu) == (EXPIRED, "77", "21b", MSISDN)
    assert long_way(pdu) == (EXPIRED, "77", "21b", MSISDN)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"abc\0", "abc"),
        (b"abc", "abc"),
        (b" 0AbC \0", "0AbC"),
        (b"abc\0def\0", "abc"),
        (b"\0abc", ""),
        (b"", ""),
        (b"\xd9\xa1\0", "\xd9\xa1"),
        (b"x" * 255 + b"\0", "x" * 255),
        (b"x" * 256 + b"\0", None),
        (b"x" * 256, None),
    ],
)
def test_the_id_of_a_response(raw: bytes, expected: str | None) -> None:
    assert response_id(bytes(16) + raw) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"q1A\0", "q1A"),
        (b"q1A", "q1A"),
        (b" 007 \0", "007"),
        (b"a\0b\0", "a"),
        (b"a\0\0\0", "a"),  # padded
        (b"x" * 255 + b"\0", "x" * 255),
    ],
)
def test_the_id_in_the_tlv(value: bytes, expected: str) -> None:
    pdu = deliver_sm(1, receipt_text(b"text"), tlv(0x001E, value) + tlv(0x0427, b"\2"))
    assert both_ways(pdu) == (DELIVERED, expected, "000", MSISDN)


def test_the_id_in_the_text_ends_at_a_blank_and_keeps_what_is_in_it() -> None:
    text = b"id:%s sub:001 dlvrd:001 stat:DELIVRD err:000"
    for raw in (b"00q1A", b"a\xa0", b"x" * 200):
        assert both_ways(deliver_sm(1, text % raw)) == (DELIVERED, raw.decode("latin-1"), "000", MSISDN)
    longest = deliver_sm(1, b"", tlv(0x0424, text % (b"x" * 255)))
    assert both_ways(longest) == (DELIVERED, "x" * 255, "000", MSISDN)
    for raw in (b" abc", b"abc\0", b" abc ", b"abc\0d"):
        assert both_ways(deliver_sm(1, text % raw)) == (DELIVERED, "abc", "000", MSISDN)


@pytest.mark.parametrize("octets", [256, 1000])
def test_an_id_that_is_too_long_is_not_cut(octets: int) -> None:
    for pdu in (
        deliver_sm(1, b"", tlv(0x0424, receipt_text(b"x" * octets))),
        deliver_sm(1, receipt_text(), tlv(0x001E, b"x" * octets) + tlv(0x0427, b"\2")),
    ):
        assert read_usual(pdu) is None
        with pytest.raises(UnreadableError, match="an id of more than 255 octets"):
            long_way(pdu)


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        (b"DELIVRD", DELIVERED),
        (b"EXPIRED", EXPIRED),
        (b"DELETED", UNDELIVERABLE),
        (b"UNDELIV", UNDELIVERABLE),
        (b"FAILED", UNDELIVERABLE),
        (b"SKIPPED", UNDELIVERABLE),
        (b"REJECTD", REJECTED),
        (b"delivrd", DELIVERED),
        (b"ENROUTE", NOTHING_YET),
        (b"ACCEPTD", NOTHING_YET),
        (b"UNKNOWN", NOTHING_YET),
        (b"ACKED", NOTHING_YET),
        (b"BUFFRED", NOTHING_YET),
        (b"BUFFERD", NOTHING_YET),
        (b"WHATEVER", NOTHING_YET),
    ],
)
def test_states_by_word(stat: bytes, state: int) -> None:
    assert both_ways(deliver_sm(1, receipt_text(b"a1", stat))) == (state, "a1", "000", MSISDN)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (b"\0", NOTHING_YET),
        (b"\1", NOTHING_YET),
        (b"\2", DELIVERED),
        (b"\3", EXPIRED),
        (b"\4", UNDELIVERABLE),
        (b"\5", UNDELIVERABLE),
        (b"\6", NOTHING_YET),
        (b"\7", NOTHING_YET),
        (b"\x08", REJECTED),
        (b"\x09", UNDELIVERABLE),
        (b"\x63", NOTHING_YET),
        (b"\0\2", DELIVERED),
        (b"\0\0\0\2", DELIVERED),
    ],
)
def test_states_by_tlv_alone(value: bytes, state: int) -> None:
    pdu = deliver_sm(1, b"", tlv(0x001E, b"A1\0") + tlv(0x0427, value))
    assert both_ways(pdu) == (state, "A1", "", MSISDN)


@pytest.mark.parametrize(
    "text",
    [
        b"id:a1 submit date:2401311200 done date:2401311201 stat:DELIVRD err:000 text:x",
        b"id:a1 sub:001 submit date:240131120059 done date:20240131120159 stat:DELIVRD err:000 text:",
        b"id:a1 sub:001 dlvrd:001 submit date:2401311200+ done date: stat:DELIVRD err:000 text:x",
        b"id:a1 sub:001 dlvrd:001 submit date:0000000000 done date:0000000000 stat:DELIVRD err:000 Text:x",
        b"id:a1 done date:2401311201 DELIVRD err:000",
        b"id:a1 sub:001 dlvrd:001 submit date:2401311200 done date:2401311201 stat:DELIVRD err:000",
        b"id:a1 submit date:2401311200 done date:2401311201 stat:DELIVRD err:000 TEXT:\x1b\x00\xff",
        b"id:a1 stat:DELIVRD err:000 text:id:b2 stat:UNDELIV err:999",
        b"ID:a1 STAT:DELIVRD ERR:000 TEXT:",
        b"id: a1 stat: DELIVRD err: 000 text:",
        b"id:a1\tstat:DELIVRD\nerr:000",
        b"\5\0\3\7\2\1id:a1 stat:DELIVRD err:000 text:x",
    ],
)
def test_texts(text: bytes) -> None:
    for esm_class in (0x04, 0x44, 0x08, 0x20, 0x24, 0x05):
        assert both_ways(deliver_sm(1, text, esm_class=esm_class)) == (DELIVERED, "a1", "000", MSISDN)


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (b"000", "000"),
        (b"21b", "21b"),
        (b"0042", "0042"),
        (b"", ""),
        (b" 0", "0"),
        (b"002", "002"),
        (b"-1", "-1"),
    ],
)
def test_err_is_a_string(err: bytes, expected: str) -> None:
    assert both_ways(deliver_sm(1, receipt_text(err=err))) == (DELIVERED, "a1", expected, MSISDN)


def test_an_empty_err_and_a_tlv() -> None:
    """Found by the fuzzer: the quick reader did not look into the TLV."""
    pdu = deliver_sm(1, receipt_text(err=b""), tlv(0x0423, b"\3\0\x21"))
    assert both_ways(pdu) == (DELIVERED, "a1", "33", MSISDN)


def test_a_long_err_is_cut_whichever_way_it_is_read() -> None:
    assert both_ways(deliver_sm(1, receipt_text(err=b"E" * 17))) == (DELIVERED, "a1", "E" * 16, MSISDN)
    assert both_ways(deliver_sm(1, receipt_text(err=b"E" * 16))) == (DELIVERED, "a1", "E" * 16, MSISDN)


def test_err_by_tlv() -> None:
    pdu = deliver_sm(1, b"", tlv(0x001E, b"a1") + tlv(0x0427, b"\5") + tlv(0x0423, b"\3\0\x21"))
    assert both_ways(pdu) == (UNDELIVERABLE, "a1", "33", MSISDN)


@pytest.mark.parametrize("data_coding", [0, 8])
@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "ascii"])
def test_ucs2_and_ascii_under_any_data_coding(data_coding: int, encoding: str) -> None:
    text = b"id:a1 stat:DELIVRD err:000 text:x".decode().encode(encoding)
    assert both_ways(deliver_sm(1, text, data_coding=data_coding)) == (DELIVERED, "a1", "000", MSISDN)


def test_the_text_in_message_payload() -> None:
    assert both_ways(deliver_sm(1, b"", tlv(0x0424, receipt_text()))) == (DELIVERED, "a1", "000", MSISDN)


def test_by_data_sm() -> None:
    assert long_way(data_sm(1, tlv(0x0424, receipt_text()))) == (DELIVERED, "a1", "000", MSISDN)
    tlvs = tlv(0x001E, b"a1\0") + tlv(0x0427, b"\2")
    assert long_way(data_sm(1, tlvs, esm_class=0)) == (DELIVERED, "a1", "", MSISDN)


def test_id_in_the_tlv_and_state_in_the_text() -> None:
    pdu = deliver_sm(1, receipt_text(b"WRONG"), tlv(0x001E, b"right\0"))
    assert both_ways(pdu) == (DELIVERED, "right", "000", MSISDN)


def test_a_tlv_that_says_nothing_final_does_not_hide_the_text() -> None:
    assert both_ways(deliver_sm(1, receipt_text(), tlv(0x0427, b"\1"))) == (DELIVERED, "a1", "000", MSISDN)


def test_a_final_tlv_goes_before_the_text() -> None:
    pdu = deliver_sm(1, receipt_text(b"a1", b"ENROUTE"), tlv(0x0427, b"\x08"))
    assert both_ways(pdu) == (REJECTED, "a1", "000", MSISDN)


def test_esm_class_0_is_known_by_text_or_tlv() -> None:
    assert both_ways(deliver_sm(1, receipt_text(), esm_class=0)) == (DELIVERED, "a1", "000", MSISDN)
    tlvs = tlv(0x001E, b"a1\0") + tlv(0x0427, b"\2")
    assert both_ways(deliver_sm(1, b"", tlvs, esm_class=0)) == (DELIVERED, "a1", "", MSISDN)


@pytest.mark.parametrize(
    "text", [b"STOP", b"", b"my id: 12345678", b"id:1 stat:DELIVRD", b"expired id:1 err:1 x"]
)
def test_messages_of_people_are_no_receipts(text: bytes) -> None:
    if text == b"expired id:1 err:1 x":
        assert long_way(deliver_sm(1, text, esm_class=0)) is not None  # the price of quirk 6 with quirk 14
    else:
        assert both_ways(deliver_sm(1, text, esm_class=0)) is None


@pytest.mark.parametrize(
    ("text", "tlvs", "reason"),
    [
        (b"", b"", "a receipt without an id"),
        (b"stat:DELIVRD err:000", b"", "a receipt without an id"),
        (b"id: sub:001 dlvrd:001 stat:DELIVRD", b"", "a receipt without an id"),
        (b"id:a1 err:000", b"", "a receipt without a state"),
        (b"", tlv(0x001E, b"a1\0"), "a receipt without a state"),
        (b"", tlv(0x001E, b"\0") + tlv(0x0427, b"\2"), "a receipt without an id"),
    ],
)
def test_half_a_receipt_is_kept_as_unreadable(text: bytes, tlvs: bytes, reason: str) -> None:
    pdu = deliver_sm(1, text, tlvs)
    assert read_usual(pdu) is None
    with pytest.raises(UnreadableError) as caught:
        long_way(pdu)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("source", "msisdn"),
    [
        (b"84912345678", MSISDN),
        (b"+84912345678", MSISDN),
        (b"BOYTE", None),
        (b"", None),
        (b"1234567890123456", None),
        (b"84 912", None),
    ],
)
def test_the_msisdn(source: bytes, msisdn: int | None) -> None:
    assert both_ways(deliver_sm(1, receipt_text(), source=source)) == (DELIVERED, "a1", "000", msisdn)


def test_a_receipt_with_its_addresses_the_other_way_round() -> None:
    pdu = deliver_sm(1, receipt_text(), source=b"BOYTE", destination=b"+84912345678")
    assert both_ways(pdu) == (DELIVERED, "a1", "000", MSISDN)


@pytest.mark.parametrize("header", [b"\5\0\3\7\2A", b"\6\x08\4\0\7\2z"])
def test_a_user_data_header_that_ends_in_a_letter(header: bytes) -> None:
    pdu = deliver_sm(1, header + receipt_text(), esm_class=0x44)
    assert both_ways(pdu) == (DELIVERED, "a1", "000", MSISDN)


def test_the_bit_of_a_user_data_header_without_one() -> None:
    assert both_ways(deliver_sm(1, receipt_text(), esm_class=0x44)) == (DELIVERED, "a1", "000", MSISDN)
    assert both_ways(deliver_sm(1, b"", tlv(0x001E, b"a1") + tlv(0x0427, b"\2"), esm_class=0x44)) == (
        DELIVERED, "a1", "", MSISDN,
    )  # fmt: skip


def test_an_answer_by_a_persons_hand_is_a_message() -> None:
    assert both_ways(deliver_sm(1, b"STOP", esm_class=0x10)) is None
    assert both_ways(deliver_sm(1, receipt_text(), esm_class=0x10)) == (DELIVERED, "a1", "000", MSISDN)


def test_an_sm_length_that_cuts_the_text_is_not_read_the_fast_way() -> None:
    pdu = bytearray(deliver_sm(1, receipt_text()))
    place = pdu.index(b"id:") - 1
    pdu[place] = 10
    assert read_usual(bytes(pdu)) is None


def test_the_fields_of_a_receipt_stand_at_its_beginning() -> None:
    """Regression: 60,000 octets of `err:` took 40 ms to read, and other carriers waited."""
    text = receipt_text() + b"x" * 60_000
    assert both_ways(deliver_sm(1, b"", tlv(0x0424, text))) == (DELIVERED, "a1", "000", MSISDN)
    far = b"err: a " * 300 + receipt_text()
    assert both_ways(deliver_sm(1, b"", tlv(0x0424, far), esm_class=0)) is None


TEXTS = st.tuples(
    st.sampled_from([b"id:", b"id: ", b"ID:", b""]),
    st.sampled_from([b"a1", b"0007", b"x" * 65, b"\xff", b""]),
    st.sampled_from([b" sub:001 dlvrd:001", b" sub: dlvrd:", b""]),
    st.sampled_from([b" submit date:2401311200 done date:2401311201", b" submit date: done date:", b" "]),
    st.sampled_from([b" stat:DELIVRD", b" stat:ODD", b" stat:", b""]),
    st.sampled_from([b" err:000", b" err:", b" err:-1", b""]),
    st.sampled_from([b" text:hello", b" Text:", b""]),
).map(b"".join)


@settings(deadline=None)
@given(TEXTS, st.binary(max_size=20), st.sampled_from([0, 4, 0x44]), st.binary(max_size=12))
def test_the_fast_way_reads_what_the_long_way_reads(
    text: bytes, tail: bytes, esm: int, source: bytes
) -> None:
    for tlvs in (tail, tlv(0x001E, b"b2\0") + tail, tlv(0x0427, b"\3") + tail):
        pdu = deliver_sm(1, text, tlvs, esm_class=esm, source=source.replace(b"\0", b""))
        usual = read_usual(pdu)
        if usual is not None:
            assert usual == long_way(pdu)


@settings(deadline=None)
@given(st.binary(max_size=255), st.binary(max_size=60), st.integers(0, 255))
def test_no_content_raises_anything_else(text: bytes, tlvs: bytes, esm_class: int) -> None:
    try:
        reading = long_way(deliver_sm(1, text, tlvs, esm_class=esm_class))
    except UnreadableError:
        return
    assert reading is None or reading[0] in (0, 5, 6, 7, 8)
