"""Home or a ledger goes away amid an alert, and comes back: nothing leaves that home has stopped, and nothing twice."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from integration.database_way import DatabaseWay, way_to_database
from integration.nation_world import ACTOR, FIRST, NationWorld, ledger, nation
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.actions import campaign as actions
from broadcast.actions.campaign import order_without_home
from broadcast.actions.notices import HomeAway, Notice
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.config import HomeAway as Manner
from broadcast.errors import DatabaseDownError
from broadcast.ledger import replies
from broadcast.store.locks import Lock

ROOT = Path(__file__).parents[2]

NORTH, SOUTH = ("viettel",), ("mobifone",)
ALL = (*NORTH, *SOUTH)
TWO = {"north": ledger("north", *NORTH), "south": ledger("south", *SOUTH)}
TPS = 150
HEARD_S = 2.2  # docs/nation.md: workers hear of it within 2 s, or stop; and an answer on its way


@pytest.fixture
async def world(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    async with nation(rig, two_databases, monkeypatch) as made:
        yield made


class Ways:
    """Those of the workers: to home, and to north's database."""

    def __init__(self, home: DatabaseWay, north: DatabaseWay) -> None:
        self.home, self.north = home, north


@pytest.fixture
async def ways(world: NationWorld, tmp_path: Path) -> AsyncIterator[Ways]:
    for name in ("way-home", "way-north"):
        (tmp_path / name).mkdir()
    async with (
        way_to_database(tmp_path / "way-home", world.rig.url) as home,
        way_to_database(tmp_path / "way-north", world.urls["north"]) as north,
    ):
        yield Ways(home, north)
        await world.rig.close()
        world.rig.workers.clear()


async def under_way(
    world: NationWorld,
    ways: Ways,
    *,
    people: int = 3000,
    home_away: Manner = "stop",
    category: str = "emergency",
) -> Campaign:
    """Two workers are sending; north's by ways that can be cut."""
    await world.simulate(*ALL, people=people, tps=TPS)
    engine = replace(world.rig.config.engine, home_away=home_away)
    world.rig.config = replace(world.rig.config, engine=engine)
    await world.begin(TWO)
    world.work("north", url=ways.north.url, home_url=ways.home.url)
    world.work("south")
    approved = await world.rig.approved(category=category)
    campaign = await actions.launch(world.session, ACTOR, approved.name)
    await until(lambda: flowing(world), "both carriers get segments")
    return campaign


async def taken(world: NationWorld, name: str) -> int:
    """Segments that a carrier's SMSC took so far."""
    return int((await world.rig.smscs[name].book())["segments"])


async def flowing(world: NationWorld) -> bool:
    return all([await taken(world, name) > 0 for name in ALL])


async def still(world: NationWorld, name: str) -> bool:
    """A carrier gets nothing for a second."""
    before = await taken(world, name)
    await asyncio.sleep(1)
    return await taken(world, name) == before


async def goes_on(world: NationWorld, name: str) -> bool:
    return not await still(world, name)


async def test_home_away_for_ten_seconds(
    world: NationWorld, ways: Ways, caplog: pytest.LogCaptureFixture
) -> None:
    """The workers that cannot hear home stop, the others go on; home is back, and so are they."""
    caplog.set_level("INFO")
    campaign = await under_way(world, ways)
    ways.home.lose()
    await until(lambda: still(world, "viettel"), "north's worker stops by itself")
    assert await goes_on(world, "mobifone")
    await asyncio.sleep(5)
    assert await still(world, "viettel")
    await ways.home.start()
    await until(lambda: goes_on(world, "viettel"), "it goes on")
    await world.finish(campaign)
    assert await world.differing(campaign) == []
    told = [each.getMessage() for each in caplog.records if "database" in each.getMessage()]
    assert told and len(told) < 10, told  # each task once, not at every try


@pytest.mark.parametrize("manner", ["swallow", "silence"])
async def test_a_pause_while_home_says_nothing(world: NationWorld, ways: Ways, manner: str) -> None:
    """The connection stands and nothing comes by it, so that nobody is told that home is lost."""
    campaign = await under_way(world, ways)
    getattr(ways.home, manner)()
    await campaigns.pause(world.rig.conn, campaign, "binh")  # at home alone: no ledger is told
    await asyncio.sleep(HEARD_S)
    assert await still(world, "viettel")
    assert await still(world, "mobifone")
    ways.home.speak()

    async def follows() -> bool:
        return str(await world.conn("north").fetchval("SELECT state FROM campaign")) == "paused"

    await until(follows, "north follows home")
    await actions.resume(world.session, ACTOR, campaign.name)
    await world.finish(campaign)
    assert await world.differing(campaign) == []


async def test_home_away_and_sending_goes_on(world: NationWorld, ways: Ways) -> None:
    """Where it is configured so. A ledger that was away meanwhile may be out of date: home is heard first."""
    campaign = await under_way(world, ways, home_away="go_on")
    ways.home.lose()
    await asyncio.sleep(4)
    assert await goes_on(world, "viettel")
    ways.north.lose()
    await until(lambda: still(world, "viettel"), "without its ledger nothing leaves")
    await ways.north.start()
    await asyncio.sleep(3)
    assert await still(world, "viettel")
    await ways.home.start()
    await until(lambda: goes_on(world, "viettel"), "home was heard")
    await world.finish(campaign)
    assert await world.differing(campaign) == []


async def test_a_ledger_away_for_ten_seconds(world: NationWorld, ways: Ways) -> None:
    """Its carriers wait, all others go on; nobody is lost or sent to twice."""
    campaign = await under_way(world, ways)
    ways.north.lose()
    await until(lambda: still(world, "viettel"), "its carrier waits")
    assert await goes_on(world, "mobifone")
    await asyncio.sleep(6)
    await ways.north.start()
    await until(lambda: goes_on(world, "viettel"), "it goes on")
    await world.finish(campaign)
    assert await world.differing(campaign) == []


@pytest.mark.parametrize("order", ["pause", "cancel"])
async def test_a_ledger_that_comes_back_untold(world: NationWorld, ways: Ways, order: str) -> None:
    """It was away while an alert was stopped, and still has it as running when it is back: nothing leaves."""
    campaign = await under_way(world, ways)
    ways.north.lose()
    await until(lambda: still(world, "viettel"), "its carrier waits")
    stop = campaigns.pause if order == "pause" else campaigns.cancel  # at home alone: the ledger is not told
    await stop(world.rig.conn, await campaigns.get(world.rig.conn, campaign.campaign_id), "binh")
    before = await taken(world, "viettel")
    assert await world.conn("north").fetchval("SELECT state FROM campaign") == "running"
    await ways.north.start()

    async def follows() -> bool:
        return bool(await world.conn("north").fetchval("SELECT state <> 'running' FROM campaign"))

    await until(follows, "the ledger follows home")
    await asyncio.sleep(2)
    assert await taken(world, "viettel") == before
    if order == "pause":
        await actions.resume(world.session, ACTOR, campaign.name)
        await world.finish(campaign)
        assert await world.differing(campaign) == []


async def test_stopped_in_the_ledgers_while_home_is_away(world: NationWorld, ways: Ways) -> None:
    """An alert stops in every ledger that is reached; home takes it over, and only once."""
    campaign = await under_way(world, ways, home_away="go_on")
    ways.home.lose()
    told: list[Notice] = []
    why = DatabaseDownError("it does not answer")
    done = await order_without_home(
        world.rig.config, ACTOR, campaign.name, CampaignState.PAUSED, told.append, why
    )
    assert (done.state, told) == ("paused", [HomeAway(("north", "south"), str(why))])
    for name in ALL:
        await until(lambda name=name: still(world, name), "it stops")  # type: ignore[misc]
    await ways.home.start()

    async def taken_over() -> bool:
        return (await campaigns.get(world.rig.conn, campaign.campaign_id)).state == "paused"

    await until(taken_over, "home has taken it over")
    await until(lambda: all_taken(world), "both ledgers know that")
    happened = [each.event for each in await campaigns.events(world.rig.conn, campaign.campaign_id)]
    assert happened[:4] == ["drafted", "approved", "launched", "paused"]
    assert happened[4:] == ["paused in a ledger"]  # south's, when home was paused by north's
    await actions.resume(world.session, ACTOR, campaign.name)
    await world.finish(campaign)
    assert await world.differing(campaign) == []


async def all_taken(world: NationWorld) -> bool:
    query = "SELECT count(*) FROM ledger_order WHERE taken_at IS NULL"
    return not any([await world.conn(name).fetchval(query) for name in TWO])


async def test_opt_outs_reach_every_ledger(world: NationWorld, ways: Ways) -> None:
    """Who answers STOP to one carrier is out at home and in what runs in any ledger, also when home was away."""
    campaign = await under_way(world, ways, people=2000, category="health")
    await actions.pause(world.session, ACTOR, campaign.name)
    await until(lambda: paused(world), "both ledgers are paused")
    waiting = await world.conn("south").fetchval(
        "SELECT msisdns[total] FROM slice WHERE state = 'ready' AND mark < total - 1 ORDER BY slice_id DESC LIMIT 1"
    )
    assert waiting >= FIRST + 1_000_000
    ways.home.lose()
    number = await world.conn("north").fetchval("SELECT carrier_no FROM carrier WHERE name = 'viettel'")
    await world.conn("north").execute(
        "INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source)"
        " VALUES ($1, '1900', 0, 0, 'STOP', $2)",
        number, str(waiting),
    )  # fmt: skip
    await until(lambda: read(world), "it is read")
    assert await world.rig.conn.fetchval("SELECT count(*) FROM opt_out") == 0
    await ways.home.start()

    async def out() -> bool:
        return bool(
            await world.rig.conn.fetchval(
                "SELECT opted_out_at IS NOT NULL FROM subscriber WHERE msisdn = $1", waiting
            )
        )

    await until(out, "they are opted out at home")
    await until(lambda: excluded(world), "and taken out of the other ledger's slices")
    effects = await replies.latest(world.conn("north"), replies.NO_CAMPAIGN, 10)
    effects += await replies.latest(world.conn("north"), campaign.campaign_id, 10)
    assert [each.effect for each in effects] == ["opted_out"]
    await actions.resume(world.session, ACTOR, campaign.name)
    found = await world.finish(campaign)
    assert found.report.progress.total.states["excluded"] == 1


async def paused(world: NationWorld) -> bool:
    return all(
        [await world.conn(name).fetchval("SELECT bool_and(state <> 'leased') FROM slice") for name in TWO]
    )


async def read(world: NationWorld) -> bool:
    return bool(await world.conn("north").fetchval("SELECT count(*) FROM reply"))


async def excluded(world: NationWorld) -> bool:
    return bool(await world.conn("south").fetchval("SELECT count(*) FROM exclusion"))


NEW = 1000  # people of a list that is imported meanwhile


class Import:
    """`broadcast subscriber import -`: it has begun, and waits for the end of its list."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, world: NationWorld, url: str) -> "Import":
        """url: the way to home that it goes."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "broadcast", "subscriber", "import", "-", "--json"), cwd=world.rig.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "BROADCAST_DATABASE_URL": url,
                 "BROADCAST_CONFIG": str(ROOT / "config" / "vietnam.toml")},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(b"msisdn\n" + b"".join(b"%d\n" % (84_330_000_000 + each) for each in range(NEW)))
        await process.stdin.drain()
        held = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted)"

        async def begun() -> bool:
            assert process.returncode is None
            return bool(await world.rig.conn.fetchval(held, Lock.IMPORTING))

        await until(begun, "the import has begun")
        return cls(process)

    async def end(self) -> tuple[int | None, str, list[str]]:
        """Its list is at its end: exit code, stdout, lines of stderr."""
        out, err = await asyncio.wait_for(self._process.communicate(b""), PATIENCE_S)
        return self._process.returncode, out.decode(), err.decode().splitlines()


async def imported(world: NationWorld) -> int:
    return int(await world.rig.conn.fetchval("SELECT count(*) FROM subscriber WHERE msisdn >= 84330000000"))


@pytest.mark.long
async def test_an_import_while_home_is_away(world: NationWorld, ways: Ways) -> None:
    """It ends with a line and has changed nothing; the same command again brings all. The alert loses nobody by it."""
    campaign = await under_way(world, ways)
    first = await Import.begin(world, ways.home.url)
    ways.home.lose()
    code, out, said = await first.end()
    assert (code, out, len(said)) == (1, "", 1), said
    assert said[0].startswith("broadcast: the connection to ")
    assert said[0].endswith(" was lost: see whether it still runs, then run this again")
    await until(lambda: still(world, "viettel"), "north's worker stops by itself")
    await asyncio.sleep(7)
    assert await imported(world) == 0
    await ways.home.start()
    code, out, said = await (await Import.begin(world, ways.home.url)).end()
    assert (code, json.loads(out)["imported"], await imported(world)) == (0, NEW, NEW), said
    await world.finish(campaign)
    assert await world.differing(campaign) == []


@pytest.mark.long
async def test_an_import_while_a_ledger_is_away(world: NationWorld, ways: Ways) -> None:
    """It is home's alone, and goes on; so does the alert, which is of who was there before."""
    campaign = await under_way(world, ways)
    begun = await Import.begin(world, world.rig.url)
    ways.north.lose()
    await until(lambda: still(world, "viettel"), "its carrier waits")
    code, out, said = await begun.end()
    assert (code, json.loads(out)["imported"], await imported(world)) == (0, NEW, NEW), said
    assert await goes_on(world, "mobifone")
    await asyncio.sleep(6)
    await ways.north.start()
    found = await world.finish(campaign)
    assert (found.audit.audience, await world.differing(campaign)) == (6000, [])
    again = await Import.begin(world, world.rig.url)
    code, out, said = await again.end()
    assert (code, json.loads(out)["updated"], await imported(world)) == (0, NEW, NEW), said
