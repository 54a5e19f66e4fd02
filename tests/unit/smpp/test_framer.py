"""PDUs out of a stream, however it is cut (quirk 37)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.smpp.wire import pdu

from broadcast.smpp.framer import Framer, UnrecoverablePduError

THREE = [pdu(0x80000004, 1, b"id1\0"), pdu(0x80000015, 2), pdu(0x80000004, 3, b"", 0x58)]


def test_coalesced_pdus_come_out_one_by_one() -> None:
    assert Framer().feed(b"".join(THREE)) == [
        (0x80000004, 0, 1, THREE[0]),
        (0x80000015, 0, 2, THREE[1]),
        (0x80000004, 0x58, 3, THREE[2]),
    ]


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(0, 5000), max_size=30))
def test_any_cut_gives_the_same_pdus(bodies: list[bytes], cuts: list[int]) -> None:
    pdus = [pdu(number, number, body) for number, body in enumerate(bodies)]
    stream = b"".join(pdus)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    framer = Framer()
    got = [frame for start, end in pairwise(places) for frame in framer.feed(stream[start:end])]
    assert [frame[3] for frame in got] == pdus


@pytest.mark.parametrize(
    ("wrong", "length"), [(b"HTTP", 0x48545450), (b"\0\0\0\x0f", 15), (b"\0\0\0\0", 0), (b"\0\2\0\1", 131073)]
)
def test_an_absurd_length_ends_the_stream_but_not_what_came_before(wrong: bytes, length: int) -> None:
    for rest in (b"", b"x" * 140000):
        with pytest.raises(UnrecoverablePduError) as caught:
            Framer().feed(THREE[0] + wrong + rest)
        assert caught.value.length == length
        assert [frame[3] for frame in caught.value.complete] == THREE[:1]


def test_the_longest_pdu_passes() -> None:
    longest = pdu(5, 1, b"x" * (131072 - 16))
    framer = Framer()
    assert framer.feed(longest[:40000]) == []
    assert framer.feed(longest[40000:]) == [(5, 0, 1, longest)]


def test_three_octets_are_waited_for() -> None:
    assert Framer().feed(b"HTT") == []


def test_what_is_begun_is_known_at_any_time() -> None:
    framer, begun = Framer(), []
    for place in range(len(THREE[0])):
        framer.feed(THREE[0][place : place + 1])
        begun.append(framer.begun)
    assert begun == [*range(1, len(THREE[0])), 0]
    framer.feed(THREE[1] + THREE[2][:7])
    assert framer.begun == 7


def test_a_long_pdu_that_comes_in_small_reads_is_not_copied_with_each() -> None:
    """Regression: 128 KiB in reads of one octet were 8 GB of copying."""
    framer = Framer()
    longest = pdu(5, 1, b"x" * (131072 - 16))
    framer.feed(longest[:100])
    kept = framer._rest
    for place in range(100, 131071):
        assert framer.feed(longest[place : place + 1]) == []
    assert framer._rest is kept
    assert framer.feed(longest[131071:]) == [(5, 0, 1, longest)]
    assert framer.begun == 0
