"""Whole campaigns against the oddest SMSCs that there are: our ledger and their books agree."""

from dataclasses import replace
from typing import Any

import pytest
from integration.rig import Rig

from broadcast.config import Engine
from broadcast.reports.received import oddities

PROFILE: dict[str, Any] = {
    "response_id": "hex",
    "temporary_statuses": (0x401, 0x55F),
    "throttled_statuses": (0x402,),
    "receipt_states": {"UNBEKANNT": "undeliverable"},
    "retry_delay_s": 1.0,
    "retry_limit": 20,
}


@pytest.mark.long
async def test_fifty_thousand_against_everything_at_once(rig: Rig) -> None:
    """Quirks 1 to 38 in one SMSC: every recipient ends as its book says, and it alone ends links."""
    smsc = await rig.smsc("viettel", like="worst", tps=30_000, **{"session.end_after": 9_000})
    rig.connect("viettel", 30_000, sessions=4, window=200, response_timeout_s=3.0, **PROFILE)
    rig.config = replace(rig.config, engine=Engine())
    await rig.subscribers("viettel", 50_000)
    worker = rig.worker()
    states = await rig.finish(await rig.launch(grace_s=3), within_s=180)
    book = await smsc.book()
    fates = {fate: book["fates"][fate] for fate in ("delivered", "undeliverable", "expired")}
    assert states == {**fates, "rejected": book["fates"]["rejected"] + book["rejected"]}
    assert sum(states.values()) == 50_000
    assert min(states.values()) > 300
    resent = await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'")
    assert book["duplicates"] <= resent
    told = [each for each in (await smsc.get("/book/sessions?limit=1000"))["sessions"] if each["bound_at"]]
    assert {each["ended"] for each in told if each["ended"]} == {"by the SMSC: unbind"}
    assert book["binds"] == len(told) == 4 + book["oddities"]["ended_by_unbind"]
    assert book["receipts"]["sent"] == book["receipts"]["acked"]
    said = {each.value: each.times for each in await oddities(rig.conn, "viettel")}
    assert {"ZWISCHEN", "0x000004A1", "0x00000022"} <= set(said)
    assert not {"UNBEKANNT", "0x00000401", "0x00000402", "0x0000055F"} & set(said)
    poisoned = await rig.conn.fetch("SELECT times FROM quarantine")
    assert 0 < len(poisoned) <= 4 * len(told) < sum(row["times"] for row in poisoned)
    await rig.stop(worker)


async def test_without_receipts(rig: Rig) -> None:
    """Quirk 21: an SMSC that sends none. The campaign is over when everybody was accepted."""
    smsc = await rig.smsc("viettel", like="viettel", refused_share=0.05, **{"receipts.segments": "none"})
    rig.connect("viettel", 5000, receipts="none", response_id="hex", retry_delay_s=0.2)
    await rig.subscribers("viettel", 500)
    worker = rig.worker()
    states = await rig.finish(await rig.launch(), within_s=60)
    book = await smsc.book()
    assert states == {"unknown": book["recipients"], "rejected": book["rejected"]}
    assert book["receipts"]["sent"] == 0
    await rig.stop(worker)
