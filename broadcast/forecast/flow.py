"""What alerts send at one carrier, second by second, as water through a pipe of its TPS. Pure.

Who goes first, and how equal ones share, is as for the workers (campaign/precedence.py). Between two events (one is
done, begins, expires, its hours begin or end) every rate is constant, so the course is exact, and as long as its
events, whatever the audience.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from broadcast.campaign import precedence
from broadcast.campaign.precedence import Claim
from broadcast.forecast.curve import Curve

ALONE: Final = Claim((1, 0))
_NONE_LEFT: Final = 1e-9  # of what there was


@dataclass(frozen=True, slots=True)
class Flow:
    """What one alert has left for one carrier. Seconds from the beginning of the course.

    segments: left. claim: which goes first, and what share it has. most_per_s: segments, as many as its callers allow.
    until_s: its expiry. quiet: when it may not be sent, in order.
    """

    segments: float
    claim: Claim = ALONE
    most_per_s: float = math.inf
    from_s: float = 0.0
    until_s: float = math.inf
    quiet: tuple[tuple[float, float], ...] = ()

    def sends(self, at_s: float) -> bool:
        """Whether it may be sent from this moment on."""
        return self.from_s <= at_s < self.until_s and not any(
            start <= at_s < end for start, end in self.quiet
        )

    def turns(self) -> list[float]:
        """When that changes."""
        return [self.from_s, self.until_s, *(edge for span in self.quiet for edge in span)]


def people_pace(people_per_hour: int | None, segments: float, everybody: int) -> float:
    """Segments per second of a carrier that has so many segments of an alert: each carrier has its part of the people
    of an hour. everybody: at all carriers."""
    if people_per_hour is None or not everybody or not segments:
        return math.inf
    return people_per_hour / 3600 * segments / everybody


def course(flows: Sequence[Flow], tps: float) -> list[Curve]:
    """Segments of each by when, in their order; none is sent of one that cannot be before its expiry."""
    state = _State(flows)
    turns = sorted({edge for each in flows for edge in each.turns() if 0 < edge < math.inf})
    while state.left:
        rates = shares(
            {number: flows[number] for number in state.left if flows[number].sends(state.at_s)}, tps
        )
        turn = next((edge for edge in turns if edge > state.at_s), math.inf)
        end_s = min(
            [turn, *(state.at_s + state.left[number] / rate for number, rate in rates.items() if rate > 0)]
        )
        if math.isinf(end_s):
            break
        state.to(end_s, rates)
    return [Curve.through(points) for points in state.points]


def shares(flows: Mapping[int, Flow], tps: float) -> dict[int, float]:
    """Segments per second for each of those that may be sent now: as the workers share the TPS, and what somebody's
    callers do not allow is the others'."""
    found: dict[int, float] = {}
    free, left = dict(flows), tps
    while free:
        parts = precedence.shares(tuple(each.claim for each in free.values()))
        rates = {number: float(part) * left for number, part in zip(free, parts, strict=True)}
        held = {number: free[number].most_per_s for number in free if rates[number] > free[number].most_per_s}
        if not held:
            return found | rates
        found |= held
        left -= sum(held.values())
        free = {number: each for number, each in free.items() if number not in held}
    return found


@dataclass(slots=True)
class _State:
    """Of a course. left: number of a flow -> segments; points: of each curve."""

    flows: Sequence[Flow]
    at_s: float = 0.0
    left: dict[int, float] = field(init=False)
    points: list[list[tuple[float, float]]] = field(init=False)

    def __post_init__(self) -> None:
        self.left = {number: each.segments for number, each in enumerate(self.flows) if each.segments > 0}
        self.points = [[(0.0, 0.0)] for _ in self.flows]

    def to(self, end_s: float, rates: Mapping[int, float]) -> None:
        for number in list(self.left):
            whole, left = self.flows[number].segments, self.left[number]
            left -= rates.get(number, 0.0) * (end_s - self.at_s)
            self.left[number] = left
            if left <= whole * _NONE_LEFT:
                del self.left[number]
                left = 0.0
            if end_s > self.at_s:
                self.points[number].append((end_s, whole - left))
        self.at_s = end_s
