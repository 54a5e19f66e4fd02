"""Quiet hours in local time. Pure: every moment is handed in, as Unix seconds or an aware time.

What holds is the clock on the wall: an hour that a change of clocks repeats is quiet twice, one that it leaves out is
no hour at all. Between two moments at which that clock passes a span's edge, or jumps, nothing changes; so the day
is cut there, and each piece is asked once.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from broadcast.config.contact import DAY_MIN, quiet_minutes, read_span

# What leaves just before quiet hours would be delivered in them, or dropped: so the sending ends so much earlier.
LAST_S: Final = 300.0
_DAY: Final = timedelta(days=1)
_YEAR_S: Final = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Opening:
    """From when until when something may leave, and until when an SMSC may deliver it. Unix seconds; inf: for ever."""

    opens: float
    closes: float
    quiet: float


@dataclass(frozen=True)
class Hours:
    """quiet: as the configuration has it; none: every hour is allowed. zone: an IANA name."""

    quiet: tuple[str, ...]
    zone: str
    _minutes: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_minutes", quiet_minutes(self.quiet))

    def allowed(self, at: float) -> bool:
        """Whether somebody may be told at this moment."""
        local = datetime.fromtimestamp(at, ZoneInfo(self.zone))
        return 60 * local.hour + local.minute not in self._minutes

    def next_allowed(self, at: float) -> float:
        """This moment, or the first after it, at which somebody may be told."""
        return max(at, self._span(at)[0])

    def opening(self, at: float) -> Opening:
        """In which something may leave at `at`, or the first after it."""
        opens, ends = self._span(at)
        closes = ends - min(LAST_S, (ends - opens) / 2) if ends < math.inf else ends
        if at >= closes:
            opens, ends = self._span(ends)
            closes = ends - min(LAST_S, (ends - opens) / 2)
        return Opening(opens, closes, ends)

    def may_leave(self, at: float) -> bool:
        """Whether something may be sent at this moment: allowed, and not so shortly before quiet hours."""
        found = self.opening(at)
        return found.opens <= at < found.closes

    def after(self, start: float, seconds: float) -> float:
        """The moment when so many seconds of sending are over that began at `start`, or as soon after it as may be."""
        if not self._minutes:
            return start + seconds
        if seconds > _YEAR_S:  # no alert takes so long: about as long
            return start + seconds * DAY_MIN / (DAY_MIN - len(self._minutes))
        at, left = start, seconds
        while True:
            found = self.opening(at)
            at = max(at, found.opens)
            if left <= found.closes - at:
                return at + left
            left -= found.closes - at
            at = found.closes

    def _span(self, at: float) -> tuple[float, float]:
        """Of allowed time, in which `at` lies, or the first after it."""
        if not self._minutes:
            return -math.inf, math.inf
        edges = self._edges(at)
        found = bisect_right(edges, at) - 1
        while not self.allowed(edges[found]):
            found += 1
            if found == len(edges):
                at = edges[-1]
                edges = self._edges(at)
                found = bisect_right(edges, at) - 1
        first = last = found
        while first and self.allowed(edges[first - 1]):
            first -= 1
        while last < len(edges) and self.allowed(edges[last]):
            last += 1
        return edges[first], edges[min(last, len(edges) - 1)]

    def _edges(self, at: float) -> tuple[float, ...]:
        """Moments from at least a day before to two days behind, between which nothing changes."""
        day = datetime.fromtimestamp(at, ZoneInfo(self.zone)).date()
        return _edges_of(self.quiet, self.zone, day)


@lru_cache(maxsize=256)
def _edges_of(quiet: tuple[str, ...], zone: str, day: date) -> tuple[float, ...]:
    local, found = ZoneInfo(zone), set[float]()
    minutes = {0, *(edge % DAY_MIN for span in filter(None, map(read_span, quiet)) for edge in span)}
    for behind in range(-2, 4):
        each = day + behind * _DAY
        for minute in minutes:
            for fold in (0, 1):
                shown = datetime.combine(each, time(minute // 60, minute % 60, fold=fold), local)
                found.add(shown.timestamp())
        found.update(_jumps(each, zone))
    return tuple(sorted(found))


@lru_cache(maxsize=1024)
def _jumps(day: date, zone: str) -> tuple[float, ...]:
    """Moments of a local day, and some hours around it, at which the zone's distance to UTC changes."""
    local, found = ZoneInfo(zone), []
    start = int(datetime.combine(day, time(), UTC).timestamp()) - 15 * 3600

    def distance(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, local).utcoffset()

    for at in range(start, start + 54 * 3600, 3 * 3600):
        low, high = at, at + 3 * 3600
        if distance(low) == distance(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if distance(middle) == distance(low) else (low, middle)
        found.append(float(high))
    return tuple(found)
