"""The databases of a nation, asked again and again: one that does not answer is away; the others go on.

What changes slowly is asked for seldom.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.usual import Samples
from broadcast.errors import DatabaseError
from broadcast.forecast import history
from broadcast.forecast.delays import Delays
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.reports.nation import LedgerNow
from broadcast.reports.nation_part import Part, part, unmatched
from broadcast.store import databases, pool
from broadcast.store.databases import DatabaseFigures
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import reach
from broadcast.store.queries import sql
from broadcast.store.types import Connection

HOME: Final = "home"  # what home is called where it is no ledger
ANSWER_S: Final = 5.0
AGAIN_S: Final = 2.0  # until one that is away is tried again
SLOW_S: Final = 10.0
USUAL_S: Final = 60.0


@dataclass(slots=True)
class Database:
    """One of them. ledger: people of campaigns are there. connection: None: it is away. said and the rest: what it said
    last."""

    name: str
    home: bool
    ledger: bool
    connection: Connection | None
    said: Part = field(default_factory=Part)
    figures: DatabaseFigures | None = None
    unmatched: Mapping[str, int] = field(default_factory=dict)
    usual: Mapping[str, Sequence[Delays]] = field(default_factory=dict)
    found: tuple[Finding, ...] = ()
    _samples: Samples = field(default_factory=Samples)
    _diagnoses: dict[CampaignId | None, Diagnosis] = field(default_factory=dict)
    _slow_at: float = -SLOW_S
    _usual_at: float = -USUAL_S

    async def ask(self, campaigns: Sequence[CampaignId]) -> None:
        """Everything but what is wrong. Raises one of MENDABLE, and is away then."""
        connection = self._there()
        try:
            with pool.within(connection, ANSWER_S):
                self.said = await part(connection, campaigns)
                if time.monotonic() - self._slow_at >= SLOW_S:
                    self.figures = await databases.figures(connection)
                    self.unmatched = await unmatched(connection)
                    self._slow_at = time.monotonic()
                if time.monotonic() - self._usual_at >= USUAL_S:
                    self.usual = await history.read(connection)
                    self._usual_at = time.monotonic()
        except MENDABLE:
            self.lose()
            raise

    async def findings(self, campaign: CampaignId | None, home: Connection) -> tuple[Finding, ...]:
        """What is wrong with a campaign here, or (None) with all. Raises as `ask`."""
        connection = self._there()
        if campaign not in self._diagnoses:
            self._diagnoses[campaign] = Diagnosis(
                connection, campaign, None if self.home else home, self._samples
            )
        try:
            with pool.within(connection, ANSWER_S):
                return await self._diagnoses[campaign].findings()
        except MENDABLE:
            self.lose()
            raise

    def forget(self, campaigns: Sequence[CampaignId]) -> None:
        """All but these are shown no more."""
        kept = {None, *campaigns}
        self._diagnoses = {number: each for number, each in self._diagnoses.items() if number in kept}

    def lose(self) -> None:
        """It is away from now on. Home's connection is somebody else's to end."""
        if self.connection is not None and not self.home:
            self.connection.terminate()
        self.connection = None
        self._diagnoses.clear()

    def _there(self) -> Connection:
        if self.connection is None:
            raise DatabaseError(_("{name} does not answer", name=self.name))
        return self.connection


def ledger_now(each: Database) -> LedgerNow:
    """What it said last; of its disk what workers say, where this process cannot look."""
    figures = each.figures
    if figures is not None and figures.disk_size is None:
        free, size = each.said.disk
        figures = replace(figures, disk_free=free, disk_size=size)
    there = each.connection is not None
    return LedgerNow(each.name, there, each.home, each.said.workers, each.said.leases, figures)


class Databases:
    """Home and its ledgers. home: stays the caller's. Ends with `close`."""

    def __init__(self, home: Connection, config: Config | None) -> None:
        self._home = home
        self._config = config
        self._tried_at = -AGAIN_S
        self._known: dict[str, Database] = {}

    @property
    def all(self) -> Sequence[Database]:
        """Home first, then by name."""
        return sorted(self._known.values(), key=lambda each: (not each.home, each.name))

    @property
    def ledgers(self) -> Sequence[Database]:
        return [each for each in self.all if each.ledger]

    @property
    def home_name(self) -> str:
        return next((each.name for each in self._known.values() if each.home), HOME)

    def named(self, name: str) -> Database | None:
        """None: home knows no such ledger any more."""
        return self._known.get(name)

    async def meet(self) -> None:
        """Those that home knows now; who is away is tried again. Raises one of MENDABLE when home is away; ConfigError
        when it has a ledger that the configuration has not."""
        with pool.within(self._home, ANSWER_S):
            rows = await self._home.fetch(sql("known_ledgers"))
        here = next((row["name"] for row in rows if row["here"]), None)
        names = {row["name"]: row["name"] == here for row in rows}
        wanted = names if here is not None else {HOME: True, **names}
        for name in self._known.keys() - wanted.keys():
            self._known.pop(name).lose()
        for name, home in wanted.items():
            ledger = name in names or not names
            each = self._known.setdefault(name, Database(name, home, ledger, None))
            if home:
                each.connection, each.ledger = self._home, ledger
        await self._try_again()

    async def ask(self, campaigns: Sequence[CampaignId]) -> None:
        """All that are there, at once. Raises one of MENDABLE when home is away; others are away then."""
        there = [each for each in self.all if each.connection is not None]
        told = await asyncio.gather(*(each.ask(campaigns) for each in there), return_exceptions=True)
        for each, error in zip(there, told, strict=True):
            if error is not None and (each.home or not isinstance(error, MENDABLE)):
                raise error

    async def findings(self, database: Database, campaign: CampaignId | None) -> tuple[Finding, ...]:
        """Of one that is there; nothing of one that is lost meanwhile. Raises as `ask`."""
        try:
            return await database.findings(campaign, self._home)
        except MENDABLE:
            if database.home:
                raise
            return ()

    def close(self) -> None:
        """Of the connections that it opened."""
        for each in self._known.values():
            each.lose()

    async def _try_again(self) -> None:
        away = [each for each in self._known.values() if each.connection is None]
        if not away or time.monotonic() - self._tried_at < AGAIN_S:
            return
        self._tried_at = time.monotonic()
        for each in away:
            try:
                each.connection = (await reach(self._home, self._config, each.name)).connection
            except DatabaseError:  # it is shown as away
                continue
