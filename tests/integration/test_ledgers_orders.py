"""Orders amid what goes wrong at three in the morning: wrong URLs, ledgers that hang, home away, orders given twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from integration.nation_world import ACTOR, NationWorld, ledger, nation
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.actions import campaign as actions
from broadcast.actions.campaign import order_without_home
from broadcast.actions.notices import HomeAway, Notice, Untold
from broadcast.campaign import campaigns, orders
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.errors import DatabaseDownError

CARRIERS = ("viettel", "mobifone")
TWO = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")}
NOBODY = DatabaseDownError("it does not answer")


@pytest.fixture
async def world(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    async with nation(rig, two_databases, monkeypatch) as made:
        await made.simulate(*CARRIERS, people=30)
        await made.begin(TWO)
        yield made


async def launched(world: NationWorld) -> Campaign:
    return await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)


async def state(world: NationWorld, name: str) -> str:
    return str(await world.conn(name).fetchval("SELECT state FROM campaign"))


async def without_home(world: NationWorld, campaign: Campaign, order: CampaignState) -> list[Notice]:
    told: list[Notice] = []
    await order_without_home(world.rig.config, ACTOR, campaign.name, order, told.append, NOBODY)
    return told


@pytest.mark.parametrize("url", [None, "postgresql://broadcast@127.0.0.1:1/nowhere", "south"])
async def test_home_is_away_and_one_ledgers_url_is_wrong(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    """The others stop all the same, and nobody is told that all is paused."""
    campaign = await launched(world)
    if url is None:
        monkeypatch.delenv("NORTH_URL")
    else:
        monkeypatch.setenv("NORTH_URL", world.urls.get(url, url))
    with pytest.raises(DatabaseDownError, match=r"nor could these ledgers be told.* north \(.*again"):
        await without_home(world, campaign, CampaignState.PAUSED)
    assert (await state(world, "north"), await state(world, "south")) == ("running", "paused")
    assert await world.conn("south").fetchval("SELECT count(*) FROM ledger_order") == 1


async def test_home_is_away_and_one_ledger_hangs(world: NationWorld) -> None:
    """It is waited for a while, beside the others."""
    campaign = await launched(world)
    async with world.conn("north").transaction():
        await world.conn("north").execute("SELECT FROM campaign FOR UPDATE")
        with pytest.raises(DatabaseDownError, match="nor could these ledgers be told"):
            await asyncio.wait_for(without_home(world, campaign, CampaignState.PAUSED), PATIENCE_S)
        assert await state(world, "south") == "paused"


async def test_paused_twice_while_home_is_away_and_resumed_there_before(world: NationWorld) -> None:
    """The ledgers have it as paused, for they have not heard yet that home resumed it: the last word is to pause."""
    campaign = await launched(world)
    await actions.pause(world.session, ACTOR, campaign.name)
    paused = await campaigns.get(world.rig.conn, campaign.campaign_id)
    await campaigns.resume(world.rig.conn, paused, "binh")  # and home goes away before a ledger hears it
    assert await without_home(world, campaign, CampaignState.PAUSED) == [
        HomeAway(("north", "south"), str(NOBODY))
    ]
    for name in TWO:
        world.work(name)

    async def over() -> bool:
        query = "SELECT count(*) FROM ledger_order WHERE taken_at IS NULL"
        return not any([await world.conn(name).fetchval(query) for name in TWO])

    await until(over, "home has taken it over")
    assert (await campaigns.get(world.rig.conn, campaign.campaign_id)).state == "paused"


async def test_what_a_ledger_cancelled_no_order_of_home_revives(world: NationWorld) -> None:
    """Somebody resumes it before home has heard that it was cancelled: nothing leaves, and it is."""
    campaign = await launched(world)
    await without_home(world, campaign, CampaignState.CANCELLED)
    await actions.pause(world.session, ACTOR, campaign.name)
    await actions.resume(world.session, ACTOR, campaign.name)
    assert (await state(world, "north"), await state(world, "south")) == ("cancelled", "cancelled")
    for name in TWO:
        world.work(name)
    found = await world.finish(campaign)
    assert found.report.progress.total.states["excluded"] == 60
    assert [(await world.rig.smscs[name].book())["segments"] for name in CARRIERS] == [0, 0]


async def test_a_configuration_that_lacks_one_ledger(world: NationWorld) -> None:
    """The others are told all the same."""
    campaign = await launched(world)
    world.rig.config = replace(world.rig.config, ledgers={"south": ledger("south", *CARRIERS)})
    await actions.pause(world.session, ACTOR, campaign.name)
    assert world.told == [Untold("north", None)]
    assert (await state(world, "north"), await state(world, "south")) == ("running", "paused")


async def test_an_order_holds_whatever_is_wrong_with_a_ledgers_url(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is home's: it is no failure, and no rule refused it."""
    campaign = await launched(world)
    monkeypatch.delenv("NORTH_URL")
    assert (await actions.pause(world.session, ACTOR, campaign.name)).state == "paused"
    monkeypatch.setenv("NORTH_URL", world.urls["south"])
    assert (await actions.cancel(world.session, ACTOR, campaign.name)).state == "cancelled"
    assert [each.ledger for each in world.told if isinstance(each, Untold)] == ["north", "north"]
    assert await state(world, "south") == "cancelled"


async def test_a_cancel_while_a_ledger_hangs(world: NationWorld) -> None:
    """It holds, the others are told and what waits there has its end; a line names the one that hangs."""
    campaign = await launched(world)
    async with world.conn("north").transaction():
        await world.conn("north").execute("SELECT FROM campaign FOR UPDATE")
        done = await asyncio.wait_for(actions.cancel(world.session, ACTOR, campaign.name), PATIENCE_S)
    assert done.state == "cancelled"
    assert [each.ledger for each in world.told if isinstance(each, Untold)] == ["north"]
    assert await world.conn("south").fetchval("SELECT finished_at IS NOT NULL FROM campaign")


async def test_a_launch_that_was_killed_and_ordered_without_home_is_repeated(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was ordered in a copy that nobody sends goes with it."""
    campaign = await world.rig.approved()

    class Killed(BaseException):
        pass

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("broadcast.campaign.launch._say_running", killed)
        with pytest.raises(Killed):
            await actions.launch(world.session, ACTOR, campaign.name)
    await without_home(world, campaign, CampaignState.PAUSED)
    assert (await actions.launch(world.session, ACTOR, campaign.name)).state == "running"
    for name in TWO:
        world.work(name)
    await world.finish(campaign)


async def test_order_here_is_of_one_transaction(world: NationWorld) -> None:
    """A ledger that has none of it gets no order."""
    await launched(world)
    found = await orders.order_here("north", TWO["north"], "no-such-alert", "paused", "an")
    assert found is None
    assert await world.conn("north").fetchval("SELECT count(*) FROM ledger_order") == 0
