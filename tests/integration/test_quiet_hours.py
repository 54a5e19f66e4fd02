"""Quiet hours stop an alert on every worker as a pause does, and it goes on by itself when they end."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integration.rig import Rig, Smsc
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.config import Rule, Rules
from broadcast.diagnosis.gather import Diagnosis
from broadcast.rules.limits import Limits
from broadcast.store.clock import database_time

LAW = "Act 1"
TPS = 200


def around(now: datetime, before_min: int, behind_min: int) -> str:
    """A span from so many minutes before `now` on, for as long behind it."""
    first, last = now - timedelta(minutes=before_min), now + timedelta(minutes=behind_min)
    return f"{first:%H:%M}-{last:%H:%M}"


async def told(smsc: Smsc) -> int:
    """How many people its book has; nobody has a message twice."""
    book = await smsc.book()
    assert book["extra_copies"] == 0
    return sum(book["fates"].values())


async def rule(rig: Rig, *quiet: str) -> None:
    country = replace(rig.config.country, time_zone="UTC")
    rig.config = replace(rig.config, country=country, rules=Rules(routine=Rule(LAW, quiet)))


async def hours_become(rig: Rig, campaign: Campaign, *quiet: str) -> None:
    """As if time went on."""
    document = json.dumps(Limits(quiet, "UTC", (), None, LAW).document())
    await rig.conn.execute(
        "UPDATE campaign SET rules = $2 WHERE campaign_id = $1", campaign.campaign_id, document
    )


async def test_what_is_launched_at_night_waits_for_the_morning(rig: Rig) -> None:
    smsc = await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 300)
    now = (await database_time(rig.conn)).astimezone(UTC)
    await rule(rig, around(now, 60, 120))
    rig.worker()
    night = await rig.launch(category="routine")
    day = await rig.launch(category="health", text="Stay at home.")  # beside it: of another category
    await rig.finish(day)
    assert await rig.states(night) == {"waiting": 300}
    (finding,) = [
        each
        for each in await Diagnosis(rig.conn, night.campaign_id).findings()
        if each.code in ("quiet", "slow", "no_slices")
    ]
    until_hour = (now + timedelta(minutes=120)).strftime("%H:%M")
    assert finding.sentence == f"quiet hours until {until_hour} ({LAW}): 300 wait, and it goes on by itself"
    await hours_become(rig, night, around(now, 240, -120))
    assert await rig.finish(night) == {"delivered": 300}
    assert await told(smsc) == 300  # people, each with one copy of either


async def test_at_the_beginning_of_quiet_hours_what_was_not_sent_waits(rig: Rig) -> None:
    """Slices are let go, so that nobody is in doubt; who was sent to stays so; afterwards everybody has it once."""
    smsc = await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", TPS)
    await rig.subscribers("viettel", 5 * TPS)
    now = (await database_time(rig.conn)).astimezone(UTC)
    await rule(rig, around(now, 240, -120))
    for _ in range(2):
        rig.worker()
    campaign = await rig.launch(category="routine")
    await rig.reached(campaign, TPS // 2, "accepted", "delivered")
    await hours_become(rig, campaign, around(now, 60, 120))

    async def nothing_held() -> bool:
        held = await rig.conn.fetchval("SELECT count(*) FROM slice WHERE state = 'leased'")
        return not held

    await until(nothing_held, "every slice was let go")
    count = await told(smsc)
    states = await rig.states(campaign)
    assert 0 < count < 5 * TPS
    assert states["waiting"] == 5 * TPS - count
    await hours_become(rig, campaign, around(now, 240, -120))
    assert await rig.finish(campaign) == {"delivered": 5 * TPS}
    assert await told(smsc) == 5 * TPS
