"""Values as a person reads them: numbers, times in the country's zone, durations. Pure."""

import enum
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from broadcast.languages import _, grouped, term
from broadcast.visible import visible

Zone = Callable[[], tzinfo]  # asked for where a time is shown only: it may stand in a file that is to be read


def utc() -> tzinfo:
    """Where nobody says which zone."""
    return UTC


def words(value: Any, zone: Zone) -> str:
    """A value in one line: 1234567 -> 1,234,567; a time as `time_words`; None -> a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, enum.Enum):
        return visible(term(str(value.value)))
    if isinstance(value, int):
        return grouped(value)
    if isinstance(value, float):
        return grouped(value, ",.1f")
    if isinstance(value, datetime):
        return time_words(value, zone)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(words(each, zone) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name, zone)} = {words(each, zone)}" for name, each in value.items())
    return visible(str(value))


def time_words(at: datetime, zone: Zone, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time as the zone's clocks show it, and its name: 2026-01-31 18:00:00 CET; +07:00 where it has none."""
    local = at.astimezone(zone())
    name = local.tzname() or ""
    return f"{local:{form}} {name if name.isalpha() else local.isoformat()[-6:]}"


def time_cell(at: datetime | None, zone: Zone) -> str:
    """For a CSV file: the zone's time in ISO 8601, with its offset."""
    return "" if at is None else at.astimezone(zone()).isoformat()


def duration(seconds: float) -> str:
    """12 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s", seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds:02} s", minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes:02} min", hours=whole // 3600, minutes=whole % 3600 // 60)


def effect_words(effect: str | None) -> str | None:
    """What a reply brought about; None: nothing was asked for."""
    if effect == "none":
        return None
    return _("to come") if effect is None else term(effect).replace("_", " ")
