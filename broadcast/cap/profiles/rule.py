"""A rule of a profile, and the few ways of looking at an alert that all of them are made of.

Each `breaks` gives the paths where a rule does not hold.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from broadcast.cap import geometry
from broadcast.cap.faults import Kind, Level
from broadcast.cap.record import Alert, Area, Info, Pair

Breaks = Callable[[Alert], Iterator[str]]

_FIELDS: Final = {
    "responseType": "response_types", "senderName": "sender_name", "expires": "expires", "effective": "effective",
    "onset": "onset", "description": "description", "instruction": "instruction", "headline": "headline", "web": "web",
    "contact": "contact", "area": "areas", "urgency": "urgency", "severity": "severity", "certainty": "certainty",
    "category": "categories", "eventCode": "event_codes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a profile's table. message: what is wrong and the way out."""

    name: str
    level: Level
    message: str
    breaks: Breaks

    def kind(self, profile: str) -> Kind:
        return Kind(f"{profile}.{self.name}", self.level, self.message)


def each_info(broken: Callable[[Alert, Info], bool], tag: str = "") -> Breaks:
    """tag: of the element within the <info> that is at fault."""

    def breaks(alert: Alert) -> Iterator[str]:
        for number, info in enumerate(alert.infos, 1):
            if broken(alert, info):
                yield f"info[{number}]/{tag}" if tag else f"info[{number}]"

    return breaks


def each_area(broken: Callable[[Area], bool]) -> Breaks:
    def breaks(alert: Alert) -> Iterator[str]:
        for number, info in enumerate(alert.infos, 1):
            yield from (f"info[{number}]/area[{at}]" for at, area in enumerate(info.areas, 1) if broken(area))

    return breaks


def whole(broken: Callable[[Alert], bool], tag: str = "") -> Breaks:
    """tag: of the element of the <alert> that is at fault."""
    return lambda alert: iter([tag] if broken(alert) else [])


def said(info: Info, tag: str) -> bool:
    """Whether the element is there, and not empty."""
    value: Any = getattr(info, _FIELDS[tag])
    return bool(value.strip() if isinstance(value, str) else value)


def missing(tag: str) -> Breaks:
    return each_info(lambda _, info: not said(info, tag))


def there(tag: str) -> Breaks:
    return each_info(lambda _, info: said(info, tag), tag)


def is_unknown(tag: str) -> Breaks:
    return each_info(lambda _, info: getattr(info, tag) == "Unknown", tag)


def same(one: str, other: str) -> Breaks:
    return each_info(
        lambda _, info: said(info, one) and getattr(info, _FIELDS[one]) == getattr(info, _FIELDS[other]),
        one,
    )


def no_code(code: str) -> Breaks:
    """No <code> is this one, or begins so where it ends with a colon."""
    return whole(
        lambda alert: (
            not any(
                each.startswith(code) if code.endswith(":") else each.strip() == code for each in alert.codes
            )
        )
    )


def no_references() -> Breaks:
    return whole(
        lambda alert: alert.message_type in ("Update", "Cancel") and not (alert.references or "").strip(),
        "msgType",
    )


def no_info(*but: str) -> Breaks:
    """but: types of message that need none."""
    return whole(lambda alert: alert.message_type not in but and not alert.infos)


def differ(tag: str) -> Breaks:
    """The <info> have not all the same of these."""

    def breaks(alert: Alert) -> Iterator[str]:
        sets = [frozenset(getattr(info, _FIELDS[tag])) for info in alert.infos]
        yield from (f"info[{number}]/{tag}[1]" for number, each in enumerate(sets, 1) if each != sets[0])

    return breaks


def events_differ() -> Breaks:
    """<info> of one language name different events."""

    def breaks(alert: Alert) -> Iterator[str]:
        first: dict[str, str] = {}
        for number, info in enumerate(alert.infos, 1):
            if first.setdefault(info.spoken.lower(), info.event) != info.event:
                yield f"info[{number}]/event"

    return breaks


def in_utc(tag: str) -> Breaks:
    """The time has no offset, where a country is not at UTC. sent: the alert's."""

    def at_zero(value: Any) -> bool:
        return value is not None and value.utcoffset() == timedelta(0)

    if tag == "sent":
        return whole(lambda alert: at_zero(alert.sent), tag)
    return each_info(lambda _, info: at_zero(getattr(info, tag)), tag)


def no_shape() -> Breaks:
    """An <info> has areas, and no polygon or circle in any."""
    return each_info(
        lambda _, info: bool(info.areas) and not any(area.polygons or area.circles for area in info.areas),
        "area[1]",
    )


def no_geocode(names: str, value: str = ".*") -> Breaks:
    """No <geocode> of an area has a name and a value that match these whole."""
    return each_area(lambda area: not any(_matches(pair, names, value) for pair in area.geocodes))


def count_event_codes(info: Info, names: str, value: str = ".*") -> int:
    return sum(_matches(pair, names, value) for pair in info.event_codes)


def _matches(pair: Pair, names: str, value: str) -> bool:
    return bool(re.fullmatch(names, pair.name.strip()) and re.fullmatch(value, pair.value.strip(), re.DOTALL))


def point_circles() -> Breaks:
    """Circles of no radius."""

    def breaks(alert: Alert) -> Iterator[str]:
        for number, info in enumerate(alert.infos, 1):
            for at, area in enumerate(info.areas, 1):
                for which, text in enumerate(area.circles, 1):
                    found = geometry.circle(text)
                    if found is not None and found[1] == 0:
                        yield f"info[{number}]/area[{at}]/circle[{which}]"

    return breaks


def shape_and_geocode() -> Breaks:
    return each_area(lambda area: bool(area.geocodes) and bool(area.polygons or area.circles))


def empty_geocodes() -> Breaks:
    return each_area(
        lambda area: any(not pair.name.strip() or not pair.value.strip() for pair in area.geocodes)
    )
