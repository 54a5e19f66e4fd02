"""Receipts under way, and what comes back for them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.simulator.fate import Fate
from broadcast.simulator.receipts import Receipts
from broadcast.simulator.unacked import Unacked


def batch(first: int, count: int) -> Receipts:
    ids = b"".join(b"%04d" % number for number in range(first, first + count))
    return Receipts(None, b"", b"", 4, 4, ids, ids, bytes([Fate.DELIVERED]) * count)


def ids(batches: list[Receipts]) -> list[int]:
    return [int(each.ids[at : at + 4]) for each in batches for at in range(0, len(each.ids), 4)]


def octets(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def test_a_run_over_several_batches() -> None:
    unacked = Unacked()
    assert unacked.add(batch(1, 3)) == octets(1, 2, 3)
    assert unacked.add(batch(4, 2)) == octets(4, 5)
    assert unacked.count == 5
    assert ids(unacked.answer(octets(2, 3, 4))) == [2, 3, 4]
    assert ids(unacked.answer(octets(2, 3, 4))) == []  # again
    assert unacked.count == 2
    assert ids(unacked.open()) == [1, 5]
    assert unacked.count == 0
    assert ids(unacked.open()) == []


def test_any_order_and_unknown_ones() -> None:
    unacked = Unacked()
    unacked.add(batch(1, 5))
    assert ids(unacked.answer(octets(4, 2, 77, 0, 5))) == [4, 2, 5]
    assert unacked.answer(b"") == []
    assert unacked.count == 2


def test_the_numbers_wrap() -> None:
    unacked = Unacked(_next=0x7FFFFFFF - 3)
    assert unacked.add(batch(1, 2)) == octets(0x7FFFFFFC, 0x7FFFFFFD)
    assert unacked.add(batch(3, 4)) == octets(1, 2, 3, 4)
    assert ids(unacked.answer(octets(0x7FFFFFFD, 1))) == [2, 3]
    assert ids(unacked.open()) == [4, 5, 6, 1]


_STEP = st.one_of(
    st.integers(1, 6),
    st.lists(st.integers(0, 40), max_size=10),
    st.tuples(st.integers(0, 30), st.integers(1, 9)),
)


@settings(deadline=None)
@given(st.lists(_STEP, max_size=25))
def test_as_a_dictionary_would(steps: list[int | list[int] | tuple[int, int]]) -> None:
    """Ids are the sequence numbers. A number adds so many, a list or a range answers."""
    unacked, model, following = Unacked(), set[int](), 1
    for step in steps:
        if isinstance(step, int):
            assert unacked.add(batch(following, step)) == octets(*range(following, following + step))
            model |= set(range(following, following + step))
            following += step
        else:
            numbers = list(step) if isinstance(step, list) else list(range(step[0], step[0] + step[1]))
            wanted = [number for number in dict.fromkeys(numbers) if number in model]
            assert ids(unacked.answer(octets(*numbers))) == wanted
            model -= set(numbers)
        assert unacked.count == len(model)
    assert sorted(ids(unacked.open())) == sorted(model)
