"""In what ledgers are not as home takes them to be: their clocks, and campaigns that they lost."""

from collections.abc import Mapping
from dataclasses import dataclass

from broadcast.actions.session import Session
from broadcast.clock import DayTime, lease_time
from broadcast.languages import _
from broadcast.store import pool
from broadcast.store.clock import database_time
from broadcast.store.ledgers import CLOCK_OFF_S, CONNECT_S, LOST, Part, clock_words
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Drift:
    """ahead_s: of its clock, of home's (negative: behind), at least. lost: names of campaigns that home launched there,
    and of which it has nothing."""

    ahead_s: float
    lost: tuple[str, ...]

    @property
    def problem(self) -> str | None:
        """In words; None: there is none."""
        told = [_("campaign {name}: it {lost}", name=name, lost=_(LOST)) for name in self.lost]
        if abs(self.ahead_s) > CLOCK_OFF_S:
            told.append(clock_words(self.ahead_s))
        return "; ".join(told) or None


async def problems(session: Session) -> Mapping[str, str]:
    """By name, of the ledgers that are reached. Raises ConfigError, RefusedError: as `Session.all_parts`."""
    async with session.all_parts() as parts:
        found = {
            part.name: (await _drift(session.connection, part)).problem
            for part in parts.reached
            if not part.home
        }
    return {name: problem for name, problem in found.items() if problem is not None}


async def _drift(home: Connection, part: Part) -> Drift:
    with pool.within(part.connection, CONNECT_S):
        asked = lease_time()
        theirs = DayTime(await database_time(part.connection), asked)
        asked = lease_time()
        ahead_s = theirs.ahead_s(await database_time(home), asked, lease_time())
        names = {row["campaign_id"]: row["name"] for row in await home.fetch(sql("open_parts"), part.name)}
        here = await part.connection.fetch(sql("copies_here"), list(names))
    there = {row["campaign_id"] for row in here}
    return Drift(ahead_s, tuple(name for number, name in names.items() if number not in there))
