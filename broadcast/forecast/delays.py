"""How soon a carrier's receipts said that a message was there, and of how many: few numbers for millions. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from broadcast.forecast.curve import F64, Curve

LONGEST_S: Final = 86_400
ENOUGH: Final = 200_000  # recipients say how it is; the newest campaigns that have so many are asked
_FINE_S: Final = 20
_GROWTH: Final = 1.12


def _edges() -> list[int]:
    edges = list(range(_FINE_S))
    edge = float(_FINE_S)
    while edge < LONGEST_S:
        edges.append(round(edge))
        edge *= _GROWTH
    return [*edges, LONGEST_S]


_EDGES: Final = _edges()
_SPANS: Final = dict(pairwise([*_EDGES, LONGEST_S + 1]))


@dataclass(frozen=True, slots=True)
class Delays:
    """Of one carrier. known: recipients whose end is known. within: seconds from the acceptance, the lower edge of a
    span up to the next one, -> recipients whose telephone had it then."""

    known: int = 0
    within: Mapping[int, int] = field(default_factory=dict)

    @property
    def delivered(self) -> int:
        return sum(self.within.values())

    @property
    def reach(self) -> float | None:
        """The share that gets it at all; None: nobody knows."""
        return self.delivered / self.known if self.known else None

    def within_s(self, share: float) -> float:
        """Seconds in which so much of those that get it have it; evenly within a span. There is somebody."""
        wanted, before = share * self.delivered, 0.0
        for start, count in sorted(self.within.items()):
            if before + count >= wanted:
                return start + (_SPANS.get(start, start + 1) - start) * (wanted - before) / count
            before += count
        raise ValueError("nobody had it")

    def document(self) -> dict[str, int]:
        """`within`, for JSON."""
        return {str(edge): count for edge, count in sorted(self.within.items())}

    @classmethod
    def read(cls, known: int, document: Mapping[str, int]) -> "Delays":
        return cls(known, {int(edge): count for edge, count in document.items()})


def of_seconds(known: int, seconds: Mapping[int, int]) -> Delays:
    """seconds: whole ones, rounded down -> recipients."""
    within: Counter[int] = Counter()
    for delay, count in seconds.items():
        within[_EDGES[bisect_right(_EDGES, min(max(0, delay), LONGEST_S)) - 1]] += count
    return Delays(known, within)


def together(newest_first: Iterable[Delays]) -> Delays:
    """As many of them as are enough to say how it is."""
    known, within = 0, Counter[int]()
    for each in newest_first:
        if known >= ENOUGH:
            break
        known += each.known
        within.update(each.within)
    return Delays(known, within)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What had reached telephones by when: of what was sent, the share that does, after its delay. starts, ends: of the
    spans, in which arrivals are even; shares: of each, in all `reach`."""

    sent: Curve
    starts: F64
    ends: F64
    shares: F64

    @classmethod
    def of(cls, sent: Curve, delays: Delays) -> "Arrivals":
        starts = sorted(delays.within)
        counts = np.array([delays.within[start] for start in starts], np.float64)
        return cls(
            sent,
            np.array(starts, np.float64),
            np.array([_SPANS.get(start, start + 1) for start in starts], np.float64),
            counts / max(1, delays.known),
        )

    @property
    def whole(self) -> float:
        return self.sent.whole * float(self.shares.sum())

    @property
    def end_s(self) -> float:
        return self.sent.end_s + (float(self.ends[-1]) if len(self.ends) else 0.0)

    def by(self, seconds: Any) -> F64:
        """The amounts by these moments."""
        each = np.asarray(seconds, np.float64)[..., None]
        areas = self.sent.area(each - self.starts) - self.sent.area(each - self.ends)
        found: F64 = np.sum(self.shares * areas / (self.ends - self.starts), axis=-1)
        return found


def arrived(lanes: Sequence[Arrivals], seconds: Any) -> F64:
    """At all carriers together."""
    found: F64 = np.sum([each.by(seconds) for each in lanes], axis=0)
    return found
