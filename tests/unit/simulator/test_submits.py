"""submit_sm gathered by shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.simulator.pdus import HEAD, cut, header, submit, tail

from broadcast.simulator.submits import Reader

ENQUIRE_LINK = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x09"
TAILS = [tail(b"\x05\0\x03\x07\x03" + bytes((n,)) + b"x" * 10 * n, esm=0x40) for n in (1, 2, 3)]


def gather(reader: Reader, stream: bytes, room: int = 1 << 30) -> dict[bytes, list[tuple[int, bytes]]]:
    """tail -> (sequence number, MSISDN) in order; the stream is all submit_sm."""
    reader.begin(room)
    assert reader.read(stream, 0) == len(stream)
    found: dict[bytes, list[tuple[int, bytes]]] = {}
    for shape in reader.shapes:
        sequences = b"".join(shape.sequences)
        numbers = [
            int.from_bytes(sequences[index : index + 4], "big") for index in range(0, len(sequences), 4)
        ]
        found.setdefault(shape.tail, []).extend(zip(numbers, shape.msisdns, strict=True))
    return found


def test_one() -> None:
    assert gather(Reader(), submit(7, b"84900000001")) == {tail(): [(7, b"84900000001")]}


@pytest.mark.parametrize("count", [2, 15, 16, 17, 500])
def test_many_of_one_shape(count: int) -> None:
    wanted = [(number, b"849%08d" % number) for number in range(count)]
    reader = Reader()
    for _ in range(2):  # the second time the shape is known from the start
        assert gather(reader, b"".join(submit(*each) for each in wanted)) == {tail(): wanted}
        assert reader.taken == count


def test_the_segments_of_many_messages() -> None:
    reader = Reader()
    stream = b"".join(
        submit(3 * number + index, b"849%08d" % number, end)
        for number in range(100)
        for index, end in enumerate(TAILS)
    )
    found = gather(reader, stream)
    for index, end in enumerate(TAILS):
        assert found[end] == [(3 * number + index, b"849%08d" % number) for number in range(100)]


def test_it_stops_at_what_is_no_complete_submit() -> None:
    reader = Reader()
    two = submit(1, b"84900000001") + submit(2, b"84900000002")
    for rest in (
        b"",
        b"\0\0\0",
        ENQUIRE_LINK,
        submit(3, b"84900000003")[:-1],
        b"\0\0\0\x05\0\0\0\x04" + bytes(8),
    ):
        reader.begin(10)
        assert reader.read(two + rest, 0) == len(two)
        assert reader.taken == 2


def test_a_read_begins_where_it_is_told() -> None:
    reader = Reader()
    reader.begin(10)
    assert reader.read(ENQUIRE_LINK + submit(1, b"84900000001"), 16) == 16 + len(submit(1, b"84900000001"))
    assert reader.shapes[0].msisdns == [b"84900000001"]


@pytest.mark.parametrize("room", [0, 1, 20, 39])
def test_no_more_than_there_is_room_for(room: int) -> None:
    reader = Reader()
    stream = b"".join(submit(number, b"849%08d" % number) for number in range(40))
    gather(reader, stream)
    found = gather(reader, stream, room)
    assert [number for column in found.values() for number, _ in column] == list(range(room))
    assert reader.over == [number.to_bytes(4, "big") for number in range(room, 40)]
    assert reader.taken == room


def test_malformed_ones_are_told_and_counted() -> None:
    reader = Reader()
    no_end = b"\0\0\0\x18\0\0\0\x04\0\0\0\0\0\0\0\x05" + b"\0\5\0BOYTE"
    stream = (
        submit(1, b"")
        + submit(2, b"+84900000001")
        + no_end
        + submit(4, b"8" * 21)
        + submit(6, b"84900000001")
    )
    assert gather(reader, stream) == {tail(): [(6, b"84900000001")]}
    assert [(int.from_bytes(number, "big"), status) for number, status in reader.malformed] == [
        (1, 0x0B), (2, 0x0B), (5, 0x02), (4, 0x0B),
    ]  # fmt: skip
    assert reader.taken == 5
    reader.begin(0)
    reader.read(submit(1, b""), 0)
    assert (reader.malformed, reader.over) == ([], [b"\0\0\0\1"])


def test_letters_in_the_middle_of_a_run() -> None:
    stream = [submit(number, b"849%08d" % number) for number in range(40)]
    stream[25] = submit(25, b"84900x00025")
    reader = Reader()
    found = gather(reader, b"".join(stream))
    assert [number for number, _ in found[tail()]] == [number for number in range(40) if number != 25]
    assert reader.malformed == [((25).to_bytes(4, "big"), 0x0B)]


def test_many_shapes_are_not_kept_for_ever() -> None:
    reader = Reader()
    for start in range(0, 10_000, 1000):
        stream = b"".join(submit(n, b"84900000001", tail(b"%d" % n)) for n in range(start, start + 1000))
        assert len(gather(reader, stream)) == 1000
    assert len(reader._shapes) <= 4096


_MSISDN = st.integers(10**9, 10**15 - 1).map(lambda number: b"%d" % number)
_HEADS = st.sampled_from([HEAD, b"CMT\0\5\0BOYTE\0\1\1", b"\0\1\1\x2b\0\1\1"])
_PDU = st.tuples(st.integers(0, 2**31 - 1), _MSISDN, st.sampled_from([*TAILS, tail()]), _HEADS)


@settings(deadline=None)
@given(st.lists(st.tuples(_PDU, st.integers(1, 40)), max_size=12), st.integers(0, 200))
def test_as_read_one_by_one(runs: list[tuple[tuple[int, bytes, bytes, bytes], int]], room: int) -> None:
    pdus = [submit(n, msisdn, end, head) for (n, msisdn, end, head), times in runs for _ in range(times)]
    reader = Reader()
    gather(reader, b"".join(pdus), room)
    got = sorted(
        (shape.head, shape.tail, sequence, msisdn)
        for shape in reader.shapes
        for sequence, msisdn in zip(_fours(b"".join(shape.sequences)), shape.msisdns, strict=True)
    )
    flat = [(head, end, n.to_bytes(4, "big"), m) for (n, m, end, head), times in runs for _ in range(times)]
    assert got == sorted(flat[:room])
    assert reader.over == [pdu[12:16] for pdu in pdus[room:]]
    assert all(header(pdu)[1] == 4 for pdu in cut(b"".join(pdus)))


def _fours(octets: bytes) -> list[bytes]:
    return [octets[index : index + 4] for index in range(0, len(octets), 4)]
