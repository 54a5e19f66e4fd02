"""The databases of a nation, asked again and again: one that does not answer is away; the others go on.

What changes slowly is asked for seldom.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import asyncpg

from broadcast.config import Config, Ledger
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.usual import Samples
from broadcast.errors import BroadcastError, DatabaseError
from broadcast.forecast import history
from broadcast.forecast.delays import Delays
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.reports.nation import LedgerNow
from broadcast.reports.nation_part import Part, part, unmatched
from broadcast.store import databases, failures, pool
from broadcast.store.databases import DatabaseFigures
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import configured, identity, open_ledger
from broadcast.store.queries import sql
from broadcast.store.types import Connection

HOME: Final = "home"  # what home is called where it is no ledger
ANSWER_S: Final = 5.0
AGAIN_S: Final = 2.0  # until one that is away is tried again
FIRST_S: Final = 6.0  # a reading waits so long for one that it never met
BESIDE_S: Final = 0.2  # and for others
# what keeps one ledger from answering, and no other: that it is away, of another schema, without a right, or that its
# file of secrets is being renewed
REFUSES: Final = (*MENDABLE, asyncpg.PostgresError, BroadcastError)
SLOW_S: Final = 10.0
USUAL_S: Final = 60.0


log = logger(__name__)


@dataclass(slots=True)
class Database:
    """One of them. ledger: people of campaigns are there. connection: None: it is away. said and the rest: what it said
    last; heard: it ever said anything. opening: the next try to reach it; why: the last one did not."""

    name: str
    home: bool
    ledger: bool
    connection: Connection | None
    said: Part = field(default_factory=Part)
    figures: DatabaseFigures | None = None
    unmatched: Mapping[str, int] = field(default_factory=dict)
    usual: Mapping[str, Sequence[Delays]] = field(default_factory=dict)
    found: tuple[Finding, ...] = ()
    heard: bool = False
    opening: asyncio.Task[asyncpg.Connection] | None = None
    tried_at: float | None = None
    why: str = ""
    _samples: Samples = field(default_factory=Samples)
    _diagnoses: dict[CampaignId | None, Diagnosis] = field(default_factory=dict)
    _slow_at: float = -SLOW_S
    _usual_at: float = -USUAL_S

    async def ask(self, campaigns: Sequence[CampaignId]) -> None:
        """Everything but what is wrong. Raises one of REFUSES, and is away then."""
        connection = self._there()
        try:
            with pool.within(connection, ANSWER_S):
                self.said = await part(connection, campaigns)
                self.heard = True
                if time.monotonic() - self._slow_at >= SLOW_S:
                    self.figures = await databases.figures(connection)
                    self.unmatched = await unmatched(connection)
                    self._slow_at = time.monotonic()
                if time.monotonic() - self._usual_at >= USUAL_S:
                    self.usual = await history.read(connection)
                    self._usual_at = time.monotonic()
        except REFUSES:
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
        except REFUSES:
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
        if self.opening is not None:
            self.opening.add_done_callback(_let_go)
            self.opening.cancel()
        self.connection = self.opening = None
        self._diagnoses.clear()

    def open(self, ledger: Ledger, home_id: UUID) -> None:
        """Begin to reach it, where that was not tried so lately. The rest does not wait for it: `take`."""
        now = time.monotonic()
        if self.opening is None and (self.tried_at is None or now - self.tried_at >= AGAIN_S):
            self.tried_at = now
            self.opening = asyncio.create_task(open_ledger(self.name, ledger, home_id), name=self.name)

    def take(self) -> None:
        """It is there from now on, if the try has come to an end, and a good one."""
        if self.opening is None or not self.opening.done():
            return
        opening, self.opening = self.opening, None
        try:
            self.connection, self.why = opening.result(), ""
        except REFUSES as error:
            why = failures.retrying(error)
            if why != self.why:
                log(events.DATABASE_TROUBLE, task=Name(self.name), why=Sentence(why))
            self.why = why

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
    return LedgerNow(each.name, there, each.home, each.said.workers, each.said.leases, figures, each.ledger)


def _let_go(opening: asyncio.Task[asyncpg.Connection]) -> None:
    """Nobody waits for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().terminate()


class Databases:
    """Home and its ledgers. home: stays the caller's. Ends with `close`; `renew` begins again where it ended."""

    def __init__(self, home: Connection, config: Config | None) -> None:
        self._home = home
        self._config = config
        self._known: dict[str, Database] = {}

    def renew(self, home: Connection) -> None:
        """By another connection to home. What those that are away said last stands."""
        self.close()
        self._home = home
        for each in self._known.values():
            each.tried_at = None

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
            if error is not None and (each.home or not isinstance(error, REFUSES)):
                raise error

    async def findings(self, database: Database, campaign: CampaignId | None) -> tuple[Finding, ...]:
        """Of one that is there; nothing of one that is lost meanwhile. Raises as `ask`."""
        try:
            return await database.findings(campaign, self._home)
        except REFUSES:
            if database.home:
                raise
            return ()

    def close(self) -> None:
        """Of the connections that it opened."""
        for each in self._known.values():
            each.lose()

    async def _try_again(self) -> None:
        """Nobody waits for one that is silent, but when it is first met."""
        away = [each for each in self._known.values() if each.connection is None]
        if not away:
            return
        ledgers = configured(self._config, [each.name for each in away])
        with pool.within(self._home, ANSWER_S):
            home_id = (await identity(self._home)).home_id
        patience_s = FIRST_S if any(each.tried_at is None for each in away) else BESIDE_S
        for each in away:
            each.open(ledgers[each.name], home_id)
        if opening := [each.opening for each in away if each.opening is not None]:
            await asyncio.wait(opening, timeout=patience_s)
        for each in away:
            each.take()
