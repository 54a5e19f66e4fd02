"""How the ways to the carriers stood when a worker last tried them, and when that was otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from broadcast.channel.trying import WayState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

RECENT_S: Final = 300.0  # five rounds: what is older says nothing of now
WEEK_S: Final = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class LinkTest:
    """bind: its place in the configuration. state: bound: a worker's links are. seconds: None: it was not tried."""

    carrier: str
    bind: int
    address: str
    at: datetime
    state: WayState | Literal["bound"]
    said: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """An address was another way than in the round before, or first tried."""

    at: datetime
    bind: int
    address: str
    state: str
    said: str


async def last(connection: Connection, within_s: float = RECENT_S) -> list[LinkTest]:
    """Of each address the last one, by carrier, bind and address."""
    rows = await connection.fetch(sql("last_link_tests"), within_s)
    return [LinkTest(row["carrier"], row["bind_no"], *list(row.values())[2:]) for row in rows]


async def changes(connection: Connection, carrier: str) -> list[Change]:
    """Of the last week, the newest first."""
    rows = await connection.fetch(sql("link_test_changes"), carrier, WEEK_S)
    return [Change(*row.values()) for row in rows]


def shut(tests: Iterable[LinkTest], carriers: Iterable[str]) -> dict[str, tuple[list[LinkTest], bool]]:
    """By carrier that has any: those that are shut, and whether all are. Pure."""
    tests = list(tests)
    found = {}
    for carrier in carriers:
        own = [each for each in tests if each.carrier == carrier]
        closed = [each for each in own if each.state == "shut"]
        if closed:
            found[carrier] = closed, len(closed) == len(own)
    return found
