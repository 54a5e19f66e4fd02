"""How much had happened by when, as lines from point to point, and when a share of it had. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_ROUNDS: Final = 5
_POINTS: Final = 32


@dataclass(frozen=True, slots=True)
class Curve:
    """at_s: seconds, growing; amount: by then, never falling, the first 0. Before the first it is 0, after the last it
    stays."""

    at_s: F64
    amount: F64

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> "Curve":
        """points: seconds and amount, in order."""
        seconds, amounts = zip(*points, strict=True)
        return cls(np.array(seconds, np.float64), np.array(amounts, np.float64))

    @property
    def whole(self) -> float:
        return float(self.amount[-1])

    @property
    def end_s(self) -> float:
        """When the last of it had happened."""
        return float(self.at_s[np.searchsorted(self.amount, self.whole)])

    def scaled(self, factor: float) -> "Curve":
        return Curve(self.at_s, self.amount * factor)

    def by(self, seconds: Any) -> F64:
        """The amounts by these moments."""
        found: F64 = np.interp(seconds, self.at_s, self.amount)
        return found

    def area(self, seconds: Any) -> F64:
        """Under the curve, up to each of these moments."""
        until = np.maximum(np.asarray(seconds, np.float64), self.at_s[0])
        widths = np.diff(self.at_s)
        sums = np.concatenate([[0.0], np.cumsum(widths * (self.amount[1:] + self.amount[:-1]) / 2)])
        place = np.searchsorted(self.at_s, until, side="right") - 1
        over = until - self.at_s[place]
        found: F64 = sums[place] + over * (self.amount[place] + self.by(until)) / 2
        return found


def moment(reached: Callable[[F64], F64], wanted: float, latest_s: float) -> float:
    """The first second, up to latest_s, by which so much was reached, to a millionth of it. reached: never falls; asked
    for many moments at once, which costs hardly more than one."""
    low, high = 0.0, latest_s
    for _ in range(_ROUNDS):
        points = np.linspace(low, high, _POINTS + 1)
        place = min(max(int(np.searchsorted(reached(points), wanted)), 1), _POINTS)
        low, high = float(points[place - 1]), float(points[place])
    return high


def summed(curves: Sequence[Curve]) -> Curve:
    """All of them together."""
    at_s = np.unique(np.concatenate([[0.0], *(each.at_s for each in curves)]))
    return Curve(at_s, sum((each.by(at_s) for each in curves), np.zeros(len(at_s))))
