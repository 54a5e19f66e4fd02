"""Orders amid what goes wrong at three in the morning: wrong URLs, ledgers that hang, home away, orders given twice."""

import asyncio
from dataclasses import replace

import pytest
from integration import steps
from integration.nation_world import CARRIERS, TWO, NationWorld, ledger
from integration.steps import by
from waiting import PATIENCE_S, until

from broadcast.actions import campaign as actions
from broadcast.actions import launch as launching
from broadcast.actions.campaign import order_without_home
from broadcast.actions.notices import HomeAway, Notice, Untold
from broadcast.campaign import campaigns, orders
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.errors import DatabaseDownError
from broadcast.store.pool import logged_in_as

NOBODY = DatabaseDownError("it does not answer")


@pytest.fixture
async def nation(nation: NationWorld) -> NationWorld:
    await nation.simulate(*CARRIERS, people=30)
    await nation.begin(TWO)
    return nation


async def launched(nation: NationWorld) -> Campaign:
    return await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)


async def state(nation: NationWorld, name: str) -> str:
    return str(await nation.conn(name).fetchval("SELECT state FROM campaign"))


async def without_home(nation: NationWorld, campaign: Campaign, order: CampaignState) -> list[Notice]:
    told: list[Notice] = []
    with logged_in_as("an"):
        await order_without_home(nation.rig.config, campaign.name, order, told.append, NOBODY)
    return told


@pytest.mark.parametrize("url", [None, "postgresql://broadcast@127.0.0.1:1/nowhere", "south"])
async def test_home_is_away_and_one_ledgers_url_is_wrong(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    """The others stop all the same, and nobody is told that all is paused."""
    campaign = await launched(nation)
    if url is None:
        monkeypatch.delenv("NORTH_URL")
    else:
        monkeypatch.setenv("NORTH_URL", nation.urls.get(url, url))
    with pytest.raises(DatabaseDownError, match=r"nor could these ledgers be told.* north \(.*again"):
        await without_home(nation, campaign, CampaignState.PAUSED)
    assert (await state(nation, "north"), await state(nation, "south")) == ("running", "paused")
    assert await nation.conn("south").fetchval("SELECT count(*) FROM ledger_order") == 1


async def test_home_is_away_and_one_ledger_hangs(nation: NationWorld) -> None:
    """It is waited for a while, beside the others."""
    campaign = await launched(nation)
    async with nation.conn("north").transaction():
        await nation.conn("north").execute("SELECT FROM campaign FOR UPDATE")
        with pytest.raises(DatabaseDownError, match="nor could these ledgers be told"):
            await asyncio.wait_for(without_home(nation, campaign, CampaignState.PAUSED), PATIENCE_S)
        assert await state(nation, "south") == "paused"


async def test_paused_twice_while_home_is_away_and_resumed_there_before(nation: NationWorld) -> None:
    """The ledgers have it as paused, for they have not heard yet that home resumed it: the last word is to pause."""
    campaign = await launched(nation)
    await by("an", actions.pause, nation.session, campaign.name)
    paused = await campaigns.get(nation.rig.conn, campaign.campaign_id)
    await steps.resume(nation.rig.conn, paused, "binh")  # and home goes away before a ledger hears it
    assert await without_home(nation, campaign, CampaignState.PAUSED) == [
        HomeAway(("north", "south"), str(NOBODY))
    ]
    for name in TWO:
        nation.work(name)

    async def over() -> bool:
        query = "SELECT count(*) FROM ledger_order WHERE taken_at IS NULL"
        return not any([await nation.conn(name).fetchval(query) for name in TWO])

    await until(over, "home has taken it over")
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).state == "paused"


async def test_what_a_ledger_cancelled_no_order_of_home_revives(nation: NationWorld) -> None:
    """Somebody resumes it before home has heard that it was cancelled: nothing leaves, and it is."""
    campaign = await launched(nation)
    await without_home(nation, campaign, CampaignState.CANCELLED)
    await by("an", actions.pause, nation.session, campaign.name)
    await by("an", actions.resume, nation.session, campaign.name)
    assert (await state(nation, "north"), await state(nation, "south")) == ("cancelled", "cancelled")
    for name in TWO:
        nation.work(name)
    found = await nation.finish(campaign)
    assert found.report.progress.total.states["excluded"] == 60
    assert [(await nation.rig.smscs[name].book())["segments"] for name in CARRIERS] == [0, 0]


async def test_a_configuration_that_lacks_one_ledger(nation: NationWorld) -> None:
    """The others are told all the same."""
    campaign = await launched(nation)
    nation.rig.config = replace(nation.rig.config, ledgers={"south": ledger("south", *CARRIERS)})
    await by("an", actions.pause, nation.session, campaign.name)
    assert nation.told == [Untold("north", None)]
    assert (await state(nation, "north"), await state(nation, "south")) == ("running", "paused")


async def test_an_order_holds_whatever_is_wrong_with_a_ledgers_url(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is home's: it is no failure, and no rule refused it."""
    campaign = await launched(nation)
    monkeypatch.delenv("NORTH_URL")
    assert (await by("an", actions.pause, nation.session, campaign.name)).state == "paused"
    monkeypatch.setenv("NORTH_URL", nation.urls["south"])
    assert (await by("an", actions.cancel, nation.session, campaign.name)).state == "cancelled"
    told = [each for each in nation.told if isinstance(each, Untold)]
    assert [each.ledger for each in told] == ["north", "north"]
    assert not any("ledger north" in str(each.why) for each in told)  # the line names it already
    assert await state(nation, "south") == "cancelled"


async def test_a_cancel_while_a_ledger_hangs(nation: NationWorld) -> None:
    """It holds, the others are told and what waits there has its end; a line names the one that hangs."""
    campaign = await launched(nation)
    async with nation.conn("north").transaction():
        await nation.conn("north").execute("SELECT FROM campaign FOR UPDATE")
        done = await asyncio.wait_for(by("an", actions.cancel, nation.session, campaign.name), PATIENCE_S)
    assert done.state == "cancelled"
    assert [each.ledger for each in nation.told if isinstance(each, Untold)] == ["north"]
    assert await nation.conn("south").fetchval("SELECT finished_at IS NOT NULL FROM campaign")


async def test_a_launch_that_was_killed_and_ordered_without_home_is_repeated(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was ordered in a copy that nobody sends goes with it."""
    campaign = await nation.rig.approved()

    class Killed(BaseException):
        pass

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("broadcast.campaign.launch._say_running", killed)
        with pytest.raises(Killed):
            await by("an", launching.launch, nation.session, campaign.name)
    await without_home(nation, campaign, CampaignState.PAUSED)
    assert (await by("an", launching.launch, nation.session, campaign.name)).state == "running"
    for name in TWO:
        nation.work(name)
    await nation.finish(campaign)


async def test_order_here_is_of_one_transaction(nation: NationWorld) -> None:
    """A ledger that has none of it gets no order."""
    await launched(nation)
    found = await orders.order_here("north", TWO["north"], "no-such-alert", "paused")
    assert found is None
    assert await nation.conn("north").fetchval("SELECT count(*) FROM ledger_order") == 0
