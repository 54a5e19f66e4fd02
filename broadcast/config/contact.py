"""When and how often people may be told, by category of alert: what a country's law says, as data with its article."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from broadcast.config.country import LANGUAGE_TAG
from broadcast.config.rules import require
from broadcast.languages import _

_SPAN: Final = re.compile("([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
DAY_MIN: Final = 24 * 60
Span = tuple[
    int, int
]  # minutes of a local day, from and until; the second may be the smaller one: over midnight


@dataclass(frozen=True, slots=True)
class Cap:
    """So many messages to one person in any so many hours, over all alerts of the category."""

    messages: int
    hours: float = 24.0

    def __post_init__(self) -> None:
        require(1 <= self.messages <= 1000, _("messages must be 1 to 1000"))
        require(0 < self.hours <= 24 * 366, _("hours must be more than 0, and a year at most"))


@dataclass(frozen=True, slots=True)
class Rule:
    """Of one category. quiet: spans of local time in which nothing leaves, "22:00-07:00". distance_hours: between two
    messages to one person. mark: by language, what a text begins with. registered_sender: a carrier that names no
    senders has not registered one. do_not_call, consent, set_aside: who is on that list, or did not consent, or did not
    answer for many alerts is left out. law: where it stands."""

    law: str
    quiet: tuple[str, ...] = ()
    cap: Cap | None = None
    distance_hours: float = 0.0
    mark: Mapping[str, str] = field(default_factory=dict)
    registered_sender: bool = False
    do_not_call: bool = False
    consent: bool = False
    set_aside: bool = True

    def __post_init__(self) -> None:
        require(self.law.strip(), _("law must say where the rule stands"))
        for text in self.quiet:
            require(
                read_span(text),
                _(
                    'quiet: {text!r} is no span of local time: "22:00-07:00" say, and not a whole day',
                    text=text,
                ),
            )
        require(len(quiet_minutes(self.quiet)) < DAY_MIN, _("quiet leaves no minute of the day"))
        require(0 <= self.distance_hours <= 24 * 366, _("distance_hours must be 0 to a year"))
        for language, mark in self.mark.items():
            require(
                LANGUAGE_TAG.fullmatch(language),
                _("mark.{language} is no BCP 47 tag, vi or en-US say", language=language),
            )
            require(
                mark.strip() == mark and mark and "\n" not in mark,
                _("mark.{language} must be one line of text, without blanks around it", language=language),
            )

    @property
    def says_nothing(self) -> bool:
        """It exempts: the law leaves this category alone."""
        return self == Rule(self.law)


@dataclass(frozen=True, slots=True)
class Rules:
    """By category. callers_share: of those who were told, how many may call a hotline."""

    emergency: Rule | None = None
    health: Rule | None = None
    routine: Rule | None = None
    callers_share: float = 0.02

    def __post_init__(self) -> None:
        require(
            self.emergency is None,
            _("emergency must not be here: no rule may keep an emergency from anybody, at any hour"),
        )
        require(0 < self.callers_share <= 1, _("callers_share must be more than 0, and 1 at most"))

    def of(self, category: str) -> Rule | None:
        """None: nothing is said, or it is an emergency."""
        found: Rule | None = {"health": self.health, "routine": self.routine}.get(category)
        return found


def read_span(text: str) -> Span | None:
    """Of "22:00-07:00"; 24:00 ends a day. None: it is no span, or a whole day."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    hours, minutes, to_hours, to_minutes = map(int, match.groups())
    first, last = 60 * hours + minutes, 60 * to_hours + to_minutes
    if first >= DAY_MIN or last > DAY_MIN or first == last % DAY_MIN:
        return None
    return first, last % DAY_MIN


def quiet_minutes(texts: tuple[str, ...]) -> frozenset[int]:
    """Minutes of a local day that one of the spans has."""
    found: set[int] = set()
    for first, last in filter(None, map(read_span, texts)):
        found.update(range(first, last) if first < last else (*range(first, DAY_MIN), *range(last)))
    return frozenset(found)
