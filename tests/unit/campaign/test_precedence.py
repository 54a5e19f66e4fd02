"""Which alert goes first at a carrier, and what of its TPS each has."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.campaign.plan import Plan
from broadcast.campaign.precedence import RESERVED_MOST, Claim, claim, rank, shares
from broadcast.errors import InputError

EMERGENCY, HIGH, LOW = (0, -9), (1, -7), (1, -1)

CLAIMS = st.lists(
    st.builds(
        Claim,
        st.tuples(st.integers(0, 1), st.integers(-9, 0)),
        st.integers(1, 100),
        st.integers(0, 50),
    ),
    min_size=1,
    max_size=6,
)


def in_percent(*claims: Claim) -> list[int]:
    return [round(100 * share) for share in shares(claims)]


def test_an_actual_emergency_goes_before_whatever_has_a_higher_priority() -> None:
    assert rank("emergency", "actual", 3) < rank("health", "actual", 9)
    assert rank("emergency", "actual", 9) < rank("emergency", "actual", 8)
    assert rank("emergency", "actual", 0) < rank("emergency", "exercise", 9)
    assert rank("health", "actual", 5) < rank("routine", "actual", 1)
    assert claim("health", "actual", 5, Plan(weight=3, reserve=10)) == Claim((1, -5), 3, 10)


@pytest.mark.parametrize("plan", [Plan(weight=0), Plan(weight=101), Plan(reserve=-1), Plan(reserve=51)])
def test_a_plan_that_means_nothing_sends_nothing(plan: Plan) -> None:
    """Whoever wrote it past the options."""
    with pytest.raises(InputError):
        claim("health", "actual", 5, plan)


@pytest.mark.parametrize(
    ("claims", "having"),
    [
        ([], []),
        ([Claim(LOW)], [100]),
        ([Claim(LOW), Claim(HIGH)], [0, 100]),
        ([Claim(HIGH), Claim(HIGH)], [50, 50]),
        ([Claim(HIGH, 3), Claim(HIGH), Claim(LOW)], [75, 25, 0]),
        ([Claim(HIGH), Claim(LOW, 1, 20)], [80, 20]),
        ([Claim(EMERGENCY), Claim(HIGH, 9, 50), Claim(LOW, 1, 50)], [100, 0, 0]),
        ([Claim((0, -9)), Claim((0, -8), 1, 20)], [80, 20]),
        ([Claim(HIGH, 1, 40), Claim(HIGH, 9)], [40, 60]),
        ([Claim(HIGH, 9, 40), Claim(HIGH, 1)], [90, 10]),
        ([Claim(HIGH, 1, 50), Claim(HIGH, 1, 50), Claim(HIGH, 1, 50)], [33, 33, 33]),
        ([Claim(HIGH), Claim(LOW, 1, 40), Claim((1, -2), 1, 40)], [50, 25, 25]),
        ([Claim(HIGH, 1, 50), Claim(HIGH, 9, 50), Claim(LOW, 1, 50)], [17, 67, 17]),
        ([Claim(HIGH, 1, 50), Claim(HIGH, 1, 50), Claim(HIGH, 1)], [33, 33, 33]),
        ([Claim(HIGH, 1, 50), Claim(HIGH, 1, 50), Claim(HIGH, 98)], [25, 25, 50]),
    ],
)
def test_shares(claims: list[Claim], having: list[int]) -> None:
    assert in_percent(*claims) == having


@settings(deadline=None)
@given(CLAIMS)
def test_the_shares_are_the_whole_and_nobody_waits_for_who_is_lower(claims: list[Claim]) -> None:
    found = shares(tuple(claims))
    first = min(each.rank for each in claims)
    assert sum(found) == 1
    assert all(
        share > 0 for each, share in zip(claims, found, strict=True) if each.rank == first
    )  # starved is nobody of them
    lower = [share for each, share in zip(claims, found, strict=True) if each.rank > first]
    assert sum(lower) <= Fraction(RESERVED_MOST, 100)
    for each, share in zip(claims, found, strict=True):
        reserves = each.rank == first or (each.rank[0] == first[0] and each.reserve)
        assert bool(share) == bool(reserves)


@settings(deadline=None)
@given(CLAIMS)
def test_what_is_reserved_is_had_where_there_is_so_much(claims: list[Claim]) -> None:
    first = min(each.rank for each in claims)
    counted = [each for each in claims if each.rank[0] == first[0]]
    scale = min(Fraction(1), Fraction(RESERVED_MOST, sum(each.reserve for each in counted) or 1))
    for each, share in zip(claims, shares(tuple(claims)), strict=True):
        if each in counted:
            assert share >= Fraction(each.reserve, 100) * scale


@settings(deadline=None)
@given(CLAIMS)
def test_without_reserves_equals_share_by_weight_alone(claims: list[Claim]) -> None:
    plain = tuple(Claim(each.rank, each.weight) for each in claims)
    first = min(each.rank for each in claims)
    weights = sum(each.weight for each in claims if each.rank == first)
    for each, share in zip(plain, shares(plain), strict=True):
        assert share == (Fraction(each.weight, weights) if each.rank == first else 0)
