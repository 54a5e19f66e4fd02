"""A first share over several ledgers: each holds back its rest, home judges, and the verdict reaches all of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from integration import steps
from integration.nation_world import CARRIERS, TWO, NationWorld, ledger
from integration.steps import by
from waiting import until

from broadcast.actions import campaign as actions
from broadcast.actions import launch as launching
from broadcast.actions.audit_chain import prove
from broadcast.campaign import campaigns, orders
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plan import Canary, Plan
from broadcast.config import Bind, Carrier, Ledger, Share
from broadcast.engine import first_shares
from broadcast.reports.campaigns import listed
from broadcast.store.pool import logged_in_as

PEOPLE = 200
SHARE = 10
CANARY = Canary(SHARE, 1, 95, 50)
HOME_TOO = {"first": Ledger(carriers=("viettel",)), "south": ledger("south", "mobifone")}


async def world(nation: NationWorld, ledgers: dict[str, Ledger] = TWO, **refused: float) -> None:
    """refused: shares of a carrier's people whom it refuses."""
    for name in CARRIERS:
        more = {"refused_share": refused[name]} if name in refused else {}
        await nation.rig.smsc(name, receipt_delay_s=0.0, **more)
        nation.rig.connect(name, 1000)
        await nation.rig.subscribers(name, PEOPLE, 84320000000 + CARRIERS.index(name) * 1_000_000)
    await nation.begin(ledgers)


async def launched(nation: NationWorld, canary: Canary = CANARY) -> Campaign:
    approved = await nation.rig.approved(category="health", plan=Plan(canary=canary))
    return await by("an", launching.launch, nation.session, approved.name)


async def of_stage(nation: NationWorld, names: Iterable[str], stage: int) -> set[int]:
    query = "SELECT unnest(msisdns) AS msisdn FROM slice WHERE stage = $1"
    return {row["msisdn"] for name in names for row in await nation.conn(name).fetch(query, stage)}


async def reached(nation: NationWorld) -> set[int]:
    """Whom a book has; nobody has a message twice."""
    found: set[int] = set()
    for smsc in nation.rig.smscs.values():
        assert (await smsc.book())["extra_copies"] == 0
        found |= {msisdn for msisdn, _ in smsc.people().unseen()}
    return found


async def becomes(nation: NationWorld, campaign: Campaign, state: str, *names: str) -> None:
    """At home and in these ledgers."""

    async def there() -> bool:
        found = [
            (await campaigns.get(each, campaign.campaign_id)).state
            for each in (nation.rig.conn, *map(nation.conn, names))
        ]
        return found == [state] * len(found)

    await until(there, f"the campaign is {state} everywhere")


async def events(nation: NationWorld, campaign: Campaign) -> list[str]:
    return [each.event for each in await campaigns.events(nation.rig.conn, campaign.campaign_id)][3:]


async def heard(nation: NationWorld, name: str) -> dict[str, Any] | None:
    """What home knows of a ledger's share."""
    return await nation.rig.conn.fetchval("SELECT figures FROM first_share WHERE ledger = $1", name)


async def finding(nation: NationWorld) -> str:
    """As `campaign list` says it."""
    (found,) = await listed(nation.rig.conn, nation.rig.config)
    return next(each.sentence for each in found.findings if each.code.startswith("first_share"))


async def proved(nation: NationWorld) -> None:
    """The audit chain of every database says what its tables say of alerts. Accounts are made by hand here."""
    found = (await prove(nation.session, [])).differences
    wrong = [str(each) for each in found if "account " not in each.place]
    assert wrong == []


@pytest.mark.parametrize("ledgers", [TWO, HOME_TOO], ids=["beside home", "home is one"])
async def test_a_good_one_goes_on_by_itself_in_every_ledger(
    nation: NationWorld, ledgers: dict[str, Ledger]
) -> None:
    await world(nation, ledgers)
    campaign = await launched(nation)
    for name in ledgers:
        assert len(await of_stage(nation, [name], 0)) == PEOPLE * SHARE // 100
        nation.work(name)
    found = await nation.finish(campaign)
    assert found.report.progress.total.states["delivered"] == 2 * PEOPLE
    assert await events(nation, campaign) == ["first share passed", "finished"]
    (passed,) = [each for each in found.report.events if each.event == "first share passed"]
    assert set(passed.details["figures"]) == set(CARRIERS)
    for name in ledgers:
        early = await nation.conn(name).fetchval("SELECT max(sent_until) FROM slice WHERE stage = 0")
        assert (
            early
            < passed.at
            < await nation.conn(name).fetchval("SELECT min(sent_until) FROM slice WHERE stage = 1")
        )
    assert len(await reached(nation)) == 2 * PEOPLE
    assert await nation.differing(campaign) == []


async def held(nation: NationWorld) -> tuple[Campaign, set[int], set[int]]:
    """An alert that a bad carrier held; who went ahead, and who waits."""
    await world(nation, mobifone=0.5)
    campaign = await launched(nation)
    share, rest = await of_stage(nation, TWO, 0), await of_stage(nation, TWO, 1)
    for name in TWO:
        nation.work(name)
    await becomes(nation, campaign, "paused", *TWO)
    return campaign, share, rest


async def test_a_bad_carrier_holds_it_in_every_ledger_and_resume_reaches_all(nation: NationWorld) -> None:
    campaign, share, rest = await held(nation)
    said = await finding(nation)
    assert said.startswith("held by itself, for its first share failed: mobifone: ")
    assert said.endswith(f"{len(rest)} wait") and "viettel" not in said
    assert await reached(nation) <= share
    await by("an", actions.resume, nation.session, campaign.name)
    states = (await nation.finish(campaign)).report.progress.total.states
    assert sum(states.values()) == 2 * PEOPLE and states["delivered"] > PEOPLE
    assert await events(nation, campaign) == ["first share failed", "resumed", "the rest follows", "finished"]
    assert await nation.differing(campaign) == []
    await proved(nation)


async def test_cancelled_while_it_is_held_nobody_behind_it_hears_it(nation: NationWorld) -> None:
    campaign, share, rest = await held(nation)
    await by("an", actions.cancel, nation.session, campaign.name)
    states = (await nation.finish(campaign)).report.progress.total.states
    assert states["excluded"] >= len(rest)
    assert await reached(nation) <= share
    assert await nation.differing(campaign) == []


async def test_a_ledger_that_is_away_lets_nobody_go_and_loses_no_order(nation: NationWorld) -> None:
    """It is away from the launch on: the other's share is through, and all wait. Then it is away at the verdict."""
    await world(nation)
    campaign = await launched(nation, replace(CANARY, then="ask"))
    share = await of_stage(nation, TWO, 0)
    south = nation.work("south")

    async def through() -> bool:
        found = await nation.conn("south").fetchval("SELECT figures->>'shares' FROM first_share")
        return '"delivered": 20' in (found or "")

    await until(through, "south's share is delivered")
    await until(lambda: heard(nation, "south"), "home knows it")
    for _ in range(5):
        await first_shares.look(nation.rig.conn)
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).state == "running"
    await nation.rig.conn.execute("UPDATE campaign SET launched_at = launched_at - interval '1 hour'")
    assert (await finding(nation)).endswith("; nothing is heard of north")
    nation.work("north")
    await becomes(nation, campaign, "paused", *TWO)
    assert await reached(nation) == share
    await nation.rig.stop(south)
    resumed = await steps.resume(nation.rig.conn, campaign)  # at home alone: no ledger is told
    assert (await campaigns.get(nation.conn("south"), campaign.campaign_id)).state == "paused"
    assert not await of_stage(nation, ["south"], 1) & await reached(nation)
    nation.work("south", resolver=False)
    found = await nation.finish(resumed)
    assert found.report.progress.total.states["delivered"] == 2 * PEOPLE
    assert await events(nation, campaign) == [
        "first share asks", "resumed", "the rest follows", "finished",
    ]  # fmt: skip
    assert await nation.differing(campaign) == []


async def test_a_split_carrier_is_judged_by_both_ledgers(nation: NationWorld) -> None:
    """Its accounts are at an SMSC each."""
    accounts = ("viettel", "viettel2")
    for name in accounts:
        await nation.rig.smsc(name, receipt_delay_s=0.0)
    binds = tuple(
        Bind(
            "127.0.0.1", nation.rig.smscs[name].port, name, sessions=1, window=50, enquire_link_s=2.0,
            reconnect_min_s=0.2,
        )
        for name in accounts
    )  # fmt: skip
    carrier = Carrier(tps=400, binds=binds, receipts_return="account").having(
        response_id="decimal", receipt_id="decimal"
    )
    nation.rig.config = replace(nation.rig.config, carriers={"viettel": carrier})
    await nation.rig.subscribers("viettel", PEOPLE, 84320000000)
    await nation.begin({
        "north": ledger("north", shares={"viettel": Share(100, ("viettel",))}),
        "south": ledger("south", shares={"viettel": Share(300, ("viettel2",))}),
    })  # fmt: skip
    campaign = await launched(nation)
    share = len(await of_stage(nation, TWO, 0))
    for name in TWO:
        nation.work(name)
    found = await nation.finish(campaign)
    (passed,) = [each for each in found.report.events if each.event == "first share passed"]
    assert passed.details["figures"] == {"viettel": {"delivered": share}}
    assert found.report.progress.total.states["delivered"] == PEOPLE


async def test_who_stopped_it_in_a_ledger_has_the_last_word(nation: NationWorld) -> None:
    """The share passed while home had yet to hear that somebody paused the alert in a ledger: its rest waits."""
    await world(nation)
    campaign = await launched(nation)
    north = nation.conn("north")
    with logged_in_as("an"):
        await orders.order_here("north", nation.rig.config.ledgers["north"], campaign.name, "paused")
    number = campaign.control_no + 1
    await orders.obey(north, campaign.campaign_id, number, "running", 1)
    row = await north.fetchrow("SELECT state, stage, control_no FROM campaign")
    assert tuple(row or ()) == ("paused", 0, campaign.control_no)
    await north.execute("UPDATE ledger_order SET taken_at = clock_timestamp()")
    await orders.obey(north, campaign.campaign_id, number + 1, "paused", 1)  # as home has it now
    row = await north.fetchrow("SELECT state, stage, control_no FROM campaign")
    assert tuple(row or ()) == ("paused", 1, number + 1)
