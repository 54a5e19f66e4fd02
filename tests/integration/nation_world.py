"""A home and ledgers in databases of their own, with simulated carriers and a worker and a resolver of each ledger."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import pytest
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.actions.ledgers import spread
from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Ledger, of_ledger
from broadcast.engine.resolver import Resolver
from broadcast.engine.worker import OneOf, Worker
from broadcast.monitor.metrics import Metrics
from broadcast.reports.everybody import row
from broadcast.reports.everything import Everything, everything
from broadcast.reports.simulated_book import read_book
from broadcast.reports.whole_audit import whole_audit
from broadcast.smpp.channel import SmppChannel
from broadcast.store.address import as_user
from broadcast.store.ledgers import spelt
from broadcast.store.pool import connect

FIRST = 84320000000


@dataclass
class NationWorld:
    """rig: of home; its configuration has the ledgers. urls, conns: of the ledgers that are not home, by name. told:
    what actions of `session` told."""

    rig: Rig
    urls: Mapping[str, str]
    conns: Mapping[str, asyncpg.Connection]
    told: list[Notice] = field(default_factory=list)

    @property
    def session(self) -> Session:
        """An operator's, at home."""
        return Session(self.rig.conn, self.rig.config, self.told.append)

    def conn(self, ledger: str) -> asyncpg.Connection:
        """To that ledger's database."""
        return self.conns.get(ledger, self.rig.conn)

    async def begin(self, ledgers: Mapping[str, Ledger]) -> None:
        """These are home's from now on; those that are not home have a URL in NAME_URL."""
        self.rig.config = replace(self.rig.config, ledgers=ledgers)
        await spread(self.session)

    async def simulate(self, *names: str, people: int = 300, tps: int = 500, **personality: Any) -> None:
        """Carriers with so many subscribers each."""
        for name in names:
            await self.rig.smsc(name, receipt_delay_s=0.2, undeliverable_share=0.1, **personality)
            self.rig.connect(name, tps)
        for index, name in enumerate(names):
            await self.rig.subscribers(name, people, FIRST + index * 1_000_000)

    def work(self, ledger: str, *, url: str = "", home_url: str = "", resolver: bool = True) -> Worker:
        """A worker of this ledger, and its resolver. url, home_url: other ways than usual."""
        config, settings = of_ledger(self.rig.config, ledger), self.rig.config.ledgers[ledger]
        here = as_user(url or self.urls.get(ledger, self.rig.url), "w")
        one_of = OneOf(
            ledger, spelt(settings), None if settings.home else as_user(home_url or self.rig.url, "w")
        )
        if resolver:
            self._run(Resolver(config, Metrics(), here))
        made = Worker(config, Metrics(), here, SmppChannel, ledger=one_of)
        self._run(made)
        return made

    def _run(self, life: Any) -> None:
        self.rig.workers[life] = asyncio.create_task(life.run(), name=type(life).__name__)

    async def states(self, campaign: Campaign) -> dict[str, int]:
        """Over all ledgers and home."""
        found: dict[str, int] = {}
        for conn in {id(each): each for each in (self.rig.conn, *self.conns.values())}.values():
            here = replace_conn(self.rig, conn)
            for state, count in (await here.states(campaign)).items():
                found[state] = found.get(state, 0) + count
        return found

    async def finish(self, campaign: Campaign) -> Everything:
        """Home says that it is over; everybody is in one state, and as the SMSCs told."""

        async def over() -> bool:
            return (await campaigns.get(self.rig.conn, campaign.campaign_id)).finished_at is not None

        try:
            await until(over, "the campaign is finished at home", 2 * PATIENCE_S)
        finally:
            print(await self.states(campaign))
        found = await everything(self.rig.conn, campaign.name, self.rig.config)
        assert found.audit.balanced, found.audit.problems
        return found

    async def differing(self, campaign: Campaign) -> list[str]:
        """What the whole audit says, person by person against what the SMSCs told."""
        urls = {name: f"http://127.0.0.1:{smsc.book_port}/book" for name, smsc in self.rig.smscs.items()}
        theirs = {name: await asyncio.to_thread(read_book, url) for name, url in urls.items()}
        found = await whole_audit(
            self.rig.conn, campaign.name, theirs, lambda each: print(row(each)), self.rig.config
        )
        assert [each.people for each in found.people.comparisons]
        return found.problems


def replace_conn(rig: Rig, conn: asyncpg.Connection) -> Rig:
    """The same rig, looking at another database."""
    return replace(rig, conn=conn)


@asynccontextmanager
async def nation(
    rig: Rig, urls: Iterable[str], monkeypatch: pytest.MonkeyPatch, names: Iterable[str] = ("north", "south")
) -> AsyncIterator[NationWorld]:
    """urls: of fresh databases for the ledgers of these names."""
    named = dict(zip(names, urls, strict=True))
    for name, url in named.items():
        monkeypatch.setenv(f"{name.upper()}_URL", url)
    conns = {name: await connect(url) for name, url in named.items()}
    try:
        yield NationWorld(rig, named, conns)
    finally:
        await rig.close()
        rig.workers.clear()
        for conn in conns.values():
            await conn.close(timeout=10)


def ledger(name: str, *carriers: str, **more: Any) -> Ledger:
    """One that is not home."""
    return Ledger(carriers=carriers, url_env=f"{name.upper()}_URL", **more)


CARRIERS = ("viettel", "mobifone")
TWO = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")}  # one of these each
