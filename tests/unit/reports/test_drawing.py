"""Ticks are round and few, looks are told apart, a legend has room."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from broadcast.reports.drawing import Scale, count_ticks, look, places_of, rows_of, time_ticks


@given(st.floats(0.001, 1e9), st.integers(3, 10))
def test_ticks_of_counts_go_beyond_the_highest(highest: float, most: int) -> None:
    ticks = count_ticks(highest, most)
    assert ticks[0] == 0
    assert ticks[-2] < highest <= ticks[-1]
    assert len(ticks) <= most + 2
    assert f"{ticks[1]:e}"[0] in "125"


def test_ticks_of_nothing() -> None:
    assert count_ticks(0, 6) == [0]


@given(st.floats(0.1, 10**7), st.integers(2, 10))
def test_ticks_of_time_are_few_and_within(last_s: float, most: int) -> None:
    ticks = time_ticks(last_s, most)
    assert ticks[0] == 0 and ticks[-1] <= last_s
    assert len(ticks) <= most + 1
    assert len({later - sooner for sooner, later in pairwise(ticks)}) <= 1


def test_round_ticks_of_time() -> None:
    assert time_ticks(2_400, 8) == [0, 300, 600, 900, 1_200, 1_500, 1_800, 2_100, 2_400]
    assert time_ticks(50, 4) == [0, 15, 30, 45]
    assert time_ticks(3 * 86_400, 2) == [0, 172_800]


def test_lines_of_any_nation_are_told_apart_without_colour() -> None:
    """In dash and mark, of six; in black and white of seven and more by one of them with the colour's shade."""
    looks = [look(number) for number in range(42)]
    for one, other in combinations(looks[:6], 2):
        assert one.dash != other.dash and one.mark != other.mark
    assert len({(each.colour, each.dash) for each in looks}) == 42


@given(
    st.lists(st.text("abcw", min_size=1, max_size=20), min_size=1, max_size=12), st.sampled_from([380, 860])
)
def test_names_of_a_legend_lie_beside_or_below_each_other(names: list[str], width: int) -> None:
    rows, places = rows_of(names, width), places_of(names, width, 10)
    assert [number for row in rows for number in row] == list(range(len(names)))
    for row in rows:
        for before, after in pairwise(row):
            assert places[after][0] - places[before][0] > 34 + 7 * len(names[before])
    assert len({y for _x, y in places}) == len(rows)


def test_a_scale_of_one_value_stays_in_place() -> None:
    assert Scale(0, 0, 10, 90).at(0) == 10
    assert Scale(0, 4, 90, 10).at(1) == 70
