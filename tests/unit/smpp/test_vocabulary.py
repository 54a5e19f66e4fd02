"""Words and numbers of receipts' states, a carrier's own ones too (quirks 6 and 12)."""

import pytest
from unit.smpp.wire import deliver_sm, receipt_text, tlv

from broadcast.channel.receipt import ReceiptState
from broadcast.ledger.states import RecipientState
from broadcast.smpp.delivery import read_delivery
from broadcast.smpp.receipt import read, read_usual, unknown_state
from broadcast.smpp.vocabulary import STANDARD, Vocabulary, vocabulary

OWN = vocabulary(
    {
        "SEEN": "delivered",
        "NO-ROUTE": "undeliverable",
        "ACCEPTD": "delivered",
        "10": "rejected",
        "2": "expired",
    }
)


def state(pdu: bytes, words: Vocabulary) -> int:
    """Both ways of reading must agree."""
    usual, long = read_usual(pdu, words), read(read_delivery(5, pdu), words)
    assert usual in (None, long)
    assert long is not None
    return long[0]


def unknown(pdu: bytes, words: Vocabulary = STANDARD) -> str | None:
    return unknown_state(read_delivery(5, pdu), words)


def test_the_numbers_are_the_recipients_states() -> None:
    for each in ReceiptState:
        assert each == 0 or RecipientState[each.name].value == each.value


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        (b"SEEN", 8), (b"seen", 8), (b"NO-ROUTE", 7), (b"ACCEPTD", 8), (b"DELIVRD", 8), (b"ENROUTE", 0), (b"ODD", 0),
    ],
)  # fmt: skip
def test_the_profiles_words_go_before_the_standard_ones(stat: bytes, expected: int) -> None:
    assert state(deliver_sm(1, receipt_text(b"a1", stat)), OWN) == expected


def test_a_word_of_the_profile_stands_anywhere_too() -> None:
    assert state(deliver_sm(1, b"id:a1 done date:2401311201 SEEN err:000"), OWN) == 8
    assert state(deliver_sm(1, b"id:a1 done date:2401311201 NO-ROUTE err:000"), OWN) == 7


@pytest.mark.parametrize(("number", "expected"), [(10, 8), (2, 5), (3, 5), (8, 6), (1, 8), (77, 8)])
def test_the_profiles_numbers(number: int, expected: int) -> None:
    pdu = deliver_sm(1, receipt_text(), tlv(0x0427, bytes((number,))))
    assert state(pdu, OWN) == {10: 6}.get(number, expected)
    alone = deliver_sm(1, b"", tlv(0x001E, b"a1\0") + tlv(0x0427, bytes((number,))))
    assert state(alone, OWN) == {10: 6, 1: 0, 77: 0}.get(number, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"id:a1 sub:001 stat:DELIVRDerr:000", 8),
        (b"id:a1 stat:DELIVRD_1 err:000", 8),
        (b"id:a1,sub:001,dlvrd:001,stat:UNDELIV,err:000", 7),
        (b"id:a1sub:001dlvrd:001stat:EXPIREDerr:000text:", 5),
        (b"id:a1;stat:DELIVRD;err:0", 8),
    ],
)
def test_fields_that_run_together_or_are_parted_by_something_else(text: bytes, expected: int) -> None:
    pdu = deliver_sm(1, text)
    found = read(read_delivery(5, pdu))
    assert found is not None
    assert found[:2] == (expected, "a1")
    assert read_usual(pdu) is None


@pytest.mark.parametrize(
    ("text", "tlvs", "expected"),
    [
        (receipt_text(b"a1", b"SEEN"), b"", "SEEN"),
        (receipt_text(b"a1", b"seen-1"), b"", "SEEN-1"),
        (receipt_text(b"a1", b"7"), b"", "7"),
        (receipt_text(b"a1", b"X" * 90), b"", "X" * 32),
        (receipt_text(b"a1", b"TO84912345678"), b"", "TO#"),
        (receipt_text(), b"", None),
        (receipt_text(b"a1", b"ENROUTE"), b"", None),
        (b"id:a1 submit date:2401311200 done date:2401311201 ZWISCHEN err:000", b"", "ZWISCHEN"),
        (b"id:a1 submit date: done date: ZWISCHEN err:", b"", "ZWISCHEN"),
        (b"id:a1 done date:2401311201 ZWISCHEN text:", b"", "ZWISCHEN"),
        (b"", tlv(0x001E, b"a1") + tlv(0x0427, b"\x4d"), "77"),
        (b"", tlv(0x001E, b"a1") + tlv(0x0427, b"84912345"), "#"),
        (b"", tlv(0x001E, b"a1") + tlv(0x0427, b"\1"), None),
        (receipt_text(b"a1", b"ENROUTE"), tlv(0x0427, b"\x4d"), "77"),
        (receipt_text(b"a1", b"ODD"), tlv(0x0427, b"\1"), "ODD"),
    ],
)
def test_what_is_not_known_is_named_without_anybodys_number(
    text: bytes, tlvs: bytes, expected: str | None
) -> None:
    pdu = deliver_sm(1, text, tlvs)
    assert unknown(pdu) == expected
    if expected:
        assert state(pdu, STANDARD) == 0
        assert read_usual(pdu) is None


def test_what_the_profile_explains_is_known() -> None:
    assert unknown(deliver_sm(1, receipt_text(b"a1", b"SEEN")), OWN) is None
    assert unknown(deliver_sm(1, b"", tlv(0x001E, b"a1") + tlv(0x0427, b"\x0a")), OWN) is None
