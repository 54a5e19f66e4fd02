"""Several alerts at one carrier: which goes first, and what share of the TPS each has. Pure.

1. An actual emergency goes before everything that is none, whatever the priorities say; the rest by priority.
2. Only those have a share that have somebody to send to now; what they leave goes on to the next at once.
3. Who goes first has all of it; where several are equal, they share by weight.
4. What one reserved it has at least, among equals and beside a higher one; all reserves together are RESERVED_MOST of
   the TPS at the most, in proportion where more was said. Beside an emergency only another emergency has that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from broadcast.campaign.content import Category, Status
from broadcast.campaign.plan import NOTHING_SAID, Plan, check

RESERVED_MOST: Final = 50  # percent of the TPS, of all together

EMERGENCY: Final = 0
Rank = tuple[int, int]
"""Lower goes first, equal ones share: EMERGENCY for an actual one, else 1; and the priority, negative."""


def rank(category: Category, status: Status, priority: int) -> Rank:
    """Where an alert stands. An exercise of an emergency is not one: it must not halve a real one's TPS."""
    return (EMERGENCY if category == "emergency" and status == "actual" else 1, -priority)


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert that has somebody to send to at a carrier. weight, reserve: as of Plan."""

    rank: Rank
    weight: int = 1
    reserve: int = 0


def claim(category: Category, status: Status, priority: int, plan: Plan = NOTHING_SAID) -> Claim:
    """That of an alert. Raises InputError for a plan that somebody wrote past `check`."""
    check(plan)
    return Claim(rank(category, status, priority), plan.weight, plan.reserve)


@lru_cache(maxsize=256)
def shares(claims: tuple[Claim, ...]) -> tuple[Fraction, ...]:
    """What of a carrier's TPS each of these has while all of them have somebody to send to: 1 in all, 0 for who waits
    until it is others' turn no more. In the order of `claims`."""
    if not claims:
        return ()
    first = min(each.rank for each in claims)
    reserves = {
        place: Fraction(each.reserve, 100)
        for place, each in enumerate(claims)
        if each.reserve and each.rank[0] == first[0]
    }
    most = Fraction(RESERVED_MOST, 100)
    if (reserved := sum(reserves.values())) > most:
        reserves = {place: share * most / reserved for place, share in reserves.items()}
    equals = {place: each.weight for place, each in enumerate(claims) if each.rank == first}
    found = {place: share for place, share in reserves.items() if place not in equals}
    found |= _among_equals(equals, reserves, 1 - sum(found.values()))
    return tuple(found.get(place, Fraction()) for place in range(len(claims)))


def _among_equals(
    weights: Mapping[int, int], least: Mapping[int, Fraction], whole: Fraction | int
) -> dict[int, Fraction]:
    """`whole` by weight, but nobody gets less than `least`, which is less in all."""
    fixed: dict[int, Fraction] = {}
    while True:
        free = {place: weight for place, weight in weights.items() if place not in fixed}
        left, total = whole - sum(fixed.values()), sum(free.values())
        by_weight = {place: Fraction(left * weight, total) for place, weight in free.items()}
        short = {place: least[place] for place, share in by_weight.items() if share < least.get(place, 0)}
        if not short:
            return {**fixed, **by_weight}
        fixed |= short
