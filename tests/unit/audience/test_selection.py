"""Who hears which message, by classes of profiles and bits of lists: as a plain look at each person says."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.areas.tree import Area, AreaTree
from broadcast.audience.profiles import Profile
from broadcast.audience.selection import UNHEARD, Named, Selection, bits, reader, select, variant_of
from broadcast.audience.where import parse

EXAMPLES = int(os.environ.get("SELECTION_EXAMPLES", "100"))
TREE = AreaTree(
    [
        Area("46", "Tỉnh Quảng Nam", language="vi"),
        Area("461", "Xã Trà My", "46", language="cjm"),
        Area("4611", "Thôn Một", "461"),
        Area("462", "Xã Tam Kỳ", "46"),
        Area("48", "Thành phố Đà Nẵng"),
    ]
)
ATTRIBUTES = {"age_band": "number", "institution": "text"}
LISTS = ("hospital", "school", "visitors", "camp")
CODES = [*TREE.areas, "gone", None]
LANGUAGES = ["vi", "en", "en-US", "km", "zh-Hans", "fr", None]

profiles = st.lists(
    st.builds(
        Profile, st.just(0), st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from(LANGUAGES),
        st.fixed_dictionaries({}, optional={
            "age_band": st.sampled_from([20, 40, 60]), "institution": st.sampled_from(["a", "b"]),
        }),
    ),
    max_size=12,
)  # fmt: skip
tests = st.sampled_from(
    [
        'area under "Quảng Nam"', 'seen under "Đà Nẵng"', 'language = "vi"', "age_band >= 40", 'institution != "a"',
        'in list "hospital"', 'in list "school"', 'in list "camp"', "area is unknown",
    ]
)  # fmt: skip
filters = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=6,
)


def numbered(those: Sequence[Profile]) -> list[Profile]:
    """With gaps, as numbers of an identity have."""
    return [
        Profile(0),
        *(
            Profile(number * 3, each.area, each.seen, each.language, each.attributes)
            for number, each in enumerate(those, 1)
        ),
    ]


def plainly(
    profile: Profile, on: Mapping[str, bool], areas: Sequence[str], where: str, lists: Sequence[str]
) -> bool:
    """As the page for operators says it, of one person."""
    if any(on[name] for name in lists):
        return True
    if not areas and not where:
        return not lists
    places = [TREE.path(code) for code in (profile.area, profile.seen) if code is not None and code in TREE]
    if areas and not any(area in path for path in places for area in areas):
        return False
    return not where or parse(where, ATTRIBUTES, TREE).fits(profile, on.__getitem__)


def language(profile: Profile, languages: Sequence[str]) -> int:
    said = profile.language
    for code in (profile.area, profile.seen):
        at = code
        while said is None and at is not None and at in TREE:
            said, at = TREE.areas[at].language, TREE.areas[at].parent
    said = said or "vi"
    for form in (said, said.partition("-")[0]):
        if form in languages:
            return languages.index(form) + 1
    alike = [each for each in languages if each.partition("-")[0] == said.partition("-")[0]]
    return languages.index(alike[0]) + 1 if alike else 1


@settings(max_examples=EXAMPLES)
@given(
    those=profiles,
    areas=st.sets(st.sampled_from(list(TREE.areas)), max_size=2).map(sorted),
    where=st.one_of(st.just(""), filters),
    lists=st.sets(st.sampled_from(LISTS), max_size=2).map(sorted),
    languages=st.one_of(
        st.just([]), st.lists(st.sampled_from(["vi", "en", "km", "zh", "en-GB"]), min_size=1, unique=True)
    ),
    members=st.fixed_dictionaries({name: st.sets(st.integers(0, 99)).map(sorted) for name in LISTS}),
    data=st.data(),
)
def test_as_a_plain_look_at_each_person_says(
    those: list[Profile], areas: list[str], where: str, lists: list[str], languages: list[str],
    members: dict[str, list[int]], data: Any,
) -> None:  # fmt: skip
    known = numbered(those)
    named = Named(
        frozenset().union(*map(TREE.under, areas)), parse(where, ATTRIBUTES, TREE) if where else None, tuple(lists)
    )  # fmt: skip
    made = select(known, named, reader(TREE, languages, "vi"))
    people = data.draw(st.dictionaries(st.integers(0, 99), st.sampled_from(known), max_size=40))
    by_bit = [
        np.unique(np.array([each for name in names for each in members[name]], np.int64))
        for names in made.lists
    ]
    found: dict[int, int] = {}
    for of_class in range(1, len(made.heard)):
        numbers = [each for each, profile in people.items() if made.classes[profile.profile_no] == of_class]
        for variant, chosen in made.by_variant(of_class, np.array(sorted(numbers), np.int64), by_bit):
            assert not found.keys() & set(chosen.tolist())
            found |= dict.fromkeys(chosen.tolist(), variant)
    on = {number: {name: number in members[name] for name in LISTS} for number in people}
    assert found == {
        number: language(profile, languages) if languages else 0
        for number, profile in people.items()
        if plainly(profile, on[number], areas, where, lists)
    }


def made(
    where: str = "", areas: Sequence[str] = (), lists: tuple[str, ...] = (), *known: Profile
) -> Selection:
    named = Named(
        frozenset().union(*map(TREE.under, areas)), parse(where, ATTRIBUTES, TREE) if where else None, lists
    )  # fmt: skip
    return select(
        known or [Profile(0), Profile(1, "461"), Profile(2, "48", "4611")], named, reader(TREE, [], "vi")
    )


def test_everybody_where_nothing_is_named() -> None:
    assert Named().everybody
    found = made()
    assert found.classes == (1, 1, 1)
    assert found.heard == ((UNHEARD,), (0,))


def test_who_lives_there_or_was_seen_there_last() -> None:
    assert made(areas=["46"]).classes == (0, 1, 1)
    assert made(areas=["48"]).classes == (0, 0, 1)
    assert made('seen under "Trà My"', ["46"]).classes == (0, 0, 1)
    assert made(areas=["462"]).nobody


def test_lists_are_told_apart_where_they_decide_and_nowhere_else() -> None:
    found = made('area under "46" and not in list "hospital"')
    assert found.lists == (("hospital",),)
    assert found.classes == (0, 1, 0)
    assert found.heard == ((UNHEARD, UNHEARD), (0, UNHEARD))


def test_a_location_list_is_not_narrowed() -> None:
    found = made('in list "hospital"', ["48"], ("camp", "visitors"))
    assert found.lists == (("hospital",), ("camp", "visitors"))
    assert found.heard[found.classes[0]] == (UNHEARD, UNHEARD, 0, 0)
    assert found.heard[found.classes[2]] == (UNHEARD, 0, 0, 0)
    assert made(lists=("camp",)).heard == ((UNHEARD, UNHEARD), (UNHEARD, 0))


def test_bits() -> None:
    numbers = np.array([1, 2, 3, 9], np.int64)
    members = [np.array([2, 9], np.int64), np.array([], np.int64), np.array([1, 9, 11], np.int64)]
    assert bits(numbers, members).tolist() == [4, 1, 0, 5]
    assert bits(numbers[:0], members).tolist() == []


@pytest.mark.parametrize(
    ("said", "variant"),
    [("vi", 1), ("EN", 2), ("en-US", 2), ("zh", 3), ("zh-Hans", 3), ("zh-Hant-TW", 4), ("fr", 1), (None, 1)],
)
def test_the_nearest_language(said: str | None, variant: int) -> None:
    assert variant_of(["vi", "en", "zh-Hans", "zh-Hant-TW"])(said) == variant
