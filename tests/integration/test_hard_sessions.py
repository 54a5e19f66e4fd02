"""Sessions that end with answers under way, get stuck in a PDU, or drown in enquire_links: people against books."""

import asyncio
import time
from typing import Any

import pytest
import uvloop
from integration.rig import Rig
from integration.test_binding import BIND_OK, Smsc, read_pdu
from unit.smpp.fake import Diary
from unit.smpp.wire import data_sm, receipt_text, tlv
from waiting import until

from broadcast.config import Carrier, Tls
from broadcast.smpp.binding import connect
from broadcast.smpp.reach import ReachError

RECIPIENTS = 500
OTHER_FIRST = 84810000000


async def against(
    rig: Rig, like: str, tps: int, *, bind: dict[str, Any] | None = None, **keys: object
) -> None:
    """The hard one is viettel, vinaphone is a plain one beside it; so many people each."""
    await asyncio.gather(
        rig.smsc("viettel", like=like, tps=0, undeliverable_share=0.02, **keys),
        rig.smsc("vinaphone", receipt_delay_s=0.1),
    )
    rig.connect("viettel", tps, **(bind or {}))
    rig.connect("vinaphone", tps)
    await rig.subscribers("viettel", RECIPIENTS)
    await rig.subscribers("vinaphone", RECIPIENTS, first=OTHER_FIRST)
    rig.worker()


async def finished(rig: Rig, within_s: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The hard one's book and sessions, once everybody has ended as the two books say."""
    states = await rig.finish(await rig.launch(), within_s)
    book, other = await rig.smscs["viettel"].book(), await rig.smscs["vinaphone"].book()
    wanted = {name: book["fates"][name] + other["fates"][name] for name in ("delivered", "undeliverable")}
    assert states == wanted
    assert sum(states.values()) == 2 * RECIPIENTS
    assert book["recipients"] == RECIPIENTS
    resent = await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'")
    assert book["duplicates"] <= resent
    assert other["duplicates"] == 0
    told = await rig.smscs["viettel"].get("/book/sessions?limit=1000")
    return book, [each for each in told["sessions"] if each["bound_at"]]


async def doubts(rig: Rig) -> int:
    return int(await rig.conn.fetchval("SELECT count(*) FROM in_doubt"))


@pytest.mark.parametrize("answered_after_s", [0.2, 1.0])
async def test_an_unbind_with_answers_under_way_leaves_nobody_in_doubt(
    rig: Rig, answered_after_s: float
) -> None:
    """Quirk 53, regression: 18 of 500."""
    await against(rig, "unbinding", 500, response_delay_s=answered_after_s)
    book, sessions = await finished(rig, 90)
    assert book["oddities"]["ended_by_unbind"] >= 1
    assert {each["ended"] for each in sessions} <= {"by the SMSC: unbind", ""}
    assert await doubts(rig) == 0
    assert book["duplicates"] == 0


@pytest.mark.long
async def test_a_slot_that_is_given_up_leaves_nobody_in_doubt(rig: Rig) -> None:
    """Our own unbind waits for answers too, of an SMSC that takes longer than a second."""
    await against(rig, "viettel", 50, response_delay_s=2.0, bind={"response_id": "hex"})
    campaign = await rig.launch()
    await rig.reached(campaign, 50, "accepted", "delivered")
    rig.worker()  # gets one of the two slots of each
    states = await rig.finish(campaign, 90)
    assert sum(states.values()) == 2 * RECIPIENTS
    told = await rig.smscs["viettel"].get("/book/sessions")
    assert len([each for each in told["sessions"] if each["bound_at"]]) == 3
    assert await doubts(rig) == 0


async def test_a_session_that_is_stuck_in_a_pdu_is_given_up(rig: Rig) -> None:
    """Quirk 54, regression: 300 of 500 waited for ever."""
    bind = {"response_timeout_s": 2.0, "retry_delay_s": 0.3}
    await against(rig, "trickling", 500, bind=bind, **{"session.trickle_s": 0.2})
    book, sessions = await finished(rig, 90)
    assert book["oddities"]["ended_by_trickle"] >= 1
    assert {each["ended"] for each in sessions} <= {"by the SMSC: trickle", ""}
    assert await doubts(rig) > 0  # the answers that never came


FLOODS = [["enquire_link"], ["unknown", "alert_notification"], ["submit_sm_resp", "generic_nack"]]


@pytest.mark.parametrize("flood", FLOODS, ids=lambda kinds: kinds[0])
async def test_pdus_by_the_ten_thousand_cost_neither_pace_nor_people(rig: Rig, flood: list[str]) -> None:
    """Quirk 55, regression: 3 messages a second of 500."""
    begun = time.monotonic()
    await against(rig, "flooding", 250, **{"session.strange": flood})
    book, sessions = await finished(rig, 40)
    lasted_s = time.monotonic() - begun
    print(f"{sum(book['oddities'].values()) / lasted_s:,.0f} a second, {lasted_s:.1f} s")
    assert sum(each["strange"] for each in sessions) > 20_000
    assert [each["ended"] for each in sessions] == ["", ""]
    assert await doubts(rig) == 0
    if flood == ["enquire_link"]:
        assert sum(each["answered"] for each in sessions) > 10_000


async def octets(writer: asyncio.StreamWriter, said: bytes, at_once: int, every_s: float) -> None:
    for place in range(0, len(said), at_once):
        writer.write(said[place : place + at_once])
        await asyncio.sleep(every_s)


@pytest.mark.parametrize("step", ["bind", "tls"])
def test_neither_a_bind_nor_a_handshake_goes_on_for_ever(step: str) -> None:
    """Quirk 54 before there is a link: octets come, and never an answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.read(10)
        endless = b"\x16\x03\x03\x40\x00\x02" if step == "tls" else b"\0\1\0\0\x80\0\0\t"
        await octets(writer, endless + bytes(1000), 1, 0.05)

    async def scenario() -> None:
        async with Smsc(script) as smsc:
            bind = smsc.bind(bind_timeout_s=1.0, tls=Tls() if step == "tls" else None)
            with pytest.raises(ReachError) as caught:
                await asyncio.wait_for(connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0"), 10)
            assert caught.value.step == step

    uvloop.run(scenario())


def test_a_long_pdu_on_a_slow_line_arrives() -> None:
    """It takes three times as long as an answer may, at 2,000 octets a second."""
    long = data_sm(7, tlv(0x0424, receipt_text()) + tlv(0x1400, bytes(3000)))

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)
        await octets(writer, long, 100, 0.05)
        await reader.read()

    async def scenario() -> None:
        async with Smsc(script) as smsc:
            bind, diary = smsc.bind(response_timeout_s=0.5, enquire_link_s=0.5), Diary()
            link = await connect(bind, Carrier(tps=1, binds=(bind,)), diary, "x-0")
            await until(lambda: len(diary.entries) > 1, "the receipt")
            assert [entry[0] for entry in diary.taken()] == ["bound", "receipts"]
            assert link.is_bound
            link.abort("enough")
            await link.finished()

    uvloop.run(scenario())
