"""A first share goes ahead: by how that went the rest hears it, as the simulated carriers' books say of each person."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from integration import steps
from integration.rig import Rig
from waiting import until

from broadcast.audience import subscribers
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plan import Canary, Plan
from broadcast.config import Rule, Rules
from broadcast.config.contact import Cap
from broadcast.diagnosis.gather import Diagnosis
from broadcast.engine import first_shares
from broadcast.errors import RefusedError
from broadcast.ledger import close, opt_outs
from broadcast.ledger.opt_outs import Sides
from broadcast.store.clock import database_time

FIRST = {"viettel": 84_320_000_000, "vinaphone": 84_810_000_000}
PEOPLE = 300
SHARE = 10
CANARY = Canary(SHARE, 1, 95, 80)
GOOD: dict[str, Any] = {"receipt_delay_s": 0.0}
BAD: dict[str, Any] = {"receipt_delay_s": 0.0, "refused_share": 0.5}


async def world(rig: Rig, **carriers: dict[str, Any]) -> None:
    for name, personality in carriers.items():
        await rig.smsc(name, **personality)
        rig.connect(name, 2000)
        await rig.subscribers(name, PEOPLE, FIRST[name])


async def launched(rig: Rig, canary: Canary = CANARY, **more: Any) -> Campaign:
    return await rig.launch(plan=Plan(canary=canary), **{"category": "health", **more})


async def becomes(rig: Rig, campaign: Campaign, state: str) -> None:
    async def there() -> bool:
        return (await campaigns.get(rig.conn, campaign.campaign_id)).state == state

    await until(there, f"the campaign is {state}")


async def of_stage(rig: Rig, campaign: Campaign, stage: int) -> set[int]:
    rows = await rig.conn.fetch(
        "SELECT unnest(msisdns) AS msisdn FROM slice WHERE campaign_id = $1 AND stage = $2",
        campaign.campaign_id,
        stage,
    )
    return {row["msisdn"] for row in rows}


async def reached(rig: Rig) -> set[int]:
    """Whom a book has; nobody has a message twice."""
    found: set[int] = set()
    for smsc in rig.smscs.values():
        assert (await smsc.book())["extra_copies"] == 0
        found |= {msisdn for msisdn, _ in smsc.people().unseen()}
    return found


async def events(rig: Rig, campaign: Campaign) -> list[str]:
    rows = await rig.conn.fetch(
        "SELECT event FROM campaign_event WHERE campaign_id = $1 ORDER BY event_no", campaign.campaign_id
    )
    return [row["event"] for row in rows][3:]  # behind its launch


async def finding(rig: Rig, campaign: Campaign) -> tuple[str, bool] | None:
    found = await Diagnosis(rig.conn, campaign.campaign_id).findings()
    return next(((each.sentence, each.grave) for each in found if each.code.startswith("first_share")), None)


async def verdict(rig: Rig) -> None:
    """A tidier's look, where no worker runs."""
    await first_shares.look(rig.conn)


async def test_a_bad_carrier_holds_it_and_nobody_behind_the_share_is_sent_to(rig: Rig) -> None:
    await world(rig, viettel=GOOD, vinaphone=BAD)
    campaign = await launched(rig)
    share, rest = await of_stage(rig, campaign, 0), await of_stage(rig, campaign, 1)
    assert len(share) == 2 * PEOPLE * SHARE // 100 and len(rest) == 2 * PEOPLE - len(share)
    held = len(rest)
    assert await finding(rig, campaign) == (
        f"its first share goes ahead: {held} wait for how that goes",
        False,
    )
    rig.worker()
    await becomes(rig, campaign, "paused")
    said, grave = await finding(rig, campaign) or ("", False)
    assert grave and f"{held} wait" in said
    assert said.startswith("held by itself, for its first share failed: vinaphone: ")
    assert "were rejected, and 95 % are to be accepted" in said and "viettel" not in said
    (found,) = [
        each
        for each in await campaigns.events(rig.conn, campaign.campaign_id)
        if each.event == "first share failed"
    ]
    assert found.actor == "broadcast" and set(found.details["figures"]) == {"viettel", "vinaphone"}
    assert await reached(rig) <= share
    await steps.cancel(rig.conn, campaign)
    states = await rig.finish(campaign)
    assert states["excluded"] >= held
    assert await reached(rig) <= share
    assert await rig.differing(campaign) == []


async def test_a_good_one_goes_on_by_itself_and_everybody_has_it_once(rig: Rig) -> None:
    await world(rig, viettel=GOOD, vinaphone=GOOD)
    campaign = await launched(rig)
    share = await of_stage(rig, campaign, 0)
    rig.worker()
    assert await rig.finish(campaign) == {"delivered": 2 * PEOPLE}
    assert await events(rig, campaign) == ["first share passed", "finished"]
    assert len(await reached(rig)) == 2 * PEOPLE
    assert await rig.differing(campaign) == []
    late = await rig.conn.fetchval(
        """SELECT bool_and(sent_until > (SELECT at FROM campaign_event WHERE event = 'first share passed'))
             FROM slice WHERE stage = 1"""
    )
    early = await rig.conn.fetchval(
        """SELECT bool_and(sent_until < (SELECT at FROM campaign_event WHERE event = 'first share passed'))
             FROM slice WHERE stage = 0"""
    )
    assert early and late and share


async def test_who_resumes_what_is_held_has_decided_that_the_rest_follows(rig: Rig) -> None:
    await world(rig, viettel=BAD)
    rig.worker()
    campaign = await launched(rig)
    await becomes(rig, campaign, "paused")
    await steps.resume(rig.conn, campaign)
    states = await rig.finish(campaign)
    assert sum(states.values()) == PEOPLE and states["rejected"] > PEOPLE * SHARE // 100
    assert await events(rig, campaign) == [
        "first share failed", "resumed", "the rest follows", "finished",
    ]  # fmt: skip
    assert await rig.differing(campaign) == []


async def test_it_asks_where_the_plan_says_so(rig: Rig) -> None:
    await world(rig, viettel=GOOD)
    rig.worker()
    campaign = await launched(rig, replace(CANARY, then="ask"))
    await becomes(rig, campaign, "paused")
    share = await of_stage(rig, campaign, 0)
    assert await finding(rig, campaign) == (
        f"its first share went well, and somebody is to say that the rest follows: {PEOPLE - len(share)} wait", False,
    )  # fmt: skip
    assert await reached(rig) == share
    await steps.resume(rig.conn, campaign)
    assert await rig.finish(campaign) == {"delivered": PEOPLE}
    assert await events(rig, campaign) == [
        "first share asks", "resumed", "the rest follows", "finished",
    ]  # fmt: skip


async def test_a_pause_by_somebody_ends_no_first_share(rig: Rig) -> None:
    await world(rig, viettel=GOOD)
    campaign = await launched(rig)
    await steps.pause(rig.conn, campaign)
    await verdict(rig)
    await steps.resume(rig.conn, campaign)
    assert await rig.conn.fetchval("SELECT stage FROM campaign") == 0
    rig.worker()
    assert await rig.finish(campaign) == {"delivered": PEOPLE}
    assert await events(rig, campaign) == ["paused", "resumed", "first share passed", "finished"]


async def test_receipts_that_do_not_come_in_the_time_hold_it(rig: Rig) -> None:
    await world(rig, viettel={"receipt_delay_s": 600.0})
    rig.worker()
    campaign = await launched(rig)
    await becomes(rig, campaign, "paused")
    said, _ = await finding(rig, campaign) or ("", False)
    assert "viettel: 0 of 30 got it in the time, and 80 % are to" in said


async def test_who_opts_out_while_they_are_held_does_not_hear_it(rig: Rig) -> None:
    await world(rig, viettel=GOOD)
    campaign = await launched(rig)
    behind = min(await of_stage(rig, campaign, 1))
    await subscribers.set_opt_out(rig.conn, behind, True)
    await opt_outs.recall(Sides(rig.conn, rig.conn, ""), 10)
    rig.worker()
    assert await rig.finish(campaign) == {"delivered": PEOPLE - 1, "excluded": 1}
    assert behind not in await reached(rig)


async def test_what_expires_while_it_is_held_is_over(rig: Rig) -> None:
    await world(rig, viettel=BAD)
    worker = rig.worker()
    campaign = await launched(rig)
    await becomes(rig, campaign, "paused")
    rest = await of_stage(rig, campaign, 1)
    await rig.stop(worker)
    await rig.conn.execute("UPDATE campaign SET expires_at = clock_timestamp()")
    with pytest.raises(RefusedError):
        await steps.resume(rig.conn, campaign)
    await close.tidy(rig.conn, 100, 600.0)
    await verdict(rig)
    states = await rig.states(campaign)
    assert states["expired"] >= len(rest) and "waiting" not in states
    assert not await reached(rig) & rest


async def test_the_share_is_of_each_carrier_and_area(rig: Rig) -> None:
    """Who of an area is on the list of a carrier is one at least of it; of whom nobody knows where they are, too."""
    await world(rig, viettel=GOOD, vinaphone=GOOD)
    for code, parent in (("46", None), ("461", "46"), ("462", "46"), ("48", None)):
        await rig.conn.execute(
            "INSERT INTO area (code, name, parent, kind, source, as_of) VALUES ($1, $1, $2, 'x', 'x', now())",
            code, parent,
        )  # fmt: skip
    await rig.conn.execute("INSERT INTO profile (profile_no, area) VALUES (1, '461'), (2, '462'), (3, '48')")
    # 3 people of 48, 200 and 40 of both communes of 46, the others of none that is known
    await rig.conn.execute(
        """UPDATE subscriber SET profile_no = CASE WHEN msisdn % 1000 < 3 THEN 3 WHEN msisdn % 1000 < 203 THEN 1
                                                   WHEN msisdn % 1000 < 243 THEN 2 ELSE 0 END"""
    )

    async def shares(campaign: Campaign) -> dict[tuple[str, int], int]:
        rows = await rig.conn.fetch(
            """SELECT name, profile_no, count(*) AS people
                 FROM slice CROSS JOIN unnest(msisdns) AS phone (msisdn) JOIN subscriber USING (msisdn)
                 JOIN carrier ON carrier.carrier_no = slice.carrier_no
                WHERE campaign_id = $1 AND stage = 0 GROUP BY 1, 2""",
            campaign.campaign_id,
        )
        return {(row["name"], row["profile_no"]): row["people"] for row in rows}

    topmost = await shares(await launched(rig))
    for name in FIRST:
        of = {number: topmost.get((name, number), 0) for number in range(4)}
        assert (of[3], of[1] + of[2], of[0]) == (1, 24, 6)
    named = await shares(
        await rig.launch(category="health", plan=Plan(areas=("461", "462"), canary=CANARY), text="Other")
    )
    assert named == {(name, number): count for name in FIRST for number, count in ((1, 20), (2, 4))}


async def test_who_waits_for_a_cap_keeps_the_share_from_nobody(rig: Rig) -> None:
    """Whoever of the share may not be told today is not waited for; and of the rest nobody is told too often."""
    await world(rig, viettel=GOOD)
    country = replace(rig.config.country, time_zone="UTC")
    rig.config = replace(rig.config, country=country, rules=Rules(routine=Rule("Act 1", cap=Cap(1, 24))))
    rig.worker()
    first = await rig.launch(category="routine", text="Offer 1")
    await rig.finish(first)
    await rig.subscribers("viettel", 50, FIRST["viettel"] + PEOPLE)
    second = await launched(rig, category="routine", text="Offer 2", lifetime_s=48 * 3600)
    await rig.reached(second, 50, "delivered")
    assert (await events(rig, second)) == ["first share passed"]
    assert await rig.states(second) == {"delivered": 50, "waiting": PEOPLE}


async def test_a_pace_begins_anew_with_the_rest(rig: Rig) -> None:
    await world(rig, viettel=GOOD)
    plan = Plan(callers_per_hour=10, canary=CANARY)
    campaign = await rig.launch(category="routine", plan=plan, lifetime_s=48 * 3600)
    assert not await rig.conn.fetchval("SELECT count(*) FROM slice WHERE state <> 'held'")
    moments = "SELECT min(not_before) AS first, max(not_before) AS last FROM slice WHERE stage = $1"
    share, rest = [await rig.conn.fetchrow(moments, stage) for stage in (0, 1)]
    assert share and rest and share["last"] <= rest["first"]
    await rig.conn.execute(
        """UPDATE campaign SET launched_at = launched_at - interval '1 hour';
           UPDATE slice SET not_before = now() WHERE stage = 0"""
    )
    rig.worker()

    async def passed() -> bool:
        return await rig.conn.fetchval("SELECT stage FROM campaign") == 1

    await until(passed, "the rest may follow")
    late = await rig.conn.fetchval("SELECT max(not_before) FROM slice WHERE stage = 1 AND state = 'held'")
    assert (late - rest["last"]).total_seconds() > 3600
    assert late > await database_time(rig.conn)
    assert campaign.launched_at is not None and campaign.launched_at < datetime.now(UTC)
