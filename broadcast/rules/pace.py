"""How fast people are let go so that a hotline can take who calls. Pure.

Slots on a grid: each lets go at most its part of an hour's people, so that no hour, whenever it begins, has more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final

from broadcast.rules.hours import Hours

_SLOTS: Final = 60  # an hour: calls are to come evenly
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """people_per_hour: no fewer than `slice_people`, which a slice may have, 1 at least."""

    people_per_hour: int
    slice_people: int = 1

    @property
    def slot_people(self) -> int:
        """At most, of one slot."""
        return max(self.slice_people, self.people_per_hour // _SLOTS)

    @property
    def slot_s(self) -> float:
        """From one slot to the next: an hour has no more people than it may have, whenever it begins."""
        return _HOUR_S / (self.people_per_hour // self.slot_people)


def people_per_hour(callers_per_hour: int, callers_share: float) -> int:
    """How many may be told in an hour if this share of them calls. At least one."""
    return max(1, floor(Fraction(callers_per_hour) / Fraction(str(callers_share))))


def slots(pace: Pace, hours: Hours, start: float) -> Iterator[float]:
    """The moments of its slots from `start` on, in hours in which something may leave. For ever."""
    at = start
    while True:
        opening = hours.opening(at)
        at = max(at, opening.opens)
        yield at
        at += pace.slot_s


def shares(people: Sequence[int], per_hour: int) -> tuple[int, list[int]]:
    """Of several ledgers with so many people: what a slice may have, and how many people an hour each lets go: per_hour
    at most, together. Raises ValueError where each cannot have one."""
    most = max(1, per_hour // (_SLOTS * len(people)))
    if most * len(people) > per_hour:
        raise ValueError("fewer people an hour than ledgers")
    found = [max(most, per_hour * each // max(1, sum(people))) for each in people]
    while (over := sum(found) - per_hour) > 0:
        largest = found.index(max(found))
        found[largest] -= min(over, found[largest] - most)
    return most, found


def slice_people(ledgers: int, per_hour: int) -> int:
    """What a slice may have, before anybody knows how many people each ledger has."""
    return shares([0] * ledgers, per_hour)[0]


def spread(
    totals: Sequence[int], not_before: Sequence[float], pace: Pace, hours: Hours, start: float
) -> list[float]:
    """When each slice is let go: in their order where they may, each slot filled before the next. -inf in not_before:
    at any time. totals: people of each, at most a slot's."""
    order = sorted(range(len(totals)), key=lambda each: (not_before[each], each))
    found = [0.0] * len(totals)
    grid = slots(pace, hours, start)
    at, left = next(grid), pace.slot_people
    for each in order:
        while totals[each] > left or at < not_before[each]:
            at, left = next(grid), pace.slot_people
        found[each] = at
        left -= totals[each]
    return found
