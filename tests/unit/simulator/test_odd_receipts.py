"""Receipts in every form that [receipts] asks for, octet by octet."""

from dataclasses import replace
from random import Random
from struct import pack
from typing import Any

import pytest
from unit.simulator.pdus import HEAD, cut, header

from broadcast.simulator.fate import Fate
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.odd_receipts import OddReceipts, poison
from broadcast.simulator.receipts import Receipts, Stage, encode
from broadcast.smpp.delivery import UnreadableError, read_delivery
from broadcast.smpp.receipt import read

FRONT = b"\0\1\1" + b"84900000001" + b"\0\5\0BOYTE\0"
DONE = b"2603010801"


def batch(fate: int = Fate.DELIVERED, stage: Stage = Stage.FINAL) -> Receipts:
    return Receipts(None, HEAD, b"2603010800", 11, 2, b"84900000001", b"a1", bytes((fate,)), stage=stage)


def pdu(sent: Receipts | None = None, tlvs: bool = False, **habits: Any) -> bytes:
    odd = OddReceipts(ReceiptHabits(**habits), tlvs, Random(1), {})
    (made,) = cut(odd.encode(sent or batch(), b"\0\0\0\7", DONE))
    assert header(made)[2:] == (0, 7)
    return made


def text(sent: Receipts | None = None, **habits: Any) -> bytes:
    """The short_message."""
    made = pdu(sent, **habits)
    start = 16 + len(FRONT) + 1 + 9
    assert made[16:].startswith(FRONT)
    assert made[start - 1] == len(made) - start
    return made[start:]


def tlvs_of(made: bytes, esm: int = 4, coding: int = 0) -> bytes:
    """What follows an empty short_message."""
    start = FRONT + bytes((esm,)) + b"\0\0\0\0\0\0" + bytes((coding, 0, 0))
    assert made[16:].startswith(start)
    return made[16 + len(start) :]


def test_without_a_habit_it_is_the_plain_one() -> None:
    for fate in (Fate.DELIVERED, Fate.UNDELIVERABLE, Fate.EXPIRED, Fate.REJECTED):
        for tlvs in (False, True):
            assert pdu(batch(fate), tlvs) == bytes(encode(batch(fate), b"\0\0\0\7", DONE, tlvs))


@pytest.mark.parametrize(
    ("form", "submitted", "done"),
    [
        ("10", b"2603010800", b"2603010801"),
        ("12", b"260301080000", b"260301080100"),
        ("12+", b"260301080000+", b"260301080100+"),
        ("14", b"20260301080000", b"20260301080100"),
        ("empty", b"", b""),
        ("zeros", b"0000000000", b"0000000000"),
    ],
)
def test_dates(form: str, submitted: bytes, done: bytes) -> None:
    wanted = b"id:a1 sub:001 dlvrd:001 submit date:%b done date:%b stat:DELIVRD err:000 text:" % (
        submitted,
        done,
    )
    assert text(dates=(form,)) == wanted


@pytest.mark.parametrize(
    ("form", "err"),
    [("digits", b"027"), ("four", b"0027"), ("alphanumeric", b"21b"), ("empty", b""), ("space", b" 27")],
)
def test_err(form: str, err: bytes) -> None:
    assert b"stat:UNDELIV err:%b text:" % err in text(batch(Fate.UNDELIVERABLE), errs=(form,))


def test_fields_that_are_missing() -> None:
    assert text(leave_out=("sub", "dlvrd")) == (
        b"id:a1 submit date:2603010800 done date:2603010801 stat:DELIVRD err:000 text:"
    )
    assert text(leave_out=("sub", "dlvrd", "submit date", "stat", "text")) == (
        b"id:a1 done date:2603010801 DELIVRD err:000"
    )
    made = {text(leave_out=("sub",), leave_out_share=0.0), text(leave_out=("sub",), leave_out_share=1.0)}
    assert len(made) == 2


def test_words() -> None:
    assert b"stat:DELIVRD err:002" in text(delivered_err="002")
    assert b"stat:FAILED err:027" in text(batch(Fate.UNDELIVERABLE), words={"UNDELIV": "FAILED"})
    moved = text(batch(Fate.REJECTED), final_errs={"REJECTD": "0b1"}, errs=("four",))
    assert b"stat:REJECTD err:0b1" in moved
    early = batch(1, Stage.INTERMEDIATE)
    assert b"dlvrd:000" in text(early, intermediate=("ACCEPTD", "BUFFRED"))
    assert b"stat:BUFFRED err:000" in text(early, intermediate=("ACCEPTD", "BUFFRED"))


@pytest.mark.parametrize(
    ("form", "end"),
    [("words", b"text:Wash"), ("capital", b"Text:Wash"), ("escape", b"text:\x1b<"), ("hex", b"text:0054"),
     ("decoy", b"text:id:0 stat:UNDELIV")],
)  # fmt: skip
def test_texts(form: str, end: bytes) -> None:
    assert b" err:000 " + end in text(texts=(form,))


def test_encodings() -> None:
    plain = text()
    made = pdu(encodings=("ucs2",))
    assert made.endswith(plain.decode().encode("utf-16-be"))
    assert made[16 + len(FRONT) :].startswith(b"\x04\0\0\0\0\0\0\x08\0" + bytes((2 * len(plain),)))
    labelled = pdu(encodings=("labelled_ucs2",))
    assert labelled.endswith(bytes((8, 0, len(plain))) + plain)
    named = replace(batch(), ids=b"a" * 36, id_width=36)
    long = pdu(named, encodings=("ucs2",), texts=("words",), dates=("14",))  # more than sm_length can say
    assert tlvs_of(long, coding=8).startswith(b"\x04\x24\x01")


def test_tlvs() -> None:
    assert tlvs_of(pdu(styles=("tlv",))) == b"\0\x1e\0\3a1\0" + b"\x04\x27\0\1\2"
    undelivered = pdu(batch(Fate.UNDELIVERABLE), styles=("tlv",))
    assert tlvs_of(undelivered) == b"\0\x1e\0\3a1\0" + b"\x04\x27\0\1\5" + b"\x04\x23\0\3\3\0\x1b"
    only_id = pdu(styles=("id_tlv",))
    assert only_id.endswith(b"stat:DELIVRD err:000 text:" + b"\0\x1e\0\3a1\0")
    assert b"id:" not in only_id
    odd = tlvs_of(pdu(styles=("tlv",), vendor_tlvs=True, wide_integers=2, trailing_octets=3))
    assert odd.startswith(b"\x14\x03\0\2\1\xff")
    assert odd.endswith(b"\x04\x27\0\2\0\2" + b"\xff\xff\xff")


def test_payload_and_data_sm() -> None:
    plain = text()
    assert tlvs_of(pdu(styles=("payload",))) == b"\x04\x24\0" + bytes((len(plain),)) + plain
    made = pdu(pdus=("data_sm",))
    assert header(made)[1] == 0x103
    assert made[16:] == FRONT + b"\x04\0\0" + b"\x04\x24\0" + bytes((len(plain),)) + plain
    only_tlvs = pdu(pdus=("data_sm",), styles=("tlv",))
    assert only_tlvs[16:] == FRONT + b"\x04\0\0" + b"\0\x1e\0\3a1\0" + b"\x04\x27\0\1\2"


@pytest.mark.parametrize(
    ("whose", "addresses"),
    [
        ("own", b"\1\1" + b"84900000001" + b"\0\5\0BOYTE\0"),
        ("other", b"\1\1" + b"84900000002" + b"\0\5\0BOYTE\0"),
        ("none", b"\0\0\0\5\0BOYTE\0"),
        ("swapped", b"\5\0BOYTE\0\1\1" + b"84900000001" + b"\0"),
    ],
)
def test_numbers(whose: str, addresses: bytes) -> None:
    for pdus in (("deliver_sm",), ("data_sm",)):
        assert pdu(numbers=(whose,), pdus=pdus)[16:].startswith(b"\0" + addresses + b"\4")
        assert pdu(numbers=(whose,), pdus=pdus, numbers_share=0.0)[16:].startswith(FRONT + b"\4")


def test_an_id_that_is_too_long_for_a_short_message() -> None:
    long = replace(batch(), ids=b"7" * 256, id_width=256)
    made = pdu(long)
    assert b"id:" + b"7" * 256 + b" sub:001" in made
    assert tlvs_of(made).startswith(b"\x04\x24")


def test_esm_classes() -> None:
    assert pdu(esm_classes=(0x44,))[16 + len(FRONT)] == 0x44


def test_forms_are_taken_by_chance_and_all_of_them() -> None:
    odd = OddReceipts(ReceiptHabits(errs=("digits", "empty"), dates=("10", "14")), False, Random(1), {})
    made = {odd.encode(batch(Fate.EXPIRED), b"\0\0\0\7", DONE) for _ in range(100)}
    assert len(made) == 2 * 4  # each of the two dates by itself


def test_poison_is_numbered_and_nobody_can_read_it() -> None:
    unreadable = 0
    for number in range(4):
        made = poison(number)
        assert header(made) == (len(made), 5, 0, 0)
        assert b"%08d" % number in made
        try:
            unreadable += read(read_delivery(5, made)) is None
        except UnreadableError:
            unreadable += 1
    assert unreadable == 4


def test_stored_pdus_get_a_number() -> None:
    stored = {b"M1": pack("!IIII", 17, 5, 0, 0) + b"x"}
    sent = Receipts(None, b"", b"", 0, 2, b"", b"M1", b"\0", stage=Stage.REPLY)
    odd = OddReceipts(ReceiptHabits(), False, Random(1), stored)
    assert odd.encode(sent, b"\0\0\1\0", DONE) == pack("!IIII", 17, 5, 0, 256) + b"x"
