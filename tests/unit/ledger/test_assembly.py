"""Parts put together: any order, twice, missing, and references that come again."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.ledger.assembly import Assembly, StoredPart, assemble


def parts(*numbers: int | tuple[int, str]) -> list[StoredPart]:
    """Numbers in the order in which they came; (number, text) where the text differs."""
    made = []
    for place, each in enumerate(numbers, 1):
        number, text = each if isinstance(each, tuple) else (each, f"part {each}")
        made.append(StoredPart(place, number, text.encode()))
    return made


def texts(found: Assembly) -> list[str]:
    return ["|".join(part.content.decode() if part else "?" for part in text.parts) for text in found.texts]


def test_in_any_order() -> None:
    found = assemble(parts(3, 1, 2), 3, over=False)
    assert texts(found) == ["part 1|part 2|part 3"]
    assert [part.inbound_no for part in found.texts[0].arrived] == [1, 2, 3]
    assert (found.repeated, found.texts[0].missing) == ([], 0)


def test_some_of_them_wait() -> None:
    assert assemble(parts(3, 1), 3, over=False) == Assembly([], [])


def test_a_part_that_comes_twice() -> None:
    found = assemble(parts(1, 1, 2), 2, over=False)
    assert texts(found) == ["part 1|part 2"]
    assert [part.inbound_no for part in found.repeated] == [2]


def test_what_waits_too_long_is_given_up() -> None:
    found = assemble(parts(3, 1), 3, over=True)
    assert texts(found) == ["part 1|?|part 3"]
    assert found.texts[0].missing == 1
    assert assemble([], 3, over=True) == Assembly([], [])


def test_a_reference_that_comes_again() -> None:
    found = assemble(parts(1, 2, (1, "new 1"), (2, "new 2")), 2, over=False)
    assert texts(found) == ["part 1|part 2", "new 1|new 2"]


def test_a_reference_that_comes_again_before_the_first_text_was_whole() -> None:
    found = assemble(parts(1, (1, "new 1"), (2, "new 2")), 2, over=False)
    assert texts(found) == ["part 1|?", "new 1|new 2"]
    assert [text.missing for text in found.texts] == [1, 0]


@given(st.permutations(range(1, 9)), st.data())
def test_every_order_with_repetitions(order: list[int], data: st.DataObject) -> None:
    last = order[-1]
    again = data.draw(st.lists(st.sampled_from([number for number in order if number != last]), max_size=6))
    came = list(order[:-1])
    for number in again:
        came.insert(data.draw(st.integers(came.index(number) + 1, len(came))), number)
    found = assemble(parts(*came, last), 8, over=False)
    assert texts(found) == ["|".join(f"part {number}" for number in range(1, 9))]
    assert len(found.repeated) == len(again)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab")), max_size=30), st.booleans())
def test_no_part_is_lost_or_used_twice(came: list[tuple[int, str]], over: bool) -> None:
    given_parts = parts(*came)
    found = assemble(given_parts, 4, over=over)
    used = [part for text in found.texts for part in text.arrived] + found.repeated
    assert len(used) == len(set(used))
    left = [part for part in given_parts if part not in used]
    assert len(left) < 4
    assert not (over and left)
    for text in found.texts:
        assert {part for part in text.parts if part} == set(text.arrived)
        assert all(part.number == number for number, part in enumerate(text.parts, 1) if part)
