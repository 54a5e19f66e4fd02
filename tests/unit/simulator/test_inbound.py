"""What subscribers answer, read back with a reader of its own."""

from collections import defaultdict
from random import Random
from typing import Any

import pytest
from unit.simulator.pdus import HEAD, header

from broadcast.simulator.alphabet import decode
from broadcast.simulator.content import Content
from broadcast.simulator.habits import Inbound
from broadcast.simulator.inbound import Replies
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.smpp.delivery import read_delivery

MSISDNS = [b"849%08d" % number for number in range(1000)]
LONG = "Where do I get a vaccine? {My mother} is old and cannot walk far. " * 6
EMOJI = "😀" * 150
WHOLE = Content(("m",))


def replies(**habits: Any) -> Replies:
    return Replies(Inbound(**{"share": 1.0, **habits}), 1, Random(1), {})


def pdus(made: Replies, batches: list[Receipts]) -> list[bytes]:
    assert {batch.stage for batch in batches} == {Stage.REPLY}
    return [made.stored[batch.ids] for batch in batches]


def texts(of: list[bytes]) -> dict[tuple[bytes, int], dict[int, str]]:
    """By sender and reference: part number -> text."""
    found: dict[tuple[bytes, int], dict[int, str]] = defaultdict(dict)
    for pdu in of:
        assert header(pdu)[:3] == (len(pdu), 5, 0)
        delivery = read_delivery(5, pdu)
        octets, reference, number = delivery.text, 0, 1
        if delivery.esm_class & 0x40:
            udh, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
            assert len(delivery.text) <= 140 or delivery.data_coding != 8
            while udh:
                element, value, udh = udh[0], udh[2 : 2 + udh[1]], udh[2 + udh[1] :]
                if element in (0, 8):
                    reference, number = int.from_bytes(value[:-2], "big"), value[-1]
        elif 0x020C in delivery.tlvs:
            reference, number = int.from_bytes(delivery.tlvs[0x020C], "big"), delivery.tlvs[0x020F][0]
        found[delivery.source, reference][number] = decode(octets, delivery.data_coding, "gsm0338")
    return found


def test_a_share_of_them_always_the_same() -> None:
    made = replies(share=0.1, texts=("STOP", "yes"))
    first = pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS, 0.0))
    assert 60 < len(first) < 140
    again = replies(share=0.1, texts=("STOP", "yes"))
    assert pdus(again, again.to("owner", HEAD, WHOLE, MSISDNS, 0.0)) == first
    assert set(made.by_text) == {"STOP", "yes"}
    assert made.made == sum(made.by_text.values()) == len(first)


def test_an_answer_to_the_sender_or_to_a_number() -> None:
    made = replies()
    (pdu,) = pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS[:1], 0.0))
    assert pdu[16:] == b"\0\1\1" + MSISDNS[0] + b"\0\5\0BOYTE\0\0\0\0\0\0\0\0\0\0\x04STOP"
    made = replies(destination="8079")
    (pdu,) = pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS[:1], 0.0))
    assert b"\x0084900000000\0\1\x018079\0" in b"\0" + pdu[16 + 3 :]


def test_one_answer_per_message_not_per_segment() -> None:
    made = replies()
    parts = [Content(("m",), number, 3) for number in (1, 2, 3)]
    assert [len(made.to("owner", HEAD, part, MSISDNS[:5], 0.0)) for part in parts] == [0, 0, 5]


@pytest.mark.parametrize("joined", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize("other_elements", [False, True])
@pytest.mark.parametrize(
    ("text", "alphabet"), [(LONG, "gsm0338"), (LONG, "ucs2"), (EMOJI, "gsm0338"), (LONG, "latin1")]
)
def test_in_parts(joined: Any, other_elements: bool, text: str, alphabet: Any) -> None:
    made = replies(
        joined=joined, other_elements=other_elements, texts=(text,), alphabet=alphabet, shuffled=True
    )
    found = texts(pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS[:3], 0.0)))
    assert len(found) == 3
    for parts in found.values():
        assert len(parts) > 2
        assert "".join(parts[number] for number in range(1, len(parts) + 1)) == text


def test_small_parts_out_of_order_under_one_reference() -> None:
    made = replies(texts=("STOP it at once",), part_units=4, shuffled=True, one_reference=True)
    sent = pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS[:20], 0.0))
    assert {reference for _, reference in texts(sent)} == {7}
    assert len(texts(sent)) == 20
    orders = {tuple(pdu[-5:] for pdu in sent[at : at + 4]) for at in range(0, 80, 4)}
    assert len(orders) > 5


def test_payload() -> None:
    made = replies(texts=(LONG,), joined="payload")
    (pdu,) = pdus(made, made.to("owner", HEAD, WHOLE, MSISDNS[:1], 0.0))
    assert list(texts([pdu]).values()) == [{1: LONG}]


def test_its_book() -> None:
    made = replies(texts=("STOP it at once",), part_units=4)
    batches = made.to("owner", HEAD, WHOLE, MSISDNS[:1], 5.0)
    for batch in batches:
        made.was_sent(batch)
    for batch in batches[:3]:
        made.was_acked(batch)
    (kept,) = made.kept
    assert (kept.msisdn, kept.to, kept.text, kept.parts) == ("84900000000", "BOYTE", "STOP it at once", 4)
    assert (kept.at, kept.sent, kept.acked) == (5.0, 4, 3)
    assert made.summary() == {"made": 1, "sent": 4, "acked": 3, "by_text": {"STOP it at once": 1}}
    assert len(made.stored) == 1  # what is acked is forgotten
