"""How many people a slice has."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.cutting import LEAST, LEAST_PART, TAIL, parts, until

sizes = st.integers(1, 30_000)


def test_all_are_alike_and_the_last_is_what_is_left() -> None:
    assert list(parts(2500, 1000)) == [1000, 1000, 500]
    assert list(parts(0, 1000)) == list(parts(0, 1000, graded=True)) == []


def test_the_last_ones_are_ever_smaller() -> None:
    found = list(parts(100_000, 1000, graded=True))
    assert found[:69] == [1000] * 69
    assert found[69:71] == [968, 938] and found[-2] == 1000 // LEAST_PART
    assert len(found) < 69 + 4 * TAIL


@given(st.integers(0, 1_000_000), sizes)
def test_everybody_is_in_one_and_none_is_larger_than_the_one_before(people: int, size: int) -> None:
    size = max(size, people // 2000 + 1)
    found = list(parts(people, size, graded=True))
    assert sum(found) == people
    assert found == sorted(found, reverse=True)
    assert not found or found[0] <= size
    assert all(each >= max(size // LEAST_PART, min(size, LEAST)) for each in found[:-1])


@given(st.lists(st.integers(0, 100_000), max_size=8), sizes)
def test_what_comes_bit_by_bit_is_cut_as_if_it_came_at_once(bits: list[int], size: int) -> None:
    size = max(size, sum(bits) // 2000 + 1)
    found, left = list[int](), 0
    for bit in bits:
        left += bit
        now = until(left, size)
        found += parts(now, size)
        left -= now
    assert found + list(parts(left, size, graded=True)) == list(parts(sum(bits), size, graded=True))
