"""How many people an alert's areas are, and how many of them are outside, against a count person by person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.areas.tree import Area, AreaTree
from broadcast.audience.profiles import Profile
from broadcast.forecast.reach import reached

TREE = AreaTree(
    [
        Area("1", "One", census=1000),
        Area("11", "Oneone", "1", census=400),
        Area("12", "Onetwo", "1"),
        Area("2", "Two"),
        Area("21", "Twoone", "2", census=70),
        Area("22", "Twotwo", "2", census=30),
    ]
)
SHARES = {"11": 1.0, "12": 0.25, "21": 0.0}
PLACES = st.sampled_from([None, *TREE.areas, "gone"])


@given(
    st.lists(st.tuples(PLACES, PLACES, st.integers(1, 9)), max_size=12),
    st.sets(st.sampled_from(sorted(TREE.areas))),
    st.booleans(),
)
def test_counts_are_those_of_people_one_by_one(
    kinds: list[tuple[str | None, str | None, int]], chosen: set[str], shaped: bool
) -> None:
    profiles = [(Profile(number, home, seen), count) for number, (home, seen, count) in enumerate(kinds, 1)]
    found = reached(TREE, profiles, tuple(sorted(chosen)), SHARES.get if shaped else None)
    everybody = [(home, seen) for home, seen, count in kinds for _ in range(count)]

    def lives(places: tuple[str | None, str | None], code: str) -> bool:
        return any(each in TREE and code in TREE.path(each) for each in places if each is not None)

    heard = [each for each in everybody if not chosen or any(lives(each, code) for code in chosen)]
    assert found.people == len(heard)
    for area in found.areas:
        assert area.people == sum(lives(each, area.code) for each in heard)
    shares = [max((SHARES[e] for e in each if e in SHARES), default=None) for each in heard]
    told = (found.outside, found.unmapped, found.perhaps)
    if shaped:
        expected = sum(1 - share for share in shares if share)
        assert told == (shares.count(0.0), shares.count(None), pytest.approx(expected))
    else:
        assert told == (0, 0, 0)
    vague = [
        each
        for each in everybody
        if each not in heard and any(e in TREE.path(code) for e in each if e is not None for code in chosen)
    ]
    assert found.vague == len(vague)


@pytest.mark.parametrize(
    ("codes", "census", "uncounted"),
    [(("1",), 1000, 0), (("11", "12"), 400, 1), (("2",), 100, 0), (("12",), None, 1), ((), None, 0)],
)
def test_the_census_is_an_areas_own_or_that_of_all_below(
    codes: tuple[str, ...], census: int | None, uncounted: int
) -> None:
    found = reached(TREE, [], codes, None)
    assert (found.census, found.uncounted) == (census, uncounted)
