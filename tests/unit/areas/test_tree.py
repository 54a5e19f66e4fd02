"""Areas one in the other, and how they are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.areas.names import folded, short
from broadcast.areas.tree import Area, AreaTree
from broadcast.errors import InputError

TREE = AreaTree(
    [
        Area("vn", "Việt Nam", language="vi", kind="country"),
        Area("10", "Tỉnh Lào Cai", "vn", "province"),
        Area("1001", "Phường Lào Cai", "10", "commune"),
        Area("1002", "Xã Tân Phú", "10", "commune", language="hmn"),
        Area("48", "Thành phố Đà Nẵng", "vn", "province"),
        Area("4801", "Xã Tân Phú", "48", "commune"),
        Area("4802", "Phường Xa La", "48", "commune"),
        Area("4803", "Hải Châu", "48", "commune"),
    ]
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("10", "10"),
        (" 4801 ", "4801"),
        ("Tỉnh Lào Cai", "10"),
        ("lao cai", "10"),  # the province, not the ward in it
        ("phuong lao cai", "1001"),
        ("PHƯỜNG LÀO CAI", "1001"),
        ("da nang", "48"),
        ("TP. Đà Nẵng", "48"),
        ("Tân Phú, Đà Nẵng", "4801"),
        ("xa tan phu, 10", "1002"),
        ("Xã Tân Phú, Tỉnh Lào Cai, Việt Nam", "1002"),
        ("Xa La", "4802"),  # a name that begins like a kind
        ("Phường Hải Châu", "4803"),  # its name stands without one
        ("Đà  Nẵng".encode().decode(), "48"),
        ("Đà Nẵng", "48"),  # in parts, as macOS writes it
    ],
)
def test_an_area_is_found_as_people_say_it(said: str, code: str) -> None:
    if said == "TP. Đà Nẵng":
        with pytest.raises(InputError, match="did you mean"):  # another kind than its own is not guessed
            TREE.find("Xã Đà Nẵng")
    assert TREE.find(said) == code


def test_of_a_name_that_several_have_the_parent_is_to_be_named() -> None:
    with pytest.raises(InputError, match=r"2 areas are called Tân Phú.*Tỉnh Lào Cai, Việt Nam \(1002\)"):
        TREE.find("Tân Phú")


def test_the_nearest_name_is_offered_for_one_that_there_is_not() -> None:
    with pytest.raises(InputError, match="did you mean Tỉnh Lào Cai"):
        TREE.find("Lao Cay")
    with pytest.raises(InputError, match="see `broadcast area list`"):
        TREE.find("Zürich")
    with pytest.raises(InputError, match="no areas are known"):
        AreaTree().find("Lào Cai")
    with pytest.raises(InputError, match=r"\\u202e"):
        TREE.find("\u202eLào")


def test_who_is_below_whom() -> None:
    assert TREE.under("10") == {"10", "1001", "1002"}
    assert TREE.under("1001") == {"1001"}
    assert TREE.path("1001") == ("vn", "10", "1001")
    assert TREE.children(None) == ("vn",)
    assert TREE.full_name("4801") == "Xã Tân Phú, Thành phố Đà Nẵng, Việt Nam"
    with pytest.raises(InputError):
        TREE.under("11")


def test_a_language_is_its_own_or_the_nearest_parents() -> None:
    assert (TREE.language("1002"), TREE.language("4801"), TREE.language("11")) == ("hmn", "vi", None)
    assert AreaTree([Area("a", "A")]).language("a") is None


@pytest.mark.parametrize(
    ("areas", "said"),
    [
        ([Area("a", "A", "b")], "its parent b is no area"),
        ([Area("a", "A"), Area("a", "B")], "area a stands twice"),
        ([Area("a", "A", "b"), Area("b", "B", "a"), Area("c", "C")], "area a is within itself"),
        ([Area("a", "A", "a")], "area a is within itself"),
    ],
)
def test_what_is_no_tree_is_refused(areas: list[Area], said: str) -> None:
    with pytest.raises(InputError, match=said):
        AreaTree(areas)


@given(st.lists(st.integers(min_value=-1), min_size=1, max_size=30), st.data())
def test_under_is_whoever_has_it_on_the_path(parents: list[int], data: st.DataObject) -> None:
    """parents[i]: which of the areas before it, modulo; a negative one: it is topmost."""
    areas = [
        Area(f"c{place}", f"Name {place}", None if parent < 0 or place == 0 else f"c{parent % place}")
        for place, parent in enumerate(parents)
    ]
    tree = AreaTree(data.draw(st.permutations(areas)))
    for each in tree.areas:
        assert tree.under(each) == {other for other in tree.areas if each in tree.path(other)}
        assert tree.find(tree.full_name(each)) == each


@given(st.text())
def test_no_text_breaks_a_name(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert short(text) in (short(short(text)), short(text))
    try:
        TREE.find(text)
    except InputError as error:
        assert "\u202e" not in str(error)
