"""Ids as in responses and as in receipts."""

import re

import pytest

from broadcast.simulator.message_ids import Ids
from broadcast.simulator.personality import Personality


def split(joined: bytes, count: int) -> list[bytes]:
    width = len(joined) // count
    assert width * count == len(joined)
    return [joined[index : index + width] for index in range(0, len(joined), width)]


def test_hex_in_the_response_and_decimal_in_the_receipt() -> None:
    ids = Ids(Personality("x", "x", response_id="hex", receipt_id="decimal"), first=4093)
    assert ids.take(2) == (b"ffdffe", b"40934094")
    assert ids.take(1) == (b"fff", b"4095")


def test_widths_and_capitals() -> None:
    personality = Personality(
        "x", "x", response_id="hex", response_id_width=8, response_id_upper=True, receipt_id="hex"
    )
    assert Ids(personality, first=0xABC).take(2) == (b"00000ABC00000ABD", b"abcabd")


@pytest.mark.parametrize("first", [98, 99, 9990, 0xFFE, 0xFFF])
def test_a_batch_is_of_one_width(first: int) -> None:
    ids = Ids(Personality("x", "x", response_id="hex", receipt_id="decimal"), first)
    seen: set[bytes] = set()
    for _ in range(5):
        responses, receipts = (split(joined, 7) for joined in ids.take(7))
        assert [int(each, 16) for each in responses] == [int(each) for each in receipts]
        assert not seen & set(receipts)
        seen |= set(receipts)


def test_uuids() -> None:
    personality = Personality("x", "x", id_kind="uuid", receipt_id_upper=True)
    responses, receipts = (split(joined, 50) for joined in Ids(personality, first=1).take(50))
    assert [each.lower() for each in receipts] == responses
    assert receipts[0] == receipts[0].upper()
    assert len(set(responses)) == 50
    form = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    assert all(form.fullmatch(each) for each in responses)
