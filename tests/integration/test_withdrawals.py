"""What an SMSC still holds of a cancelled campaign is withdrawn by cancel_sm, person by person as its book has it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from integration import steps
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.archive.books import snapshot
from broadcast.archive.move import archive
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.engine import withdrawals
from broadcast.ledger import recount, withdrawn
from broadcast.ledger.packing.withdrawn import pack_withdrawn
from broadcast.reports.audit import audit
from broadcast.reports.withdrawals import withdrawals as withdrawals_told

FIRST = 84_320_000_000


async def cancel(rig: Rig, campaign: Campaign) -> None:
    await steps.cancel(rig.conn, await campaigns.get(rig.conn, campaign.campaign_id), "binh")


async def told(rig: Rig, campaign: Campaign) -> dict[str, dict[str, Any]]:
    """By carrier, what the campaign's withdrawal brought."""
    rows = await rig.conn.fetch(
        "SELECT carrier.name, w.* FROM withdrawal AS w JOIN carrier USING (carrier_no)"
    )
    return {row["name"]: dict(row) for row in rows if row["campaign_id"] == campaign.campaign_id}


async def through(rig: Rig, campaign: Campaign) -> None:
    """Every slice from which somebody was sent to is asked for."""

    async def asked() -> bool:
        return not await rig.conn.fetchval(
            """SELECT count(*) FROM slice WHERE campaign_id = $1 AND mark > 0
                  AND NOT EXISTS (SELECT FROM withdrawn AS w WHERE w.slice_id = slice.slice_id AND w.through)""",
            campaign.campaign_id,
        )

    await until(asked, "all that is held was asked for")


async def outcomes(rig: Rig, campaign: Campaign) -> dict[tuple[int, int], int]:
    """(MSISDN, segment) -> outcome, of the ledger's rows."""
    found = {}
    async with snapshot(rig.conn):
        async for rows in recount.slices(rig.conn, campaign.campaign_id):
            for (ordinal, segment), outcome in withdrawn.known(rows).items():
                found[int(rows.msisdns[ordinal]), segment] = outcome
    return found


async def taken_back(rig: Rig, name: str) -> set[tuple[int, int]]:
    """(MSISDN, segment) of what the simulated carrier gave back, by its own book."""

    def read() -> list[bytes]:
        with urlopen(f"http://127.0.0.1:{rig.smscs[name].book_port}/book/people", timeout=PATIENCE_S) as got:
            return list(got)

    lines = await asyncio.to_thread(read)
    return {
        (int(line.split(b" ")[0]), number)
        for line in lines
        for number, segment in enumerate(line.split(b" ")[3:], 1)
        if b"W" in segment
    }


@pytest.mark.parametrize("segments", [1, 2])
async def test_what_is_held_is_withdrawn_and_the_rest_is_not(rig: Rig, segments: int) -> None:
    smsc = await rig.smsc(
        "viettel", seed=3, cancel_sm="taken", receipt_delay_s=0.2, undeliverable_share=0.2, unreported_share=0.1,
        **{"receipts.held_share": 0.4},
    )  # fmt: skip
    rig.connect("viettel", 2000, cancel_sm=True)
    await rig.subscribers("viettel", 3000, FIRST)
    for _ in range(2):
        rig.worker()
    campaign = await rig.launch(text="Stay inside. " * 14 if segments == 2 else "Stay inside.")
    await rig.reached(campaign, 600, "delivered", "undeliverable")
    await cancel(rig, campaign)
    await through(rig, campaign)
    found, back = await outcomes(rig, campaign), await taken_back(rig, "viettel")
    print(Counter(found.values()), len(back), await told(rig, campaign), await rig.states(campaign))
    assert {place for place, outcome in found.items() if outcome == withdrawn.WITHDRAWN} == back
    assert set(found.values()) == {withdrawn.WITHDRAWN, withdrawn.REFUSED}
    assert (await smsc.book())["withdrawn"] == len(back) > 100
    people = Counter(msisdn for msisdn, _ in back)
    whole = [msisdn for msisdn, count in people.items() if count == segments]
    assert (await told(rig, campaign))["viettel"]["withdrawn"] >= len(whole) > 100
    assert await rig.differing(campaign) == []


async def test_a_receipt_of_what_was_withdrawn_ends_it(rig: Rig, tmp_path: Path) -> None:
    """Some SMSCs report what they gave back; states follow the receipts as ever, the audit balances, and how many there
    were is known when people are in files."""
    smsc = await rig.smsc(
        "viettel",
        cancel_sm="taken",
        cancel_receipts=True,
        receipt_delay_s=0.1,
        **{"receipts.held_share": 0.5},
    )
    rig.connect("viettel", 2000, cancel_sm=True)
    await rig.subscribers("viettel", 1500, FIRST)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 500, "delivered")
    await cancel(rig, campaign)
    await through(rig, campaign)
    back = await taken_back(rig, "viettel")
    await smsc.get("/book/held?release=1")
    states = await rig.finish(campaign)
    assert states["undeliverable"] == len(back) > 100
    assert await rig.differing(campaign) == []
    await archive(rig.conn, campaign.campaign_id, tmp_path, drop=True)
    assert await rig.conn.fetchval("SELECT count(*) FROM withdrawn") == 0
    (kept,) = await withdrawals_told(rig.conn, campaign.campaign_id)
    assert (kept.withdrawn, kept.to_ask) == (len(back), 0)


async def test_an_audit_counts_what_was_withdrawn_too(rig: Rig) -> None:
    await rig.smsc("viettel", cancel_sm="taken", **{"receipts.held_share": 1.0})
    rig.connect("viettel", 1000, cancel_sm=True)
    await rig.subscribers("viettel", 50, FIRST)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 50, "accepted")
    await cancel(rig, campaign)
    await through(rig, campaign)
    (now,) = await withdrawals_told(rig.conn, campaign.campaign_id)
    assert (now.withdrawn, now.not_withdrawn, now.to_ask, now.gave_up) == (50, 0, 0, None)
    assert (await audit(rig.conn, campaign.campaign_id)).problems == ()
    await rig.conn.execute("UPDATE withdrawal SET withdrawn = withdrawn + 3")
    await rig.conn.execute("UPDATE withdrawn SET packed = $1", pack_withdrawn({(60, 1): withdrawn.WITHDRAWN}))
    sums, rows = sorted((await audit(rig.conn, campaign.campaign_id)).problems)
    assert (
        "count as withdrawn, or as not, and the rows of their slices say otherwise (3 recipients"
        in rows + sums
    )
    assert "asked back, and no row says that it was accepted (1 recipients, places 60 of slice" in rows + sums


async def test_who_was_in_doubt_is_asked_for_when_the_answer_comes(rig: Rig) -> None:
    smsc = await rig.smsc(
        "viettel", cancel_sm="taken",
        **{"receipts.held_share": 1.0, "responses.late_share": 0.2, "responses.late_s": 3.0},
    )  # fmt: skip
    rig.connect("viettel", 500, response_timeout_s=1.0, cancel_sm=True)
    await rig.subscribers("viettel", 200, FIRST)
    rig.worker()
    campaign = await rig.launch(category="routine")

    async def sent() -> bool:
        doubted = await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE reason = 'no_response'")
        return (await smsc.book())["segments"] == 200 and doubted > 0

    await until(sent, "all are sent, and some are in doubt")
    await cancel(rig, campaign)

    async def all_back() -> bool:
        return (await told(rig, campaign)).get("viettel", {}).get("withdrawn") == 200

    await until(all_back, "those whose answer came late are withdrawn too")
    assert await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'answered'") > 0
    assert {msisdn for msisdn, _ in await taken_back(rig, "viettel")} == set(range(FIRST, FIRST + 200))


@pytest.mark.parametrize(
    ("way", "gave_up"), [("unknown", "unknown"), ("unanswered", "silent"), ("refused", None)]
)
async def test_an_smsc_that_gives_nothing_back(
    rig: Rig, way: str, gave_up: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, whichever of the workers finds out, and nobody is asked any more."""
    monkeypatch.setattr(withdrawals, "AGAIN_S", 0.2)
    monkeypatch.setattr(withdrawals, "SILENT_S", 0.5)
    await rig.smsc("viettel", cancel_sm=way, **{"receipts.held_share": 1.0})
    rig.connect("viettel", 1000, response_timeout_s=1.0, cancel_sm=True)
    await rig.subscribers("viettel", 60, FIRST)
    for _ in range(2):
        rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 60, "accepted")
    await cancel(rig, campaign)

    async def ended() -> bool:
        known = (await told(rig, campaign)).get("viettel", {})
        return known.get("gave_up") == gave_up if gave_up else known.get("not_withdrawn") == 60

    await until(ended, "it is known that nothing comes back")
    assert await rig.states(campaign) == {"accepted": 60}
    assert (await told(rig, campaign))["viettel"]["withdrawn"] == 0
    await rig.close()
    said = [each for each in caplog.messages if each.startswith("withdrawal_given_up ")]
    assert len(said) == (1 if gave_up else 0)


async def test_a_worker_that_ends_amid_asking_does_no_harm(rig: Rig) -> None:
    """What it had asked for and not kept is asked for again: nobody counts as withdrawn who is not."""
    await rig.smsc("viettel", cancel_sm="taken", **{"receipts.held_share": 1.0})
    rig.connect("viettel", 200, cancel_sm=True)
    await rig.subscribers("viettel", 1000, FIRST)
    first = rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 400, "accepted")
    await cancel(rig, campaign)
    await until(lambda: taken_back(rig, "viettel"), "it has begun")
    task = rig.workers.pop(first)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    rig.worker()
    await through(rig, campaign)
    back = await taken_back(rig, "viettel")
    found = {
        place for place, outcome in (await outcomes(rig, campaign)).items() if outcome == withdrawn.WITHDRAWN
    }
    known = (await told(rig, campaign))["viettel"]
    assert found <= back
    assert known["withdrawn"] == len(found)
    assert known["withdrawn"] + known["not_withdrawn"] == len(back)


async def test_what_is_asked_and_what_is_sent_share_the_pace(rig: Rig) -> None:
    """Law 4: while another campaign is sent at full speed, those that are withdrawn have a part of the TPS in it."""
    smsc = await rig.smsc("viettel", tps=200, cancel_sm="taken", **{"receipts.held_share": 1.0})
    rig.connect("viettel", 200, cancel_sm=True)
    await rig.subscribers("viettel", 1500, FIRST)
    for _ in range(2):
        rig.worker()
    wrong = await rig.launch()
    await rig.reached(wrong, 300, "accepted")
    await cancel(rig, wrong)
    right = await rig.launch()
    await through(rig, wrong)
    book = await smsc.book()
    assert book["withdrawn"] >= 300
    assert book["throttled"] == 0
    assert book["max_per_second"] <= 200
    await rig.reached(right, 100, "accepted")
