"""Forecast and fact: when the last message leaves and when 90 percent have it, alone and beside other alerts.

Carriers of different TPS and receipt delays. It is compared only where the lanes had their TPS: on a machine that is
busy with other things they had not, and the fact says nothing of the forecast. A short run has a second on top for its
start; BROADCAST_FORECAST_TIMES=10 makes everything ten times longer, without it.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from acting import acting
from integration.rig import Rig

from broadcast.actions.forecast import at_launch
from broadcast.actions.session import Session
from broadcast.archive.books import live_books, snapshot
from broadcast.campaign import launch as launching
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plan import Plan
from broadcast.engine.learning import Learning
from broadcast.forecast.delays import LONGEST_S
from broadcast.reports.billed import billed, billed_of
from broadcast.reports.everything import everything
from broadcast.reports.pauses import steadiness

TIMES: Final = float(os.environ.get("BROADCAST_FORECAST_TIMES", "1"))
NEAR: Final = 0.1
START_S: Final = 1.0 if TIMES < 3 else 0.0
STEADY: Final = 0.93  # of the TPS


@dataclass(frozen=True)
class Way:
    """tps, delay_s: of a carrier and its receipts; seconds: that its people take alone."""

    tps: int
    delay_s: float
    seconds: float


WAYS: Final = {"viettel": Way(200, 1.5, 7), "mobifone": Way(60, 4.0, 8), "vinaphone": Way(120, 2.5, 5)}


@pytest.fixture
async def world(rig: Rig) -> Rig:
    """The carriers, with their people, and a worker."""
    for number, (name, way) in enumerate(WAYS.items()):
        delays = {"receipt_delay_s": way.delay_s, "receipt_jitter_s": way.delay_s / 3}
        await rig.smsc(name, undeliverable_share=0.1, **delays)
        rig.connect(name, way.tps)
        people = round(way.tps * way.seconds * TIMES)
        await rig.subscribers(name, people, 84320000000 + 10_000_000 * number)
    # as processes of their own: what launches must not be in the way of what sends
    await rig.command("resolver", config=rig.configuration())
    await rig.worker_process()
    return rig


async def launched(world: Rig, category: str, **plan: Any) -> Campaign:
    """As `broadcast campaign launch` does it, with the forecast in its transaction."""
    approved = await world.approved(category=category, plan=Plan(**plan))
    session = Session(world.conn, world.config)
    foreseen = await at_launch(session, approved)
    async with acting(world.conn, "an"):
        asked = launching.Asked(foreseen=foreseen)
        return await launching.launch(world.conn, world.config, approved, asked=asked)


async def steady(world: Rig, together: Sequence[Campaign]) -> bool:
    """Whether every carrier sent at its TPS while it had anything of these."""
    first, sent = together[0].launched_at, dict[str, Counter[int]]()
    assert first is not None
    async with snapshot(world.conn):
        for each in together:
            ends = await live_books(world.conn, each.campaign_id).ends(first, LONGEST_S)
            for carrier, ticks in ends.sent.items():
                sent.setdefault(carrier, Counter()).update(ticks)
    found = {carrier: steadiness(ticks, 1, WAYS[carrier].tps) for carrier, ticks in sent.items()}
    print({carrier: each and round(each.used_share, 3) for carrier, each in found.items()})
    return all(each is not None and each.used_share >= STEADY for each in found.values())


async def compared(world: Rig, campaign: Campaign) -> list[tuple[str, float, float]]:
    """Of each carrier and of all together: which moment, seconds from the launch as foreseen, and as it came."""
    report = (await everything(world.conn, campaign.name)).report
    launched_at, found = campaign.launched_at, []
    assert launched_at is not None
    for line in report.foreseen:
        assert line.segments_foreseen == line.segments
        for what, foreseen, fact in line.rows():
            assert foreseen is not None and fact is not None
            after = [(at - launched_at).total_seconds() for at in (foreseen, fact)]
            print(f"{campaign.category:10} {line.carrier:10} {what:22} {after[0]:8.2f} {after[1]:8.2f}")
            if what in ("sent_last", "sent_ninety", "delivered_ninety"):
                found.append((f"{line.carrier} {what}", *after))
    assert len(found) == 3 * (len(WAYS) + 1)
    return found


async def billable(world: Rig, carrier: str) -> int:
    """Segments that its invoice may have, of this month and the one before: one may begin amid the test."""
    today = datetime.now(ZoneInfo(world.config.country.time_zone)).date().replace(day=1)
    months = [(today - timedelta(days=1)).replace(day=1), today]
    found = [await billed(world.conn, world.config, carrier, month) for month in months]
    assert sum(sum(each.segments) for each in found) == sum(
        own.accepted for each in found for own in each.own.values()
    )
    return sum(own.accepted for each in found for own in each.own.values())


@pytest.mark.alone
@pytest.mark.long
async def test_the_forecast_is_near_the_fact_alone_and_beside_others(world: Rig) -> None:
    first = await launched(world, "routine")
    await world.finish(first, 120 * TIMES)
    assert await Learning().learn(world.conn) == first.campaign_id
    single = await launched(world, "routine")
    await world.finish(single, 120 * TIMES)
    urgent = await launched(world, "emergency")
    beside = await launched(world, "routine")
    equal = await launched(world, "routine", weight=2)
    for each in (urgent, beside, equal):
        await world.finish(each, 120 * TIMES)
    for name, way in WAYS.items():
        assert await billable(world, name) == 5 * round(way.tps * way.seconds * TIMES)
        of_one = await billed_of(world.conn, world.config, name, single)
        assert sum(of_one.segments) == round(way.tps * way.seconds * TIMES)
    found = [one for each in (single, urgent, equal) for one in await compared(world, each)]
    if not (await steady(world, [single]) and await steady(world, [urgent, beside, equal])):
        pytest.skip("the machine was too busy for the lanes to have their TPS")
    far = [each for each in found if abs(each[2] - each[1]) > NEAR * each[1] + START_S]
    assert far == []
