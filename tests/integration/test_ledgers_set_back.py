"""Home or a ledger alone was restored to an earlier moment: what docs/nation.md says to do then, by its SQL."""

import re
from pathlib import Path

import pytest
from integration.nation_world import CARRIERS, FIRST, TWO, NationWorld
from integration.steps import by
from waiting import until

from broadcast.actions import campaign as actions
from broadcast.actions import drift
from broadcast.actions import launch as launching
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.errors import BroadcastError
from broadcast.reports.everything import everything
from broadcast.reports.watch import headline, watch

PAGE = Path(__file__).parents[2] / "docs" / "nation.md"


@pytest.fixture
async def nation(nation: NationWorld) -> NationWorld:
    await nation.simulate(*CARRIERS, people=100)
    await nation.begin(TWO)
    return nation


def told(beginning: str) -> str:
    """The statement of the page that begins so."""
    [found] = re.findall(rf"^({re.escape(beginning)}.*);$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


async def forget(nation: NationWorld, campaign: Campaign) -> None:
    """Home is as it was before this one was drafted."""
    parts = ("campaign_part", "campaign_event", "opt_outs_applied", "approval", "campaign_version")
    for table in (*parts, "campaign"):
        await nation.rig.conn.execute(f"DELETE FROM {table} WHERE campaign_id = $1", campaign.campaign_id)
    await nation.rig.conn.execute(
        f"ALTER TABLE campaign ALTER campaign_id RESTART WITH {campaign.campaign_id}"
    )


async def test_what_home_has_forgotten_is_not_sent_and_the_next_alert_is(nation: NationWorld) -> None:
    """Its number is known to the ledgers: the launch says so, and how home gets past it stands on the page."""
    forgotten = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    await forget(nation, forgotten)
    for name in TWO:
        nation.work(name)
    drafted = await nation.rig.approved()
    assert drafted.campaign_id == forgotten.campaign_id
    with pytest.raises(BroadcastError, match="home was set back to an earlier moment than its ledgers"):
        await by("an", launching.launch, nation.session, drafted.name)

    latest = [await nation.conn(name).fetchval("SELECT max(campaign_id) FROM campaign") for name in TWO]
    statement, changed = re.subn(r"\b1000\b", str(max(latest)), told("SELECT setval("))
    assert changed == 1
    await nation.rig.conn.execute(statement)
    launched = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    await nation.finish(launched)
    for name in CARRIERS:
        book = await nation.rig.smscs[name].book()
        assert (book["recipients"], book["extra_copies"]) == (100, 0)
    assert await nation.conn("north").fetchval(
        "SELECT sum(mark) FROM slice WHERE campaign_id = $1", forgotten.campaign_id
    ) in (None, 0)


async def test_opt_outs_that_home_has_forgotten_take_effect_again(nation: NationWorld) -> None:
    nation.work("north")
    north = nation.conn("north")

    async def begun() -> bool:
        return bool(await north.fetchval("SELECT count(*) FROM carrier WHERE name = 'viettel'"))

    await until(begun, "its worker has written the carriers down")
    await north.execute(
        "INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source)"
        " SELECT carrier_no, '1900', 0, 0, 'STOP', $1 FROM carrier WHERE name = 'viettel'",
        str(FIRST),
    )

    async def out() -> bool:
        found = await nation.rig.conn.fetchval(
            "SELECT opted_out_at IS NOT NULL FROM subscriber WHERE msisdn = $1", FIRST
        )
        noted = await north.fetchval("SELECT count(effect) FROM reply")
        return bool(found) and noted == 1

    await until(out, "they are opted out, and the ledger knows")
    await nation.rig.conn.execute("UPDATE subscriber SET opted_out_at = NULL")
    for table in ("opt_out", "reply_effect"):
        await nation.rig.conn.execute(f"DELETE FROM {table}")
    statement, changed = re.subn(r"'\d{4}-[^']+'", "'-infinity'", told("UPDATE reply SET"))
    assert changed == 1
    await north.execute(statement)
    await until(out, "they are opted out again")


async def test_a_ledger_that_has_forgotten_a_launch(
    nation: NationWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever looks is told, wherever they look; `cancel` ends what else would stay open for ever."""
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    await nation.conn("north").execute("SELECT desk_drop_copy($1)", campaign.campaign_id)
    for name in TWO:
        nation.work(name)

    lost = "was set back to before this campaign's launch and has nothing of it: `broadcast campaign cancel` ends it"
    await until(lambda: lost in caplog.text, "the worker says so")
    assert await drift.problems(nation.session) == {"north": f"campaign {campaign.name}: it {lost}"}
    async for now, _ in watch(nation.rig.conn, campaign.name, 0.1, nation.rig.config):
        if now.total.states["delivered"] + now.total.states["undeliverable"] == 100:
            assert now.lost == ("north",)
            assert headline(now).endswith(f"; ledger north {lost}")
            break
    found = await everything(nation.rig.conn, campaign.name, nation.rig.config)
    assert found.audit.problems == (
        "ledger north: 100 recipients are not there, for it was set back to before the launch",
    )

    await until(lambda: south_is_through(nation), "the other ledger is through")
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).finished_at is None
    await by("an", actions.cancel, nation.session, campaign.name)

    async def over() -> bool:
        return (await campaigns.get(nation.rig.conn, campaign.campaign_id)).finished_at is not None

    await until(over, "it is over at home")
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).state == "cancelled"
    assert await drift.problems(nation.session) == {}
    assert (await everything(nation.rig.conn, campaign.name, nation.rig.config)).audit.balanced is False


async def south_is_through(nation: NationWorld) -> bool:
    found = await nation.rig.conn.fetchval(
        "SELECT finished_at IS NOT NULL FROM campaign_part WHERE ledger = 'south'"
    )
    return bool(found)
