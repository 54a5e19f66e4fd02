"""How far an alert was at each moment, and when and why it stood: as seen, behind what was read of before. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from broadcast.diagnosis.finding import Code, Finding
from broadcast.web.document import CURVE_MOST, Pause, Point

# Findings by which an alert, or a carrier's part of it, stands.
STOPS: Final = frozenset({
    Code.NO_WORKER, Code.NOT_HELD, Code.BINDS_DOWN, Code.NO_GRANT, Code.CANNOT_SEND, Code.NO_SLICES, Code.QUIET,
    Code.CAPPED, Code.GIVES_WAY,
})  # fmt: skip
PAUSES_MOST: Final = 100
_PEOPLE: Final[Mapping[str, str]] = {
    "paused": "paused",
    "first share asks": "first_share_asks",
    "first share failed": "first_share_failed",
}
_FORGIVEN_S: Final = 10.0  # a stop that comes back so soon is one


def seen(curve: Sequence[Point], point: Point) -> tuple[Point, ...]:
    """With one more, which is later; where nothing has changed the last one moves. CURVE_MOST at most: every second
    one goes when there are more, so that the steps double as an alert lasts."""
    kept = list(curve)
    if len(kept) > 1 and _same(kept[-1], point) and _same(kept[-2], point):
        kept.pop()
    kept.append(point)
    if len(kept) > CURVE_MOST:
        kept = [*kept[:-1:2], kept[-1]]
    return tuple(kept)


def joined(before: Sequence[Point], after: Sequence[Point]) -> tuple[Point, ...]:
    """before: of what was read of people; after: as it was seen, which is exact, and counts from its first on. Never
    fewer than before: a share of the people is told as if it were all."""
    if not after:
        return tuple(before)
    first = after[0]
    old = [
        Point(each.at, min(each.sent, first.sent), min(each.delivered, first.delivered))
        for each in before
        if each.at < first.at
    ]
    return (*old, *after)


def of_people(
    sent: Mapping[int, int], delivered: Mapping[int, int], launched_at: datetime, step_s: float, times: float
) -> tuple[Point, ...]:
    """sent, delivered: people of some, by the step in which it happened. times: how many all are for each of them."""
    steps = sorted({-1, *sent, *delivered})
    points, so_far, there = [], 0, 0
    for step in steps:
        so_far += sent.get(step, 0)
        there += delivered.get(step, 0)
        at = launched_at + timedelta(seconds=max(0.0, (step + 1) * step_s))
        points.append(Point(at, round(so_far * times), round(there * times)))
    while len(points) > CURVE_MOST:
        points = [*points[:-1:2], points[-1]]
    return tuple(points)


def ordered(events: Iterable[tuple[datetime, str]], launched_at: datetime) -> tuple[Pause, ...]:
    """By people, and by a first share. events: when and which, in order."""
    found, since, why = list[Pause](), None, ""
    for at, event in events:
        if event.startswith("first share"):
            found.append(Pause(launched_at, at, "first_share"))
        if event in _PEOPLE:
            since, why = since or at, _PEOPLE[event]
        elif event == "resumed" and since is not None:
            found.append(Pause(since, at, why))
            since = None
    if since is not None:
        found.append(Pause(since, None, why))
    return tuple(found[-PAUSES_MOST:])


@dataclass(slots=True)
class Stops:
    """Of one campaign: when something kept it, or a carrier's part, from being sent, as it was seen."""

    _found: list[Pause] = field(default_factory=list)

    def look(self, at: datetime, findings: Iterable[Finding]) -> None:
        """Later than the one before."""
        now = {(each.code.value, each.carrier) for each in findings if each.code in STOPS}
        for place, each in enumerate(self._found):
            key = (each.reason, each.carrier)
            if each.until is None and key not in now:
                self._found[place] = replace(each, until=at)
            elif key in now:
                if each.until is not None and (at - each.until).total_seconds() <= _FORGIVEN_S:
                    self._found[place] = replace(each, until=None)
                if self._found[place].until is None:
                    now.discard(key)
        self._found += [Pause(at, None, reason, carrier) for reason, carrier in sorted(now)]
        del self._found[:-PAUSES_MOST]

    @property
    def all(self) -> tuple[Pause, ...]:
        """In the order in which they began."""
        return tuple(self._found)


def _same(one: Point, other: Point) -> bool:
    return (one.sent, one.delivered) == (other.sent, other.delivered)
