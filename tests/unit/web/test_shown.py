"""What the board says of figures: never better than they are."""

from hypothesis import given
from hypothesis import strategies as st
from unit.web.documents import NOBODY

from broadcast.web.shown import GROUPS, groups, left, percent, reach_class, sent_to, tenths

COUNTS = st.integers(0, 200_000_000)


@given(COUNTS, COUNTS)
def test_a_share_is_never_too_good(part: int, whole: int) -> None:
    share = tenths(part, whole)
    assert 0 <= share <= 100
    assert (share == 100) == (0 < whole <= part)
    assert (share == 0) == (part == 0 or whole == 0)
    assert whole == 0 or share <= max(0.1, 100 * part / whole)


def test_shares_in_words(vietnamese: None) -> None:
    assert percent(823, 1000) == "82,3 %"
    assert (percent(999_999, 1_000_000), percent(1, 10**9)) == ("99,9 %", "0,1 %")
    assert (percent(5, 5), percent(0, 5), percent(0, 0)) == ("100 %", "0 %", "-")


@given(st.fixed_dictionaries(dict.fromkeys(NOBODY, COUNTS)))
def test_a_bar_has_everybody_once(states: dict[str, int]) -> None:
    parts = groups(states)
    assert sum(each.people for each in parts) == sent_to(states)
    assert len(parts) == len(GROUPS)
    end = 0.0
    for each in parts:
        assert abs(each.start - end) < 0.1
        end = each.start + each.share
    assert end <= 100.1


@given(st.fixed_dictionaries(dict.fromkeys(NOBODY, COUNTS)), st.integers(1, 10**8))
def test_a_bar_is_never_full_where_nobody_knows_of_some(states: dict[str, int], unseen: int) -> None:
    last = groups(states, unseen)[-1]
    whole = sent_to(states) + unseen
    assert abs(last.start + last.share - 100 * (whole - unseen) / whole) < 0.1


def test_every_state_but_those_left_out_stands_in_one_group() -> None:
    assert sorted(sum(GROUPS.values(), ())) == sorted(set(NOBODY) - {"excluded"})


def test_time_left_is_calm_until_it_matters() -> None:
    said = {0: "none", 59.9: "59 s", 119: "119 s", 120: "2 min", 3599: "59 min", 3600: "1 h 0 min"}
    said |= {5999: "1 h 39 min", 86_399: "23 h 59 min", 86_400: "1 d 0 h", 200_000: "2 d 7 h", -5: "none"}
    assert {seconds: left(seconds) for seconds in said} == said


def test_five_shades_and_one_for_everybody() -> None:
    assert [reach_class(each, 1000) for each in (0, 199, 200, 999, 1000)] == ["r0", "r0", "r1", "r4", "r5"]
