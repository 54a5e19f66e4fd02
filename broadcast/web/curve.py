"""The curve of an alert: how many were sent to and have it, over time, with its pauses and their reasons. Pure.

Geometry and words: the template of the board's parts draws them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from broadcast.languages import N_, _, term

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 708.0, 64.0, 268.0
POINTS_MOST: Final = 240
PAUSES_MOST: Final = 12  # the longest ones; how many more there were is said
_ROWS: Final = 3  # of reasons, one above the other
_ROW_HEIGHT: Final = 18.0
_LETTER: Final = 8.2  # about the width of one, for whether two reasons meet
_TICKS: Final = 6
_STEPS_S: Final = (10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_AHEAD_MOST: Final = 3.0  # of what has passed: a forecast further off would flatten the curve

# By the code of a finding, or of what people do; short, for they stand in the drawing.
_REASONS: Final = {
    "paused": N_("paused by a person"),
    "first_share": N_("first share goes ahead"),
    "first_share_asks": N_("first share asks"),
    "first_share_failed": N_("first share failed"),
    "no_worker": N_("no worker"),
    "worker_lost": N_("worker lost"),
    "not_held": N_("no worker has its links"),
    "binds_down": N_("no link"),
    "no_grant": N_("no TPS granted"),
    "cannot_send": N_("cannot be sent here"),
    "no_slices": N_("nothing to take"),
    "quiet": N_("quiet hours"),
    "capped": N_("held by a cap"),
    "gives_way": N_("gives way"),
    "window_full": N_("window full"),
    "slowed": N_("carrier throttles"),
    "database_slow": N_("database slow"),
    "database": N_("database away"),
}


@dataclass(frozen=True, slots=True)
class Band:
    """A pause. x, width: of the drawing. row: y of its reason's words; None: the others' leave no room."""

    number: int
    x: float
    width: float
    words: str
    since: datetime
    until: datetime | None
    row: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Curve:
    """sent, delivered, forecast: points of SVG. now, expiry: x, None outside of the drawing. top: of the drawing, y.
    more: pauses that are not shown."""

    sent: str
    delivered: str
    forecast: str
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    more: int
    top: float
    now: float
    expiry: float | None


def curve(alert: Mapping[str, Any], at: datetime, whole: int) -> Curve | None:
    """alert: of the document, its times read. whole: who is sent to, the curve's 100 %. None: nothing to draw yet."""
    points, launched = alert["curve"], alert["launched_at"]
    if not launched or not points or whole <= 0:
        return None
    running = alert["state"] in ("running", "paused")
    last = max(at if running else points[-1]["at"], launched + timedelta(seconds=10))
    ends, forecast = last, alert["forecast_end_at"] if running else None
    if forecast and last < forecast <= last + _AHEAD_MOST * (last - launched):
        ends = forecast
    scale = _Scale(launched, ends)
    thin = _thinned(points)
    bands, more = _bands(alert["pauses"], scale, last)
    expiry = alert["expires_at"]
    return Curve(
        sent=_line([(scale.x(each["at"]), _y(each["sent"], whole)) for each in thin]),
        delivered=_line([(scale.x(each["at"]), _y(each["delivered"], whole)) for each in thin]),
        forecast=_line([(scale.x(last), _y(points[-1]["sent"], whole)), (RIGHT, TOP)]) if ends > last else "",
        ticks=tuple(scale.ticks()),
        bands=bands,
        more=more,
        top=min([TOP - 18, *(each.row - 18 for each in bands if each.row is not None)]),
        now=scale.x(last),
        expiry=scale.x(expiry) if expiry and expiry <= ends else None,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    last: datetime

    def x(self, at: datetime) -> float:
        share = (at - self.first) / (self.last - self.first)
        return round(LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share)), 1)

    def ticks(self) -> Iterable[Tick]:
        """At round times, so many that their words do not meet."""
        span = (self.last - self.first).total_seconds()
        step = next((each for each in _STEPS_S if span / each <= _TICKS), _STEPS_S[-1])
        step *= max(1, math.ceil(span / step / _TICKS))
        begun = math.ceil(self.first.timestamp() / step) * step
        for moment in range(begun, int(self.last.timestamp()) + 1, step):
            at = datetime.fromtimestamp(moment, self.first.tzinfo)
            yield Tick(self.x(at), at)


def _thinned(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last always: it is what the figures say."""
    stride = max(1, math.ceil(len(points) / POINTS_MOST))
    return [*points[:-1:stride], points[-1]]


def _y(count: int, whole: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(1.0, count / whole), 1)


def _line(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _bands(
    pauses: Sequence[Mapping[str, Any]], scale: _Scale, last: datetime
) -> tuple[tuple[Band, ...], int]:
    def length(each: Mapping[str, Any]) -> timedelta:
        found: timedelta = (each["to"] or last) - each["from"]
        return found

    kept = sorted(sorted(pauses, key=length, reverse=True)[:PAUSES_MOST], key=lambda each: each["from"])
    rows, bands = [LEFT] * _ROWS, list[Band]()
    for number, each in enumerate(kept, 1):
        x, until = scale.x(each["from"]), scale.x(each["to"] or last)
        words = reason(each)
        width = (len(words) + 4) * _LETTER
        row = next((at for at, free in enumerate(rows) if free <= x and x + width <= WIDTH), None)
        if row is not None:
            rows[row] = x + width
        y = None if row is None else TOP - 10 - row * _ROW_HEIGHT
        bands.append(Band(number, x, max(2.0, round(until - x, 1)), words, each["from"], each["to"], y))
    return tuple(bands), len(pauses) - len(kept)


def reason(pause: Mapping[str, Any]) -> str:
    """In few words, with the carrier where it concerns one."""
    code = pause["reason"]
    said = _(_REASONS[code]) if code in _REASONS else term(code).replace("_", " ")
    return _("{carrier}: {why}", carrier=pause["carrier"], why=said) if pause.get("carrier") else said
