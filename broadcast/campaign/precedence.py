"""Several alerts at one carrier: which goes first, and what share of the TPS each has. Pure.

1. An actual emergency goes before everything that is none, whatever the priorities say; the rest by priority.
2. Only those have a share that have somebody to send to now; what they leave goes on to the next at once.
3. Who goes first has all of it. Where several are equal, they share by weight, each at least what it reserved.
4. What a lower one reserved it has beside a higher one too, RESERVED_MOST for all of them together at the most; but
   beside an emergency only another emergency has that.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from broadcast.campaign.content import Category, Status
from broadcast.campaign.plan import NOTHING_SAID, Plan

RESERVED_MOST: Final = 50  # percent of the TPS, for all that are lower together

Rank = tuple[int, int]
"""Lower goes first, equal ones share: 0 for an actual emergency, else 1; and the priority, negative."""


def rank(category: Category, status: Status, priority: int) -> Rank:
    """Where an alert stands. An exercise of an emergency is not one: it must not halve a real one's TPS."""
    return (0 if category == "emergency" and status == "actual" else 1, -priority)


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert that has somebody to send to at a carrier. weight, reserve: as of Plan."""

    rank: Rank
    weight: int = 1
    reserve: int = 0


def claim(category: Category, status: Status, priority: int, plan: Plan = NOTHING_SAID) -> Claim:
    """That of an alert."""
    return Claim(rank(category, status, priority), plan.weight, plan.reserve)


@lru_cache(maxsize=256)
def shares(claims: tuple[Claim, ...]) -> tuple[Fraction, ...]:
    """What of a carrier's TPS each of these has while all of them have somebody to send to: 1 in all, 0 for who waits
    until it is others' turn no more. In the order of `claims`."""
    if not claims:
        return ()
    first = min(each.rank for each in claims)
    lower = {
        place: Fraction(each.reserve, 100)
        for place, each in enumerate(claims)
        if each.reserve and each.rank > first and each.rank[0] == first[0]
    }
    most = Fraction(RESERVED_MOST, 100)
    reserved = sum(lower.values(), Fraction())
    if reserved > most:
        lower = {place: share * most / reserved for place, share in lower.items()}
    equals = {place: each for place, each in enumerate(claims) if each.rank == first}
    found = {**lower, **_among_equals(equals, 1 - min(reserved, most))}
    return tuple(found.get(place, Fraction()) for place in range(len(claims)))


def _among_equals(claims: dict[int, Claim], whole: Fraction) -> dict[int, Fraction]:
    """`whole` by weight, but nobody gets less than it reserved; where that is too much, all of these in proportion."""
    wanted = sum(Fraction(each.reserve, 100) for each in claims.values())
    least = {
        place: Fraction(each.reserve, 100) * min(Fraction(1), whole / wanted) if wanted else Fraction()
        for place, each in claims.items()
    }
    fixed: dict[int, Fraction] = {}
    while True:
        free = {place: each.weight for place, each in claims.items() if place not in fixed}
        left, weights = whole - sum(fixed.values(), Fraction()), sum(free.values())
        by_weight = {place: left * weight / weights for place, weight in free.items()}
        short = {place: least[place] for place, share in by_weight.items() if share < least[place]}
        if not short:
            return {**fixed, **by_weight}
        fixed |= short
