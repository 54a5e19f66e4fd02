"""At the end of an alert every surface has the same figures, to the unit, and they are those of the SMSCs' books."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from integration.board_world import serving
from integration.prometheus import prometheus
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.audience.subscribers import set_opt_out
from broadcast.campaign.campaigns import Campaign
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit

STATES = tuple(state.column for state in RecipientState)
PEOPLE = {"viettel": (84_320_000_000, 400), "mobifone": (84_700_000_000, 300)}
TEXT = "Rửa tay thường xuyên, đeo khẩu trang và giữ khoảng cách với người khác. " * 4  # five segments
LIKE: dict[str, dict[str, Any]] = {
    "viettel": {"undeliverable_share": 0.2, "refused_share": 0.1, "expired_share": 0.05},
    "mobifone": {"undeliverable_share": 0.1, "rejected_share": 0.1, "unreported_share": 0.1},
}

Sums = dict[str, int]


async def printed(rig: Rig, *words: object) -> Any:
    """A command's JSON."""
    before = len(rig.processes)
    process = await rig.command(*words, "--json", config=rig.configuration())
    log = rig.folder / f"process-{before}.log"
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0, log.read_text(encoding="utf-8")
    return json.loads(log.read_text(encoding="utf-8"))


async def exporter(rig: Rig) -> str:
    """Its address, once it serves."""
    log = rig.folder / f"process-{len(rig.processes)}.log"
    await rig.command("exporter", config=rig.configuration())
    await until(lambda: "/metrics" in log.read_text(encoding="utf-8"), "the exporter serves")
    found = re.search(r"127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
    assert found is not None
    return found[0]


async def sent(rig: Rig) -> Campaign:
    """An alert of five segments at its end: of every final state there is somebody, and somebody was left out."""
    for name, like in LIKE.items():
        delays = {"receipts.between_s": [0.1, 1.5], "receipts.any_session": True}
        await rig.smsc(name, **delays, **like)
        rig.connect(name, 2000)
        first, count = PEOPLE[name]
        await rig.subscribers(name, count, first)
        for number in range(first, first + 7):
            await set_opt_out(rig.conn, number, True)
    rig.config = replace(rig.config, engine=replace(rig.config.engine, receipt_wait_s=0.1))
    rig.worker()
    campaign = await rig.launch(text=TEXT, category="health")

    async def all_told() -> bool:
        """All left us, and every receipt that comes is acknowledged."""
        states = await rig.states(campaign)
        left = not states.get("waiting") and not states.get("in_doubt")
        return left and not any([(await each.book())["receipts"]["pending"] for each in rig.smscs.values()])

    await until(all_told, "every receipt that comes has come")
    at = await rig.conn.fetchval("SELECT clock_timestamp()")

    async def resolved() -> bool:
        return bool(await rig.conn.fetchval("SELECT min(resolved_until) FROM resolver") > at)

    await until(resolved, "every receipt is resolved")
    await rig.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 second'")
    await rig.finish(campaign)
    return campaign


async def of_prometheus(rig: Rig, folder: Path, campaign: Campaign) -> tuple[Sums, dict[str, Sums], int]:
    """What a real one scraped: by state, by carrier and state, and the audience."""
    address = await exporter(rig)
    async with prometheus(folder, {"broadcast-exporter": [address]}, scrape_s=0.2) as asked:

        async def known() -> bool:
            return bool(
                await asked.query(f'broadcast_campaign_info{{campaign="{campaign.name}", state="finished"}}')
            )

        await until(known, "the end is scraped")
        total = await asked.query(f'broadcast_campaign_recipients{{campaign="{campaign.name}"}}')
        carriers: dict[str, Sums] = {name: {} for name in PEOPLE}
        for each in await asked.query("broadcast_carrier_recipients"):
            carriers[each.labels["carrier"]][each.labels["state"]] = int(each.value)
        [audience] = await asked.query(f'broadcast_campaign_audience{{campaign="{campaign.name}"}}')
        return {each.labels["state"]: int(each.value) for each in total}, carriers, int(audience.value)


async def of_board(rig: Rig, campaign: Campaign) -> tuple[Sums, dict[str, Sums]]:
    """What its page is made of, and what it sends to whoever watches."""
    async with serving(rig.url, rig.config) as (_, run):
        document = json.loads((await run.watching.moment()).json)
    [mine] = [each for each in document["campaigns"] if each["name"] == campaign.name]
    return mine["states"], {each["carrier"]: each["states"] for each in mine["carriers"]}


def of_line(line: dict[str, Any]) -> Sums:
    return {state: line[state] for state in STATES}


async def test_every_surface_has_the_figures_of_the_books(rig: Rig, tmp_path: Path) -> None:
    campaign = await sent(rig)
    report = await printed(rig, "campaign", "report", campaign.name)
    show = await printed(rig, "campaign", "show", campaign.name)
    watch = await printed(rig, "campaign", "watch", campaign.name)
    recounted = await printed(rig, "campaign", "audit", campaign.name)
    board, board_carriers = await of_board(rig, campaign)
    scraped, scraped_carriers, audience = await of_prometheus(rig, tmp_path, campaign)

    truth = of_line(report["total"])
    print(truth)
    assert all(truth[state] for state in STATES if state not in ("waiting", "in_doubt", "accepted"))
    assert (
        sum(truth.values()) == audience == report["total"]["audience"] == sum(n for _, n in PEOPLE.values())
    )
    assert [show["states"], board, scraped] == [truth] * 3
    assert of_line(watch["total"]) == truth
    carriers = {each["carrier"]: of_line(each) for each in report["carriers"]}
    assert {each["carrier"]: of_line(each) for each in show["carriers"]} == carriers
    assert [board_carriers, scraped_carriers] == [carriers] * 2
    assert recounted["balanced"] and (await audit(rig.conn, campaign.campaign_id)).problems == ()
    assert await rig.differing(campaign) == []
