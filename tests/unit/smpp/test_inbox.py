"""What one read means: answers, receipts, messages, control PDUs, and what cannot be read."""

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.wire import answer, data_sm, deliver_sm, pdu, receipt_text, tlv

from broadcast.channel.events import InboundMessage
from broadcast.config import Bind, Carrier, Smpp
from broadcast.smpp.inbox import Inbox
from broadcast.smpp.window import Window

BIND = Bind("localhost", 2775, "esme")


def inbox(tokens: str = "abcdef", **formats: str) -> tuple[Inbox, Window]:
    """With the submits 1, 2, 3... in the window."""
    window = Window(10, 64.0)
    window.add(window.reserve(len(tokens)), list(tokens), 0.0)
    return Inbox(window, Carrier(tps=1, binds=(BIND,), smpp=Smpp(**formats))), window  # type: ignore[arg-type]


def test_answers_in_any_order_and_of_any_shape() -> None:
    box, window = inbox()
    batch = box.feed(
        answer(2, b"ID-2")
        + pdu(0x80000004, 1, b"", 0x58)
        + pdu(0x80000004, 3, b"\0", 0x4A1)
        + pdu(0x80000004, 4, b"id4 without nul")
        + pdu(0x80000004, 5, b"id5\0" + tlv(0x1400, b"v"))
        + pdu(0x80000004, 6, b"an error's text\0", 0x0B)
    )
    assert batch.answers == [
        ("b", 0, "ID-2"),
        ("a", 0x58, ""),
        ("c", 0x4A1, ""),
        ("d", 0, "id4 without nul"),
        ("e", 0, "id5"),
        ("f", 0x0B, ""),
    ]
    assert window.pending == {}


def test_an_accepted_submit_without_an_id() -> None:
    box, _ = inbox()
    assert box.feed(pdu(0x80000004, 1) + pdu(0x80000004, 2, b"\0")).answers == [("a", 0, ""), ("b", 0, "")]


def test_ids_are_as_they_came() -> None:
    """Quirk 48, whatever the profile says: the resolver knows how ids of this carrier meet."""
    box, _ = inbox(response_id="hex", receipt_id="decimal", id_zeros="strip", id_case="fold")
    batch = box.feed(answer(1, b" 00fF ") + answer(2, b"x\0y") + deliver_sm(9, receipt_text(b"0000000255")))
    assert batch.answers == [("a", 0, "00fF"), ("b", 0, "x")]
    assert batch.receipts == [(b"\0\0\0\x09", 8, "0000000255", "000", 84912345678)]


def test_an_id_of_255_octets_is_one_and_a_longer_one_is_none() -> None:
    """Accepted it is all the same; a receipt with such an id is kept whole."""
    box, _ = inbox("abcd")
    longest, longer = b"\xff" * 255, b"x" * 256
    batch = box.feed(answer(1, longest) + answer(2, longer) + answer(3, b"\0" + longer))
    assert batch.answers == [("a", 0, "\xff" * 255), ("b", 0, ""), ("c", 0, "")]
    assert box.take_long_ids() == 1
    whole, long = (
        deliver_sm(1, b"", tlv(0x001E, octets + b"\0") + tlv(0x0427, b"\2")) for octets in (longest, longer)
    )
    batch = box.feed(whole + long)
    assert [receipt[2] for receipt in batch.receipts] == ["\xff" * 255]
    assert [(pdu, reason) for _, pdu, reason in batch.unreadable] == [
        (long, "a receipt with an id of more than 255 octets")
    ]


def test_since_when_what_one_read_answers_had_left() -> None:
    window = Window(10, 64.0)
    box = Inbox(window, Carrier(tps=1, binds=(BIND,)))
    for sent_at in (100.0, 110.0, 170.0, 180.0):
        window.add(window.reserve(1), ["x"], sent_at)
    assert len(window.expire(176.0)[0]) == 2
    batch = box.feed(answer(4) + answer(2) + answer(99) + answer(1) + pdu(0x80000000, 3, status=3))
    assert (len(batch.answers), batch.left_at) == (2, 170.0)
    assert (len(batch.late), batch.late_left_at) == (2, 100.0)


def test_an_answer_counts_once() -> None:
    box, _ = inbox()
    assert len(box.feed(answer(1)).answers) == 1
    again = box.feed(answer(1) + answer(99))
    assert (again.answers, again.late) == ([], [])
    assert box.strays == 2


def test_late_answers() -> None:
    box, window = inbox("ab")
    assert window.expire(100.0) == (["a", "b"], 0.0)
    batch = box.feed(answer(1, b"X1") + pdu(0x80000000, 2, status=0x58))
    assert batch.late == [("a", 0, "X1"), ("b", 0x58, "")]
    assert box.feed(answer(1)).late == []


def test_a_nack_answers_its_submit_and_is_never_ok() -> None:
    box, window = inbox("ab")
    batch = box.feed(
        pdu(0x80000000, 1, status=3) + pdu(0x80000000, 2, status=0) + pdu(0x80000000, 0, status=3)
    )
    assert batch.answers == [("a", 3, ""), ("b", 0xFF, "")]
    assert [frame[:3] for frame in batch.controls] == [(0x80000000, 3, 0)]
    assert window.pending == {}


def test_receipts_by_deliver_sm_and_data_sm() -> None:
    box, _ = inbox()
    batch = box.feed(
        deliver_sm(1, receipt_text())
        + data_sm(2, tlv(0x0424, receipt_text(b"b2", b"EXPIRED")))
        + deliver_sm(3, b"", tlv(0x001E, b"c3\0") + tlv(0x0427, b"\5"))
    )
    assert [receipt[1:] for receipt in batch.receipts] == [
        (8, "a1", "000", 84912345678),
        (5, "b2", "000", 84912345678),
        (7, "c3", "", 84912345678),
    ]
    assert len({receipt[0] for receipt in batch.receipts}) == 3


def test_a_carriers_own_words_and_those_that_it_does_not_explain() -> None:
    box, _ = inbox(receipt_states={"SEEN": "delivered"})  # type: ignore[arg-type]
    batch = box.feed(
        deliver_sm(1, receipt_text(b"001", b"SEEN"))
        + deliver_sm(2, receipt_text(b"002", b"READ"))
        + deliver_sm(3, receipt_text(b"003", b"READ"))
        + deliver_sm(4, receipt_text(b"004", b"ENROUTE"))
        + deliver_sm(5, b"", tlv(0x001E, b"005") + tlv(0x0427, b"\x0b"))
    )
    assert [receipt[1:3] for receipt in batch.receipts] == [
        (8, "001"), (0, "002"), (0, "003"), (0, "004"), (0, "005"),
    ]  # fmt: skip
    assert box.take_unknown_states() == {"READ": 2, "11": 1}


def test_unknown_words_are_bounded() -> None:
    box, _ = inbox()
    words = [
        b"%s%s" % (bytes((65 + first,)), bytes((65 + second,))) for first in range(26) for second in range(26)
    ]
    box.feed(b"".join(deliver_sm(1, receipt_text(b"1", word)) for word in words))
    unknown = box.take_unknown_states()
    assert (len(unknown), unknown.total()) == (51, 676)


def test_messages_from_people() -> None:
    box, _ = inbox()
    batch = box.feed(deliver_sm(7, b"\5\0\3\1\2\1ST", esm_class=0x40, data_coding=8, destination=b"1900\xe9"))
    assert batch.messages == [InboundMessage(b"\0\0\0\7", "84912345678", "1900é", 0x40, 8, b"\5\0\3\1\2\1ST")]


def test_what_cannot_be_read_is_kept_whole_and_the_rest_goes_on() -> None:
    box, _ = inbox()
    broken, half = pdu(0x05, 7, b"\0\1"), deliver_sm(8, b"err:000")
    batch = box.feed(broken + half + answer(1))
    assert batch.unreadable == [
        (b"\0\0\0\7", broken, "truncated: its mandatory fields do not end"),
        (b"\0\0\0\x08", half, "a receipt without an id"),
    ]
    assert batch.answers == [("a", 0, "a1")]


def test_control_pdus_in_order() -> None:
    box, _ = inbox()
    batch = box.feed(
        pdu(0x15, 5) + answer(1) + pdu(0xABCD, 6) + pdu(0x80000009, 1, b"smsc\0" + tlv(0x210, b"\x50"))
    )
    assert [frame[:3] for frame in batch.controls] == [(0x15, 0, 5), (0xABCD, 0, 6), (0x80000009, 0, 1)]


def test_a_broken_stream_still_gives_what_came_before() -> None:
    box, _ = inbox()
    batch = box.feed(answer(1) + b"HTTP/1.1 400 Bad Request\r\n")
    assert batch.answers == [("a", 0, "a1")]
    assert batch.broken is not None


PDUS = st.tuples(
    st.sampled_from([0x05, 0x103, 0x80000004, 0x80000000, 0x15, 0x06, 0x102, 0x80000009, 0x77]),
    st.integers(0, 8),
    st.binary(max_size=80),
    st.sampled_from([0, 3, 0x58, 0x4A1, 0xFFFFFFFF]),
).map(lambda fields: pdu(*fields))


@settings(deadline=None)
@given(st.lists(PDUS, max_size=30), st.binary(max_size=30))
def test_nothing_raises_and_no_delivery_is_lost(pdus: list[bytes], junk: bytes) -> None:
    box, window = inbox()
    batch = box.feed(b"".join(pdus) + junk)
    deliveries = sum(each[4:8] in (b"\0\0\0\x05", b"\0\0\1\x03") for each in pdus)
    got = len(batch.receipts) + len(batch.messages) + len(batch.unreadable)
    assert deliveries <= got <= deliveries + 1
    assert sorted([*window.pending.values(), *(token for token, _, _ in batch.answers)]) == list("abcdef")
