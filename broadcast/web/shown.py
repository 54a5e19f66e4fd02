"""What the board says of figures: shares that are never too good, groups of states, time left in words. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from broadcast.languages import _, codes, grouped

# What a control room tells apart of the nine states; in the order in which a bar shows them.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = dict(
    zip(
        codes("has it", "on its way", "not known", "not reached", "waiting"),
        (
            ("delivered",),
            ("accepted",),
            ("in_doubt", "unknown"),
            ("undeliverable", "rejected", "expired"),
            ("waiting",),
        ),
        strict=True,
    )
)
IN_FULL: Final = 12  # alerts with all their figures: the first of them by `urgency`
_DAY_S: Final = 86_400
_SECONDS_BELOW: Final = 120


@dataclass(frozen=True, slots=True)
class Group:
    """People of some states. key: for the style sheet. start, share: per cent of who is sent to, for a bar."""

    name: str
    key: str
    people: int
    start: float
    share: float


def urgency(
    state: str, category: str, priority: int, launched_at: datetime | None, number: int
) -> tuple[bool, bool, int, float, int]:
    """To sort by: what is sent comes before what is over, emergencies before all, then the newest."""
    return (
        state not in ("running", "paused"),
        category != "emergency",
        -priority,
        -(launched_at.timestamp() if launched_at else 0.0),
        number,
    )


def sent_to(states: Mapping[str, int]) -> int:
    """Everybody but who is left out: what a share is of."""
    return sum(count for state, count in states.items() if state != "excluded")


def groups(states: Mapping[str, int], unseen: int = 0) -> tuple[Group, ...]:
    """All of GROUPS, those without people too: a bar's legend does not jump. unseen: people who are in no state that
    was read; a bar is empty where they are."""
    whole, start, found = sent_to(states) + unseen, 0.0, list[Group]()
    for name, parts in GROUPS.items():
        people = sum(states.get(each, 0) for each in parts)
        share = 100 * people / whole if whole else 0.0
        found.append(Group(name, name.replace(" ", "-"), people, round(start, 2), round(share, 2)))
        start += share
    return tuple(found)


def tenths(part: int, whole: int) -> float:
    """Per cent to a tenth, rounded down: 100 says that all have it; and never 0 where somebody has."""
    if whole <= 0 or part <= 0:
        return 0.0
    return max(0.1, math.floor(1000 * min(part, whole) / whole) / 10)


def percent(part: int, whole: int) -> str:
    """82.4 %; 100 % and 0 % without a tenth. A dash where there is nobody."""
    if whole <= 0:
        return "-"
    share = tenths(part, whole)
    return f"{grouped(share, '.0f' if share in (0.0, 100.0) else '.1f')} %"


def left(seconds: float) -> str:
    """Time that is left, as calm as it may be: by the minute until two minutes are left. The page's script says the
    same, in these words."""
    forms = left_forms()
    if seconds <= 0:
        return forms["over"]
    if seconds < _SECONDS_BELOW:
        return forms["s"].format(s=int(seconds))
    minutes = int(seconds) // 60
    if minutes < 60:
        return forms["m"].format(m=minutes)
    if seconds < _DAY_S:
        return forms["h"].format(h=minutes // 60, m=minutes % 60)
    return forms["d"].format(d=int(seconds) // _DAY_S, h=int(seconds) % _DAY_S // 3600)


def left_forms() -> dict[str, str]:
    """As `left` and the script fill them."""
    return {
        "s": _("{s} s"),
        "m": _("{m} min"),
        "h": _("{h} h {m} min"),
        "d": _("{d} d {h} h"),
        "over": _("none"),
    }


def reach_class(part: int, whole: int) -> str:
    """Of five shades of a map, r0 to r4; r5: everybody."""
    share = tenths(part, whole)
    return f"r{int(share // 20)}"


def most(rows: Sequence[Any], bound: int) -> tuple[Sequence[Any], int]:
    """The first of them, and how many more there are."""
    return rows[:bound], max(0, len(rows) - bound)
