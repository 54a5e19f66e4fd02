"""Several databases: an Update's launch ends in each of them what it supersedes, and a Cancel does."""

import pytest
from integration.cap_messages import message, octets
from integration.nation_world import CARRIERS, TWO, NationWorld
from integration.steps import by

from broadcast.actions import alert as actions
from broadcast.actions.campaign import approve
from broadcast.actions.launch import launch
from broadcast.actions.notices import Superseded
from broadcast.campaign.campaigns import Campaign
from broadcast.cap.record import Alert

ALERT = message(1)
UPDATE = message(2, "Update", (ALERT,))
CANCEL = message(3, "Cancel", (UPDATE,), infos=False)


@pytest.fixture
async def nation(nation: NationWorld) -> NationWorld:
    await nation.simulate(*CARRIERS, people=30)
    await nation.begin(TWO)
    return nation


async def launched(nation: NationWorld, alert: Alert) -> Campaign:
    drafted = (await by("an", actions.import_message, nation.session, octets(alert))).campaign
    assert drafted is not None
    await by("binh", approve, nation.session, drafted.name, drafted.code)
    return await by("an", launch, nation.session, drafted.name)


async def states(nation: NationWorld, campaign: Campaign) -> list[str]:
    """At home, and in both ledgers."""
    query = "SELECT state FROM campaign WHERE campaign_id = $1"
    return [
        await nation.conn(name).fetchval(query, campaign.campaign_id) for name in ("home", "north", "south")
    ]


async def test_every_ledger_hears_of_it_at_once(nation: NationWorld) -> None:
    """No worker runs, so nobody but the launch itself can have told them."""
    alert = await launched(nation, ALERT)
    assert await states(nation, alert) == ["running"] * 3
    update = await launched(nation, UPDATE)
    assert Superseded(("storm-1",)) in nation.told
    assert await states(nation, alert) == ["cancelled"] * 3
    assert await states(nation, update) == ["running"] * 3
    await by("an", actions.import_message, nation.session, octets(CANCEL))
    assert await states(nation, update) == ["cancelled"] * 3
