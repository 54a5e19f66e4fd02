"""What goes wrong at a carrier is said in a line: real simulated carriers that are wrong in a way, and workers."""

from typing import Any

import pytest
from integration.rig import Rig
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.diagnosis import finding, gather, links, pace, receipts
from broadcast.diagnosis.finding import Code, Finding
from broadcast.diagnosis.gather import Diagnosis

CHECK = "broadcast carrier check viettel"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a receipt that does not come."""
    monkeypatch.setattr(receipts, "UNKNOWN_S", 3.0)
    monkeypatch.setattr(receipts, "LEAST_S", 3.0)
    monkeypatch.setattr(gather, "SETTLING_S", 4.0)


async def found(rig: Rig, campaign: Campaign | None, code: Code, carrier: str = "viettel") -> Finding:
    """Wait until that is found."""
    diagnosis = Diagnosis(rig.conn, campaign and campaign.campaign_id)
    seen: list[Finding] = []

    async def there() -> bool:
        seen[:] = await diagnosis.findings()
        return any((each.code, each.carrier) == (code, carrier) for each in seen)

    await until(there, f"{code} is found", 90)
    return next(each for each in seen if (each.code, each.carrier) == (code, carrier))


async def sent(
    rig: Rig, count: int, our_tps: int, *, connect: dict[str, Any] | None = None, **smsc: Any
) -> Campaign:
    """A campaign to so many at a carrier of that kind, and a worker that begins."""
    await rig.smsc("viettel", **smsc)
    rig.connect("viettel", our_tps, **(connect or {}))
    await rig.subscribers("viettel", count)
    rig.worker()
    return await rig.launch()


@pytest.mark.usefixtures("soon")
async def test_receipts_that_fit_no_submission(rig: Rig) -> None:
    campaign = await sent(rig, 600, 2000, like="hex-ids", receipt_delay_s=0.2)
    told = await found(rig, campaign, Code.RECEIPTS_MISFIT)
    assert told.grave
    assert told.sentence.endswith("receipts fit no submission: response_id or receipt_id is wrong")
    assert told.command == f"{CHECK} --to YOUR_NUMBER"
    assert await found(rig, None, Code.RECEIPTS_MISFIT)


@pytest.mark.usefixtures("soon")
async def test_a_carrier_that_sends_no_receipts(rig: Rig) -> None:
    campaign = await sent(rig, 200, 2000, unreported_share=1.0)
    told = await found(rig, campaign, Code.RECEIPTS_MISSING)
    assert "though 200 messages wait for theirs" in told.sentence
    assert told.grave


@pytest.mark.usefixtures("soon")
async def test_receipts_for_one_segment_only(rig: Rig) -> None:
    await rig.smsc("viettel", like="last-segment-receipts", receipt_delay_s=0.2)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 200)
    rig.worker()
    campaign = await rig.launch(text="Wash your hands. " * 20)
    told = await found(rig, campaign, Code.RECEIPTS_PARTIAL)
    assert "receipts, the key, is wrong" in told.sentence


async def test_receipts_with_a_state_that_nobody_knows(rig: Rig) -> None:
    campaign = await sent(rig, 200, 2000, receipt_delay_s=0.1, **{"receipts.words.DELIVRD": "SEEN"})
    told = await found(rig, campaign, Code.RECEIPTS_UNKNOWN)
    assert "(SEEN)" in told.sentence


async def test_a_carrier_that_refuses_many(rig: Rig) -> None:
    campaign = await sent(rig, 3000, 2000, refused_share=0.4, refused_status=0x0A)
    told = await found(rig, campaign, Code.REFUSED)
    assert "ESME_RINVSRCADR: the sender, or its TON and NPI, is not allowed" in told.sentence
    assert told.command == f"{CHECK} --to YOUR_NUMBER"


async def test_a_carrier_that_refuses_for_the_moment(rig: Rig) -> None:
    campaign = await sent(
        rig, 3000, 2000, temporary_share=0.4, temporary_status=0x8, connect={"retry_delay_s": 30.0}
    )
    told = await found(rig, campaign, Code.REFUSED)
    assert "ESME_RSYSERR" in told.sentence


async def test_a_carrier_that_throttles(rig: Rig) -> None:
    campaign = await sent(rig, 6000, 1000, tps=200)
    told = await found(rig, campaign, Code.SLOWED)
    assert "ESME_RTHROTTLED: it allows less than its tps of 1,000" in told.sentence


async def test_a_carrier_that_refuses_binds(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "REFUSED_S", 1.0)
    campaign = await sent(rig, 100, 1000, password="another")
    told = await found(rig, campaign, Code.BINDS_DOWN)
    assert told.grave
    assert "2 of 2 binds not up" in told.sentence
    assert "refused with ESME_RINVPASWD, the password is wrong" in told.sentence
    assert told.command == CHECK


async def test_a_carrier_that_cannot_be_reached(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "UNBOUND_S", 1.0)
    smsc = await rig.smsc("viettel")
    rig.connect("viettel", 1000)
    smsc.process.terminate()
    await smsc.process.wait()
    await rig.subscribers("viettel", 100)
    rig.worker()
    told = await found(rig, await rig.launch(), Code.BINDS_DOWN)
    assert "no connection to the SMSC" in told.sentence


async def test_a_window_that_is_full(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SHORT_S", 2.0)
    campaign = await sent(rig, 6000, 1000, response_delay_s=0.5, connect={"window": 5, "sessions": 1})
    told = await found(rig, campaign, Code.WINDOW_FULL)
    assert "the windows are full" in told.sentence


async def test_nobody_sends(rig: Rig) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", 100)
    campaign = await rig.launch()
    told = await found(rig, campaign, Code.NO_WORKER, "")
    assert str(told) == "no worker is alive: 100 wait, and no receipt is taken; run `broadcast worker`"


async def test_of_a_carrier_that_is_well_nothing_is_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "FEW", 5)
    campaign = await sent(rig, 2000, 1000, receipt_delay_s=1.5, receipt_jitter_s=1.4, refused_share=0.02)
    diagnosis = Diagnosis(rig.conn, campaign.campaign_id)
    said: list[Finding] = []

    async def told() -> bool:
        said.extend(await diagnosis.findings())
        states = await rig.states(campaign)
        return not states.get("waiting") and not states.get("accepted")

    await until(told, "all have their receipts")
    assert said == []
