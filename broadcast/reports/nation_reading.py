"""The national figures, read again and again: by the exporter and the board every two seconds.

A reading costs the servers some milliseconds, however many people the nation has: the newest CAMPAIGNS are shown, and a
few of those under way are diagnosed at a time.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.order import merged
from broadcast.ids import CampaignId
from broadcast.reports.nation import CampaignNow, Nation
from broadcast.reports.nation_databases import ANSWER_S, Databases, ledger_now
from broadcast.reports.nation_joining import Said, campaign_now, carriers_now
from broadcast.reports.nation_pace import Pace
from broadcast.store import plans, pool
from broadcast.store.queries import sql
from broadcast.store.types import Connection

CAMPAIGNS: Final = 500
ENDED_S: Final = 3600.0  # a campaign is shown for so long after its end
DIAGNOSED: Final = 10  # campaigns at a time
DIAGNOSE_S: Final = 1.9  # between two times: every reading of the exporter's, every other one of the board's
AT_ONCE: Final = 50  # campaigns that are joined before others have their turn


async def read(home: Connection, config: Config | None = None, now: datetime | None = None) -> Nation:
    """Once: the pace of now is not known then. config: where there are several ledgers. now: None: by home's clock.

    Raises one of MENDABLE when home is away; ConfigError when it has ledgers that the configuration has not.
    """
    reading = NationReading(home, config)
    try:
        return await reading.read(now)
    finally:
        reading.close()


class NationReading:
    """home: stays the caller's, and is used by nobody else meanwhile. Ends with `close`."""

    def __init__(self, home: Connection, config: Config | None = None) -> None:
        self._home = home
        self._databases = Databases(home, config)
        self._paces: dict[CampaignId, Pace] = {}
        self._found: dict[CampaignId, tuple[Finding, ...]] = {}
        self._turns: list[CampaignId] = []  # whom to diagnose next, first
        self._diagnosed_at = -DIAGNOSE_S

    async def read(self, now: datetime | None = None) -> Nation:
        """The nation now; a ledger that is away as it was last seen. Raises as `read`."""
        started = time.monotonic()
        await self._databases.meet()
        at, rows, places = await self._campaigns(now)
        numbers = [row["campaign_id"] for row in rows]
        await self._databases.ask(numbers)
        self._forget(numbers)
        await self._diagnose(rows, places)
        return await self._nation(at, await self._joined(rows, places), started)

    def renew(self, home: Connection) -> None:
        """By another connection to home, after `close`: of databases that are away it still knows what they said."""
        self._home = home
        self._databases.renew(home)

    def close(self) -> None:
        """Of the connections that it opened."""
        self._databases.close()

    async def _campaigns(
        self, now: datetime | None
    ) -> tuple[datetime, Sequence[asyncpg.Record], Mapping[CampaignId, Sequence[str]]]:
        """The moment, the campaigns, and the databases that have people of each."""
        with pool.within(self._home, ANSWER_S):
            async with self._home.transaction(isolation="repeatable_read", readonly=True):
                await self._home.execute(plans.LOOK_UP)
                at = now or await self._home.fetchval(sql("database_time"))
                rows = await self._home.fetch(sql("nation_campaigns"), ENDED_S, at, CAMPAIGNS)
                numbers = [row["campaign_id"] for row in rows]
                parts = await self._home.fetch(sql("nation_parts"), numbers)
        places: dict[CampaignId, list[str]] = {number: [] for number in numbers}
        for row in parts:
            places[row["campaign_id"]].append(row["ledger"])
        home = [self._databases.home_name]
        return at, rows, {number: names or home for number, names in places.items()}

    def _forget(self, numbers: Sequence[CampaignId]) -> None:
        """Whatever is shown no more."""
        shown = set(numbers)
        self._paces = {number: self._paces.get(number) or Pace() for number in numbers}
        self._found = {number: found for number, found in self._found.items() if number in shown}
        for each in self._databases.all:
            each.forget(numbers)

    async def _diagnose(
        self, rows: Sequence[asyncpg.Record], places: Mapping[CampaignId, Sequence[str]]
    ) -> None:
        """What is wrong with all, everywhere; with the campaigns whose turn it is, of those under way."""
        going = [row["campaign_id"] for row in rows if row["finished_at"] is None]
        self._found = {number: self._found.get(number, ()) for number in going}
        if time.monotonic() - self._diagnosed_at < DIAGNOSE_S:
            return
        self._diagnosed_at = time.monotonic()
        for database in self._databases.ledgers:
            if database.connection is not None:
                database.found = await self._databases.findings(database, None)
        waiting = [number for number in self._turns if number in self._found]
        waiting += [number for number in going if number not in set(waiting)]
        for number in waiting[:DIAGNOSED]:
            self._found[number] = await self._wrong_with(number, places[number])
        self._turns = waiting[DIAGNOSED:] + waiting[:DIAGNOSED]

    async def _wrong_with(self, number: CampaignId, places: Sequence[str]) -> tuple[Finding, ...]:
        found = []
        for name in places:
            database = self._databases.named(name)
            if database is not None and database.connection is not None and number in database.said.states:
                found.append(await self._databases.findings(database, number))
        return merged(found)

    async def _joined(
        self, rows: Sequence[asyncpg.Record], places: Mapping[CampaignId, Sequence[str]]
    ) -> tuple[CampaignNow, ...]:
        """All of them. Who serves what was read last has its turn between them."""
        found = []
        for number, row in enumerate(rows):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            found.append(self._campaign(row, places[row["campaign_id"]]))
        return tuple(found)

    def _campaign(self, row: asyncpg.Record, places: Sequence[str]) -> CampaignNow:
        number = row["campaign_id"]
        known = [each for name in places if (each := self._databases.named(name)) is not None]
        said = Said(
            [each.said for each in known],
            frozenset(each.name for each in known if each.connection is not None),
            whole=all(each.heard for each in known),
        )
        return campaign_now(dict(row), said, self._paces[number], self._found.get(number, ()))

    async def _nation(self, at: datetime, campaigns: tuple[CampaignNow, ...], started: float) -> Nation:
        having = self._databases.ledgers
        findings = merged(each.found for each in having)
        return Nation(
            at=at,
            campaigns=campaigns,
            carriers=carriers_now(
                [each.said for each in having],
                campaigns,
                [each.unmatched for each in having],
                [each.usual for each in having],
                findings,
            ),
            ledgers=tuple(map(ledger_now, self._databases.all)),
            findings=tuple(each for each in findings if not each.carrier),
            took_s=time.monotonic() - started,
        )
