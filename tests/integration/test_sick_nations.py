"""Ten sick nations: real simulated carriers, workers and a resolver, one thing wrong in each; every surface names the
cause first.

A nation's figures are small, and what only has to last a while lasts less (sooner.py); how much there must be of a
thing is as ever.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from integration import steps
from integration.database_way import way_to_database
from integration.forked import Forked
from integration.rig import Rig
from integration.sooner import UNHURRIED, make_sooner
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.diagnosis.finding import Code, Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.order import cause
from broadcast.exporter.exporter import Exporter
from broadcast.languages import for_everybody
from broadcast.reports.nation_reading import NationReading
from broadcast.store.address import as_user
from broadcast.store.failures import MENDABLE
from broadcast.store.pool import connect
from broadcast.web.board import board
from broadcast.web.document import Beside, document
from broadcast.web.view import View

NAME = "viettel"


@dataclass
class Nation:
    """One carrier, and an alert to its people. ways: end after all that goes there; locks: before."""

    rig: Rig
    ways: AsyncExitStack
    locks: ExitStack
    people: int = 2000
    segments: int = 1

    async def begins(
        self, connect: Mapping[str, Any] | None = None, *, smsc_tps: int = 0, **smsc: Any
    ) -> Campaign:
        """Its SMSC is like that, and a worker sends. connect: keys of the carrier's table."""
        await self.rig.smsc(NAME, **{"receipt_delay_s": 0.2, "tps": smsc_tps, **smsc})
        self.rig.connect(NAME, 1000, **(connect or {}))
        return await self.sends()

    async def sends(self, url: str | None = None) -> Campaign:
        await self.rig.subscribers(NAME, self.people)
        self.rig.worker(url)
        return await self.rig.launch()


async def carrier_down(nation: Nation) -> Campaign:
    smsc = await nation.rig.smsc(NAME)
    nation.rig.connect(NAME, 1000)
    smsc.process.terminate()
    await smsc.process.wait()
    return await nation.sends()


async def throttling(nation: Nation) -> Campaign:
    nation.people = 40_000
    return await nation.begins(smsc_tps=100)


async def window_too_small(nation: Nation) -> Campaign:
    nation.people = 40_000
    return await nation.begins(connect={"window": 5, "sessions": 1}, response_delay_s=0.5)


async def silent_on_receipts(nation: Nation) -> Campaign:
    return await nation.begins(unreported_share=1.0)


async def ids_come_again(nation: Nation) -> Campaign:
    return await nation.begins(**{"ids.same": "all", "receipts.numbers": ["none"]})


async def receipts_fit_nothing(nation: Nation) -> Campaign:
    return await nation.begins(like="hex-ids")


async def settling_behind(nation: Nation) -> Campaign:
    """The resolver lives, and waits for a lock that somebody else keeps."""
    holder = await connect(nation.rig.url)
    nation.locks.callback(holder.terminate)
    campaign = await nation.begins()
    await holder.execute("BEGIN; LOCK TABLE result IN SHARE MODE")
    return campaign


async def database_slow(nation: Nation) -> Campaign:
    """As one whose disk takes its time to write the log."""
    nation.people = 40_000
    way = await nation.ways.enter_async_context(way_to_database(nation.rig.folder, nation.rig.url))
    way.groups_wait_s = 0.5
    await nation.rig.smsc(NAME, receipt_delay_s=0.2)
    nation.rig.connect(NAME, 1000)
    return await nation.sends(way.url)


async def paused(nation: Nation) -> Campaign:
    nation.people = 40_000
    campaign = await nation.begins()
    await nation.rig.reached(campaign, 500, "accepted", "delivered")
    return await steps.pause(nation.rig.conn, campaign)


async def one_bind_missing(nation: Nation) -> Campaign:
    """The account has one session, and two are configured."""
    nation.people = 40_000
    return await nation.begins(connect={"sessions": 2}, sessions=1)


@dataclass(frozen=True)
class Sick:
    """A nation, the cause of its trouble, and words that its line has on every screen."""

    begin: Callable[[Nation], Awaitable[Campaign]]
    code: Code
    words: str
    of_carrier: bool = True

    def is_first(self, found: Mapping[str, Any] | None) -> bool:
        """Whether that is the cause. found: the first finding of a document, None: there is none."""
        where = found and (found["code"], found["carrier"])
        return where == (self.code.value, self.carrier or None)

    @property
    def carrier(self) -> str:
        """As a finding has it."""
        return NAME if self.of_carrier else ""


NATIONS = [
    Sick(carrier_down, Code.BINDS_DOWN, "no connection to the SMSC"),
    Sick(throttling, Code.SLOWED, "ESME_RTHROTTLED"),
    Sick(window_too_small, Code.WINDOW_FULL, "the windows are full"),
    Sick(silent_on_receipts, Code.RECEIPTS_MISSING, "no receipt for"),
    Sick(ids_come_again, Code.IDS_COME_AGAIN, "have ids that come again"),
    Sick(receipts_fit_nothing, Code.RECEIPTS_MISFIT, "receipts fit no submission"),
    Sick(settling_behind, Code.SETTLING_BEHIND, "not settled for"),
    Sick(database_slow, Code.DATABASE_SLOW, "the database takes", of_carrier=False),
    Sick(paused, Code.PAUSED, "wait and nothing is sent", of_carrier=False),
    Sick(one_bind_missing, Code.BINDS_DOWN, "1 of 2 binds not up"),
]


@pytest.fixture
async def nation(rig: Rig) -> AsyncIterator[Nation]:
    async with AsyncExitStack() as ways:
        with ExitStack() as locks:
            yield Nation(rig, ways, locks)
        await rig.close()


@pytest.mark.parametrize("sick", NATIONS, ids=lambda each: each.begin.__name__)
async def test_every_surface_names_the_cause_first(
    sick: Sick, nation: Nation, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sooner(monkeypatch, {} if sick.code is Code.DATABASE_SLOW else UNHURRIED)
    campaign = await sick.begin(nation)
    await diagnosed(nation.rig, campaign, sick)
    screens = Screens(nation.rig, sick)
    show, name = ("campaign", "show", campaign.name), campaign.name
    surfaces: list[Awaitable[None]] = [
        screens.document(*show, "--json"),
        screens.document("campaign", "report", name, "--json"),
        screens.page(*show),
        screens.page("campaign", "report", name),
        screens.page("campaign", "list", title=f"What is wrong with {name}"),
        screens.html_report(name),
        screens.watched(name),
        screens.watched_lines(name),
        screens.exported(name),
        screens.on_the_board(name),
    ]
    if sick.code is not Code.PAUSED:  # of a carrier it is no trouble that one alert is paused
        surfaces.append(screens.document("carrier", "show", NAME, "--json"))
        surfaces.append(screens.page("carrier", "show", NAME))
    await asyncio.gather(*surfaces)


async def diagnosed(rig: Rig, campaign: Campaign, sick: Sick) -> None:
    """Wait until the diagnosis itself has the cause first."""
    diagnosis = Diagnosis(rig.conn, campaign.campaign_id)
    seen: list[Finding] = []

    async def first() -> bool:
        seen[:] = await diagnosis.findings()
        found = cause(seen)
        return sick.is_first(found and found.document())

    try:
        await until(first, f"{sick.code} is named first", 90)
    except TimeoutError:
        pytest.fail(f"{sick.code} is not named first: {[*map(str, seen)]}")


@dataclass
class Screens:
    """What commands show, as processes of their own. seen: what they said last, for who looks why it failed."""

    rig: Rig
    sick: Sick
    seen: dict[str, str] = field(default_factory=dict)
    one: asyncio.Lock = field(
        default_factory=asyncio.Lock
    )  # begins at a time: its log is told by how many there are

    async def document(self, *words: str) -> None:
        """A command's document, until the first of its findings is the cause."""

        async def there() -> bool:
            found = json.loads(await self._printed(words))["findings"]
            return self.sick.is_first(next(iter(found), None))

        await self._until(there, words)

    async def page(self, *words: str, title: str = "What is wrong") -> None:
        """A command's text, until what stands first under its head is the cause."""

        async def there() -> bool:
            _, head, below = (await self._printed(words)).partition(f"{title}\n")
            return bool(head) and self.sick.words in below.splitlines()[0]

        await self._until(there, words)

    async def html_report(self, name: str) -> None:
        """The report as a page, until the first item of its list of findings is the cause."""
        path = self.rig.folder / "report.html"
        words = ("campaign", "report", name, "--html", str(path))

        async def there() -> bool:
            await self._printed(words)
            page = lxml.html.parse(path)
            items = page.xpath("//ul[@class='findings']/li")
            self.seen["html"] = first = items[0].text_content() if items else ""
            return self.sick.words in first

        await self._until(there, words)

    async def watched(self, name: str) -> None:
        """The documents of `watch`, a line each, until one has the cause first."""

        def there(lines: list[str]) -> bool:
            whole = [json.loads(line)["findings"] for line in lines]
            return any(self.sick.is_first(next(iter(found), None)) for found in whole)

        await self._watched(there, "--every", "0.5", "--json", name)

    async def watched_lines(self, name: str) -> None:
        """The lines of `watch`, until there is one of what is wrong: the first must be of the cause."""
        found: list[str] = []

        def there(lines: list[str]) -> bool:
            found[:] = [line for line in lines if line.startswith("  ")]
            return bool(found)

        await self._watched(there, "--every", "1", name)
        assert self.sick.words in found[0], found

    async def exported(self, name: str) -> None:
        """What an exporter serves, until the cause is the first of the alert's findings and of its carrier's."""
        life = Exporter(None, as_user(self.rig.url, "w"))
        running = asyncio.create_task(life.run(), name="exporter")

        def there() -> bool:
            self.seen["exporter"] = said = life.exposition("")[1].decode()
            of_campaign = _first(said, "broadcast_campaign_finding", campaign=name)
            found = [of_campaign]
            if self.sick.code is not Code.PAUSED:
                found.append(_first(said, "broadcast_carrier_finding", carrier=self.sick.carrier))
            return all(self.sick.is_first(each) for each in found)

        await self._until(there, ("exporter",))
        life.stop()
        await running

    async def on_the_board(self, name: str) -> None:
        """The board's document and its page, until both have the cause first. A nation that has no other trouble."""
        home = await connect(as_user(self.rig.url, "w"))
        reading = NationReading(home)

        async def there() -> bool:
            nonlocal home
            try:
                with for_everybody():
                    said = document(await reading.read(), Beside())
            except MENDABLE:  # it did not answer soon enough, and is asked again as a board asks
                home.terminate()
                home = await connect(as_user(self.rig.url, "w"))
                reading.renew(home)
                return False
            (alert,) = (each for each in said["campaigns"] if each["name"] == name)
            self.seen["board"] = json.dumps(alert["findings"])
            shown = next(iter(board(said, View()).wrong), None)
            first = self.sick.is_first(next(iter(alert["findings"]), None))
            return (
                first
                and shown is not None
                and shown.carrier == self.sick.carrier
                and self.sick.words in shown.sentence
            )

        try:
            await self._until(there, ("board",))
        finally:
            reading.close()
            home.terminate()

    async def _printed(self, words: tuple[str, ...]) -> str:
        process, log = await self._begun(words)
        assert await process.wait() == 0, log.read_text(encoding="utf-8")
        self.seen[" ".join(words)] = said = log.read_text(encoding="utf-8")
        return said

    async def _watched(self, there: Callable[[list[str]], bool], *words: str) -> None:
        process, log = await self._begun(("campaign", "watch", *words))

        def seen() -> bool:
            said = log.read_text(encoding="utf-8")
            self.seen[" ".join(words)] = said[-2000:]
            return there([line for line in said.splitlines(keepends=True) if line.endswith("\n")])

        await self._until(seen, words)
        process.terminate()
        await process.wait()

    async def _begun(self, words: tuple[str, ...]) -> tuple[Forked, Path]:
        async with self.one:
            log = self.rig.folder / f"process-{len(self.rig.processes)}.log"
            return await self.rig.command(*words, config=self.rig.configuration()), log

    async def _until(self, holds: Callable[[], Any], words: tuple[str, ...]) -> None:
        try:
            await until(holds, f"`{' '.join(words)}` names {self.sick.code} first")
        except TimeoutError:
            pytest.fail(f"`{' '.join(words)}` does not name {self.sick.code} first: {self.seen}")


def _first(said: str, name: str, **labels: str) -> dict[str, str | None] | None:
    """The labels of the first series of this name that has these."""
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return {**sample.labels, "carrier": sample.labels["carrier"] or None}
    return None
