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
    """people_per_hour: 1 at least."""

    people_per_hour: int

    @property
    def slots(self) -> int:
        """Of an hour."""
        return min(_SLOTS, self.people_per_hour)

    @property
    def slot_people(self) -> int:
        """At most, of one slot: a slice is to have no more."""
        return self.people_per_hour // self.slots

    @property
    def slot_s(self) -> float:
        return _HOUR_S / self.slots


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


def seconds_for(people: int, pace: Pace) -> float:
    """Of allowed time until the last of them is let go, if the first is at once."""
    return max(0, -(-people // pace.slot_people) - 1) * pace.slot_s
