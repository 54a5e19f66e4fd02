"""An audit against a simulated SMSC goes person by person: sums that balance do not hide who is who."""

import asyncio
import csv
from collections.abc import Mapping

from integration.rig import Rig
from waiting import PATIENCE_S

from broadcast.campaign.campaigns import Campaign
from broadcast.ledger.packing.result import pack_result, unpack_result
from broadcast.reports.audit import audit
from broadcast.reports.recipients import recipients

PEOPLE = 60
TEXT = "Rửa tay thường xuyên, đeo khẩu trang và giữ khoảng cách. " * 3


async def sent(rig: Rig, **personality: object) -> Campaign:
    """A campaign that is finished."""
    await rig.smsc(
        "viettel", undeliverable_share=0.3, refused_share=0.1, receipt_delay_s=0.1,
        **{"receipts.any_session": True, **personality},
    )  # fmt: skip
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", PEOPLE)
    rig.worker()
    campaign = await rig.launch(text=TEXT)
    await rig.finish(campaign)
    return campaign


async def audited(rig: Rig, campaign: Campaign, *words: object) -> tuple[int, str]:
    """The exit code of `campaign audit` with the SMSC's book, and what it said."""
    book = f"viettel=http://127.0.0.1:{rig.smscs['viettel'].book_port}/book"
    before = len(rig.processes)
    process = await rig.command("campaign", "audit", campaign.name, "--book", book, "--as", "an", *words)
    code = await asyncio.wait_for(process.wait(), PATIENCE_S)
    return code, (rig.folder / f"process-{before}.log").read_text()


def people(said: str) -> dict[str, int]:
    """The table of everybody, by verdict."""
    _, _, table = said.partition("Everybody against the SMSCs")
    cells = [[cell.strip() for cell in line.split("│")] for line in table.split("└")[0].splitlines()]
    return {cell[2]: int(cell[3]) for cell in cells if len(cell) > 4 and cell[3].isdigit()}


async def exchange(rig: Rig, campaign: Campaign) -> Mapping[str, str]:
    """Somebody who was reached is not, and the other way, for each has the other's results. Who they are, and what the
    SMSC told of them."""
    ends = {
        each.state: each.msisdn
        async for each in recipients(rig.conn, campaign.campaign_id)
        if each.state in ("delivered", "undeliverable")
    }
    assert len(ends) == 2
    (row,) = await rig.conn.fetch("SELECT slice_id, msisdns FROM slice")  # so few are in one
    one, other = (row["msisdns"].index(msisdn) for msisdn in ends.values())
    others = {one: other, other: one}
    for no, packed in await rig.conn.fetch("SELECT no, packed FROM result"):
        told = unpack_result(packed)
        ordinals = [others.get(ordinal, ordinal) for ordinal in told.ordinals.tolist()]
        changed = pack_result(ordinals, told.segments, told.states, told.received_at, told.errs)
        await rig.conn.execute("UPDATE result SET packed = $1 WHERE no = $2", changed, no)
    return {str(msisdn): state for state, msisdn in ends.items()}


async def test_everybody_is_as_the_smsc_told(rig: Rig) -> None:
    campaign = await sent(rig)
    code, said = await audited(rig, campaign)
    assert code == 0, said
    assert "the books balance: 60 recipients" in said
    assert people(said) == {"as the SMSC told": PEOPLE}


async def test_two_people_exchanged_are_found_where_all_sums_balance(rig: Rig) -> None:
    campaign = await sent(rig)
    exchanged = await exchange(rig, campaign)
    assert (await audit(rig.conn, campaign.campaign_id)).problems == ()
    file = rig.folder / "differences.csv"
    code, said = await audited(rig, campaign, "--differences", file)
    assert code == 1
    assert "viettel people: 2 have another end than the SMSC told" in said
    assert people(said) == {"as the SMSC told": PEOPLE - 2, "have another end than the SMSC told": 2}
    assert "the books balance" not in said
    assert not any(msisdn in said + file.read_text() for msisdn in exchanged)
    assert file.stat().st_mode & 0o777 == 0o600
    await audited(rig, campaign, "--differences", file, "--reveal")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["msisdn"]: row["told"] for row in rows} == exchanged
    assert [{row["ours"], row["told"]} for row in rows] == 2 * [{"delivered", "undeliverable"}]
    assert [row["copies"] for row in rows] == ["1", "1"]


async def test_who_waits_for_a_receipt_is_no_difference(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=3600)
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", PEOPLE)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, PEOPLE, "accepted")
    code, said = await audited(rig, campaign)
    assert code == 0, said
    assert people(said) == {"open: a receipt never came, is due, or was not acked": PEOPLE}
