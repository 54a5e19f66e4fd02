"""Ids that are not of one message alone, or hardly to be told from another's."""

from typing import Any

import pytest
from unit.simulator.pdus import HEAD, tail

from broadcast.simulator.content import Content, read_content
from broadcast.simulator.habits import IdHabits, ReceiptHabits, Twin
from broadcast.simulator.message_ids import Ids
from broadcast.simulator.odd_ids import OddIds, Pair, twins
from broadcast.simulator.personality import Personality

MSISDNS = [b"849%08d" % number for number in range(6)]


def odd(first: int = 95, personality: dict[str, Any] | None = None, **habits: Any) -> OddIds:
    return OddIds(Personality("x", "x", ids=IdHabits(**habits), **(personality or {})), first)


def segment(number: int = 1, total: int = 1) -> Content:
    """Of the message with the reference 7."""
    if total == 1:
        return read_content(HEAD, tail())
    return read_content(HEAD, tail(b"\x05\0\x03\x07" + bytes((total, number)), esm=0x40))


def take(
    ids: OddIds | Ids, content: Content | None = None, msisdns: list[bytes] = MSISDNS
) -> list[tuple[bytes, bytes]]:
    """(as in the response, as in the receipt) of each, in their order, whatever the runs."""
    found: list[Pair] = []
    for start, stop, responses, receipts in ids.given(content or segment(), msisdns):
        assert start == len(found)
        width, receipt_width = len(responses) // (stop - start), len(receipts) // (stop - start)
        found += [
            (
                responses[at * width : (at + 1) * width],
                receipts[at * receipt_width : (at + 1) * receipt_width],
            )
            for at in range(stop - start)
        ]
        assert len(found) == stop
    assert len(found) == len(msisdns)
    return found


def test_plain_ones_are_one_run() -> None:
    ids = Ids(Personality("x", "x", response_id="hex"), first=1000)
    assert take(ids) == [(b"%x" % number, b"%d" % number) for number in range(1000, 1006)]


def test_one_id_for_every_message() -> None:
    ids = odd(same="all", personality={"response_id": "hex"})
    assert set(take(ids) + take(ids, segment(2, 3))) == {(b"5f", b"95")}


def test_one_id_for_all_segments_of_a_message() -> None:
    ids = odd(first=100, same="message")
    parts = [take(ids, segment(number, 3)) for number in (2, 1, 3)]
    assert parts[0] == parts[1] == parts[2]
    assert len(set(parts[0])) == 6
    copy = [take(ids, segment(number, 3)) for number in (1, 2, 3)]
    assert copy[0] == copy[2]
    assert not set(copy[0]) & set(parts[0])


def test_a_segment_that_comes_twice_begins_another_copy() -> None:
    ids = odd(first=100, same="message")
    first, again = take(ids, segment(1, 2)), take(ids, segment(1, 2))
    assert not set(first) & set(again)
    assert take(ids, segment(2, 2)) == again


def test_a_counter_that_begins_again() -> None:
    ids = odd(first=0, modulo=4)
    assert [pair[0] for pair in take(ids)] == [b"0", b"1", b"2", b"3", b"0", b"1"]
    ids = OddIds(Personality("x", "x", ids=IdHabits(first=65535, modulo=3)), 10**15)
    assert [pair[0] for pair in take(ids)] == [b"65535", b"65536", b"65537"] * 2
    assert take(odd(modulo=3)) == take(odd(modulo=3, first=0))


def test_a_counter_that_begins_anew_in_every_run() -> None:
    like = Personality("x", "x", ids=IdHabits(first=1))
    assert (
        take(OddIds(like, 10**15))
        == take(OddIds(like, 10**16))
        == [(b"%d" % n, b"%d" % n) for n in range(1, 7)]
    )


def test_ids_over_a_change_of_width_are_taken_in_runs() -> None:
    assert [pair[0] for pair in take(odd(first=0, modulo=200), msisdns=[b"84900000000"] * 300)] == [
        b"%d" % (number % 200) for number in range(300)
    ]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("case", b"q5f-a", b"Q5F-A"),
        ("nul", b"5f-a\0a", b"5f-a\0b"),
        ("past_64", b"5f-a" + b"x" * 60 + b"a", b"5f-a" + b"x" * 60 + b"b"),
        ("past_255", b"5f-a" + b"x" * 251 + b"a", b"5f-a" + b"x" * 251 + b"b"),
        ("zeros", b"5f-a", b"05f-a"),
        ("blanks", b"5f-a", b" 5f-a"),
    ],
)
def test_twins(kind: Twin, one: bytes, other: bytes) -> None:
    assert twins(kind, b"5f-a") == (one, other)


def test_every_second_id_is_the_twin_of_the_one_before() -> None:
    found = take(odd(first=100, twins=("zeros", "blanks")))
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert first[0] == first[1]
        assert second in {(b"0" + first[0],) * 2, (b" " + first[0],) * 2}
    assert len(set(found)) == 6
    uuids = take(odd(twins=("case",), personality={"id_kind": "uuid"}))
    assert [pair[0].lower() for pair in uuids[::2]] == [pair[0].lower() for pair in uuids[1::2]]
    assert len({pair[0] for pair in uuids}) == 6


@pytest.mark.parametrize("habits", [{}, {"first": 7}, {"modulo": 50}])
def test_what_comes_is_told_once_and_then_given(habits: dict[str, Any]) -> None:
    like = Personality("x", "x", ids=IdHabits(**habits), receipts=ReceiptHabits(stranger_ahead=10))
    ids = OddIds(like, 100) if habits else Ids(like, 100)
    told = ids.coming(3, 10) + ids.coming(2, 10)
    given = [pair[1] for _ in range(3) for pair in take(ids)]
    assert told == given[10:15]
    assert len(set(told)) == 5


def test_what_cannot_go_together() -> None:
    with pytest.raises(ValueError, match="id_kind must be one that counts"):
        Personality("x", "x", id_kind="uuid", ids=IdHabits(modulo=1000))
    with pytest.raises(ValueError, match="stranger_ahead cannot tell"):
        Personality("x", "x", ids=IdHabits(twins=("case",)), receipts=ReceiptHabits(stranger_ahead=1))
