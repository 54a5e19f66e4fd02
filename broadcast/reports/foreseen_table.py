"""Forecast and fact on a page: a row a carrier, its moments side by side, each above what was foreseen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broadcast.forecast.verdict import money
from broadcast.languages import _
from broadcast.reports.foreseen import MOMENT_NAMES, Compared
from broadcast.words import Zone, duration, words

_MINUS: Final = "\N{MINUS SIGN}"
Cell = tuple[str, str]  # what came, and below it what was foreseen


@dataclass(frozen=True, slots=True)
class ForeseenTable:
    """columns: names. rows: a carrier, or `all`, and its cells in their order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def foreseen_table(lines: Sequence[Compared], launched_at: datetime | None, zone: Zone) -> ForeseenTable:
    """Without moments of which nobody knows anything, and without costs where nothing has a price."""
    known = {name for line in lines for name, *_pair in line.rows()}
    moments = [name for name in MOMENT_NAMES if name in known]
    priced = any(line.currency for line in lines)
    columns = (*(_(MOMENT_NAMES[name]) for name in moments), _("segments"), *((_("cost"),) if priced else ()))
    rows = []
    for line in lines:
        pairs = {name: (foreseen, fact) for name, foreseen, fact in line.rows()}
        cells = [_moment(pairs.get(name, (None, None)), launched_at, zone) for name in moments]
        cells.append(_plain(words(line.segments_foreseen, zone), words(line.segments, zone)))
        if priced:
            cells.append(_cost(line))
        rows.append((line.carrier, tuple(cells)))
    return ForeseenTable(columns, tuple(rows))


def _moment(pair: tuple[datetime | None, datetime | None], launched_at: datetime | None, zone: Zone) -> Cell:
    foreseen, fact = pair
    shown, below = _clock(fact, launched_at, zone), _clock(foreseen, launched_at, zone)
    if foreseen is None or fact is None:
        return shown, "" if foreseen is None else below
    later_s = round((fact - foreseen).total_seconds())
    if later_s == 0:
        return shown, _("as foreseen")
    return shown, f"{below}, {'+' if later_s > 0 else _MINUS}{duration(abs(later_s))}"


def _clock(at: datetime | None, launched_at: datetime | None, zone: Zone) -> str:
    """As the zone's clocks show it; of another day than the launch's with its date."""
    if at is None:
        return "-"
    local = at.astimezone(zone())
    if launched_at is not None and launched_at.astimezone(zone()).date() == local.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _plain(foreseen: str, fact: str) -> Cell:
    return fact, _("as foreseen") if foreseen == fact else foreseen


def _cost(line: Compared) -> Cell:
    if line.currency is None or line.cost is None or line.cost_foreseen is None:
        return "-", ""
    return _plain(money(line.cost_foreseen, line.currency), money(line.cost, line.currency))
