"""A receipt is for the person it is for and for nobody else: SMSCs whose ids are not of one message alone, whose
receipts come again or name others, and their own books, person by person (quirks 46 to 52)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from integration.faulty_way import way_to
from integration.rig import Rig
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.engine import resolver
from broadcast.ledger.resolver.book import Limits
from broadcast.reports.audit import audit
from broadcast.reports.received import misfits, received
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.personality import Personality

FIRST = 84_320_000_000
HALF: dict[str, Any] = {"undeliverable_share": 0.5}
TEXT_IDS: dict[str, Any] = {"response_id": "text", "receipt_id": "text"}
FIVE_SEGMENTS = "Bộ Y tế khuyến cáo người dân rửa tay thường xuyên và đeo khẩu trang. " * 4
OPEN_THOUGH_TOLD = "are open, though every receipt was acked"


async def right(rig: Rig, campaign: Campaign, count: int, message: int = 0) -> dict[str, int]:
    """Everybody has the end that the SMSC told of them, and nobody has another."""
    states = await rig.finish(campaign)
    assert sum(states.get(state, 0) for state in ("delivered", "undeliverable", "rejected")) == count
    assert await rig.differing(campaign, message) == []
    return states


async def balances(rig: Rig, campaign: Campaign) -> None:
    """The audit, while the campaign still waits for somebody."""
    assert (await audit(rig.conn, campaign.campaign_id)).problems == ()


async def all_resolved(rig: Rig, carrier: str = "viettel") -> None:
    """Every receipt that the SMSC sent is acked, and the resolver has looked at each, and at whose doubt it may end."""

    async def acked() -> bool:
        book = await rig.smscs[carrier].book()
        told, odd = book["receipts"], book["oddities"]
        sent = [told["sent"], *(odd.get(f"{kind}_sent", 0) for kind in ("repeat", "stranger"))]
        back = [told["acked"], *(odd.get(f"{kind}_acked", 0) for kind in ("repeat", "stranger"))]
        return not told["pending"] and sent == back

    await until(acked, "every receipt is acked")
    now = await rig.conn.fetchval("SELECT clock_timestamp()")

    async def resolved() -> bool:
        return bool(
            await rig.conn.fetchval(
                "SELECT resolved_until > $1 FROM resolver JOIN carrier USING (carrier_no) WHERE name = $2",
                now, carrier,
            )
        )  # fmt: skip

    await until(resolved, "every receipt is resolved")


async def counted(rig: Rig, carrier: str = "viettel") -> dict[str, int]:
    """Receipts that fitted nothing, by reason."""
    return {each.reason: each.receipts for each in await misfits(rig.conn, carrier)}


def forgets_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is settled the resolver's memory has nothing a moment later."""
    monkeypatch.setattr(resolver, "Limits", lambda: Limits(hot_s=0.0))


async def two_of_one_id(rig: Rig, **habits: object) -> Campaign:
    """One of two neighbours is reached and the other is not, and the SMSC gives both one id."""
    personality = Personality("viettel", "viettel", **HALF)
    fates = [Fates(personality).of(b"%d" % (FIRST + number)) for number in range(100)]
    first = fates.index(Fate.DELIVERED)
    if fates[first + 1] is Fate.DELIVERED:
        first = fates.index(Fate.UNDELIVERABLE, first) - 1
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **{"ids.same": "all"}, **habits)
    rig.connect("viettel", 100)
    await rig.subscribers("viettel", 2, FIRST + first)
    rig.worker()
    return await rig.launch()


# ---------------------------------------------------------------- ids that are not of one message alone


async def test_two_people_with_one_id(rig: Rig) -> None:
    campaign = await two_of_one_id(rig)
    assert await right(rig, campaign, 2) == {"delivered": 1, "undeliverable": 1}


async def test_two_people_with_one_id_and_no_number(rig: Rig) -> None:
    """Nothing says whose either receipt is: it is nobody's, and it is counted."""
    campaign = await two_of_one_id(rig, **{"receipts.numbers": ["none"]})
    await rig.reached(campaign, 2, "accepted")
    await all_resolved(rig)
    assert await rig.states(campaign) == {"accepted": 2}
    assert await counted(rig) == {"clash": 2}
    assert await rig.differing(campaign) == [f"viettel people: 2 {OPEN_THOUGH_TOLD}"]
    await balances(rig, campaign)


async def test_ids_that_begin_again_every_thousand(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **{"ids.modulo": 1000})
    rig.connect("viettel", 6000)
    await rig.subscribers("viettel", 6000)
    rig.worker()
    await right(rig, await rig.launch(), 6000)


async def test_one_id_for_all(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **{"ids.same": "all"})
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 500)
    rig.worker()
    await right(rig, await rig.launch(), 500)


async def test_one_id_at_one_of_two_carriers(rig: Rig) -> None:
    """The other one's people have their ends while that one still has some to send to."""
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **{"ids.same": "all"})
    await rig.smsc("vinaphone", receipt_delay_s=0.3, **HALF)
    rig.connect("viettel", 500)
    rig.connect("vinaphone", 500)
    await rig.subscribers("viettel", 2000)
    await rig.subscribers("vinaphone", 100, 84_810_000_000)
    rig.worker()
    campaign = await rig.launch()
    await until(lambda: nobody_waits(rig, campaign, "vinaphone"), "the healthy one has everybody's end")
    assert await waiting(rig, campaign, "viettel") > 0
    await right(rig, campaign, 2100)


async def test_one_id_and_no_numbers_at_one_of_two_carriers(rig: Rig) -> None:
    """There nothing can be told, and thousands of receipts for ids that nobody was given come beside: the other one
    notices nothing of it."""
    await rig.smsc(
        "viettel", receipt_delay_s=0.3, **HALF,
        **{"ids.same": "all", "receipts.numbers": ["none"], "receipts.strangers": 1000},
    )  # fmt: skip
    await rig.smsc("vinaphone", receipt_delay_s=0.3, **HALF)
    rig.connect("viettel", 2000)
    rig.connect("vinaphone", 2000)
    await rig.subscribers("viettel", 1000)
    await rig.subscribers("vinaphone", 1000, 84_810_000_000)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 1000, "delivered", "undeliverable")
    await until(lambda: has_counted(rig, "clash", 1000), "every receipt of that id is looked at")
    assert await rig.states(campaign) == {"accepted": 1000, **await ends_told(rig, "vinaphone")}
    assert await rig.differing(campaign) == [f"viettel people: 1,000 {OPEN_THOUGH_TOLD}"]
    await balances(rig, campaign)


async def test_ids_that_hardly_differ(rig: Rig) -> None:
    """At five carriers: in case; after a NUL, where no response says anything; past 64 octets; in a zero or a blank."""
    twins = dict(zip(rig.config.country.prefixes, ("case", "nul", "past_64", "zeros", "blanks"), strict=True))
    await asyncio.gather(
        *(
            rig.smsc(name, id_kind="sar", receipt_delay_s=0.3, **HALF, **{"ids.twins": [kind]})
            for name, kind in twins.items()
        )
    )
    for number, name in enumerate(twins):
        rig.connect(name, 1000, **TEXT_IDS)
        await rig.subscribers(name, 300, FIRST + number * 1_000_000)
    rig.worker()
    await right(rig, await rig.launch(), 1500)


async def test_ids_that_are_too_long(rig: Rig) -> None:
    """Nothing is cut, so nobody is taken for another: these are kept unread, and their people are unknown."""
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **{"ids.twins": ["past_255"]})
    rig.connect("viettel", 2000, **TEXT_IDS)
    await rig.subscribers("viettel", 100)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 100, "accepted")
    await all_resolved(rig)
    assert await rig.states(campaign) == {"accepted": 100}
    assert await rig.differing(campaign) == [f"viettel people: 100 {OPEN_THOUGH_TOLD}"]
    there = await received(rig.conn, "viettel")
    assert there is not None
    assert (there.received, there.unreadable_times) == (0, 100)
    await balances(rig, campaign)


# ---------------------------------------------------------------- receipts that come again


@pytest.mark.parametrize("memory", ["kept", "forgotten", "restarted"])
async def test_an_old_alerts_receipts_while_the_next_one_is_in_doubt(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    """They end nobody's doubt, however much of that alert the resolver has in memory; the doubtful are sent again."""
    if memory == "forgotten":
        forgets_soon(monkeypatch)
    habits = {"receipts.repeats": 1, "receipts.repeats_on_new_link": True}
    smsc = await rig.smsc("viettel", receipt_delay_s=0.1, **HALF, **habits)
    async with way_to(smsc.port) as way:
        rig.connect("viettel", 500, sessions=1, response_timeout_s=0.5)  # the only link is none that is new
        carrier = rig.config.carriers["viettel"]
        through = replace(carrier, binds=(replace(carrier.binds[0], port=way.port),))
        rig.config = replace(rig.config, carriers={"viettel": through})
        await rig.subscribers("viettel", 40)
        rig.worker()
        await right(rig, await rig.launch(text="Alert A"), 40)
        if memory == "restarted":
            await rig.restart_resolver()
        await way.fail("receipts_only")
        campaign = await rig.launch(text="Alert B", in_doubt_policy="hold")
        await until(lambda: are_doubted(rig, campaign, 40), "nobody of them is answered")
        assert not await has_repeated(rig, 1)
        await way.fail("bind_refused")  # links end
        await way.fail("receipts_only")
        await until(lambda: has_repeated(rig, 40), "the receipts have come again")
        await all_resolved(rig)
        assert await rig.states(campaign) == {"in_doubt": 40}
        there = await received(rig.conn, "viettel")
        assert there is not None
        assert (there.received, there.matched, there.duplicate, there.unmatched) == (80, 40, 40, 0)
        await balances(rig, campaign)
        await way.fail("")
        await rig.conn.execute("UPDATE campaign SET in_doubt_policy = 'resend' WHERE state = 'running'")
        await right(rig, campaign, 40, message=2)
        assert await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'") == 40


@pytest.mark.parametrize("forgotten", [False, True], ids=["duplicates", "parked"])
async def test_ids_from_the_start_and_everybody_undeliverable(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    """After a restart of the SMSC: what it told of the first alert, and told again, reaches nobody of the second."""
    if forgotten:
        forgets_soon(monkeypatch)
    # later than what was told is forgotten, on a busy machine too
    again = {"receipts.repeats": 1, "receipts.repeat_after_s": 4.0 if forgotten else 1.0}
    await rig.smsc("viettel", receipt_delay_s=0.1, **{"ids.first": 1}, **again)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 500)
    rig.worker()
    assert await right(rig, await rig.launch(text="Alert A"), 500) == {"delivered": 500}
    await until(lambda: has_repeated(rig, 500), "the receipts have come again")
    await all_resolved(rig)
    there = await received(rig.conn, "viettel")
    assert there is not None
    assert (there.duplicate, there.unmatched) == ((0, 500) if forgotten else (500, 0))
    await rig.restart_smsc("viettel", receipt_delay_s=0.3, undeliverable_share=1.0, **{"ids.first": 1})
    campaign = await rig.launch(text="Alert B")
    assert await right(rig, campaign, 500) == {"undeliverable": 500}


# ---------------------------------------------------------------- receipts that name others, or come before


async def test_receipts_that_name_nobody(rig: Rig) -> None:
    """The id is one person's alone: it decides."""
    numbers = {"receipts.numbers": ["none", "swapped", "own"]}
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **numbers)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 500)
    rig.worker()
    await right(rig, await rig.launch(), 500)


async def test_receipts_that_name_somebody_else(rig: Rig) -> None:
    """Of the same alert, whose own receipt came or comes: they settle neither."""
    habits = {"receipts.numbers": ["other"], "receipts.numbers_share": 0.3}
    await rig.smsc("viettel", receipt_delay_s=0.3, **HALF, **habits)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 500)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 500, "accepted", "delivered", "undeliverable")
    await all_resolved(rig)
    wrong = (await counted(rig))["other_number"]
    assert 100 < wrong < 200
    assert (await rig.states(campaign))["accepted"] == wrong
    assert await rig.differing(campaign) == [f"viettel people: {wrong} {OPEN_THOUGH_TOLD}"]
    await balances(rig, campaign)


async def test_receipts_of_ids_that_are_given_only_later(rig: Rig) -> None:
    habits = {"receipts.stranger_share": 0.5, "receipts.stranger_ahead": 300}
    await rig.smsc("viettel", receipt_delay_s=0.1, **HALF, **habits)
    rig.connect("viettel", 1000)
    await rig.subscribers("viettel", 1500)
    rig.worker()
    campaign = await rig.launch()
    await right(rig, campaign, 1500)
    await all_resolved(rig)
    book = await rig.smscs["viettel"].book()
    assert sum((await counted(rig)).values()) == book["oddities"]["stranger_sent"] > 500


async def test_a_mended_profile_settles_what_was_parked(rig: Rig) -> None:
    """The SMSC answers in hex and reports in decimal; the first profile has both as text."""
    await rig.smsc("viettel", response_id="hex", receipt_delay_s=0.1, **HALF, **{"ids.first": 1_000_000})
    rig.connect("viettel", 2000, **TEXT_IDS)
    await rig.subscribers("viettel", 500)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, 500, "accepted")
    await all_resolved(rig)
    assert await rig.states(campaign) == {"accepted": 500}
    there = await received(rig.conn, "viettel")
    assert there is not None
    assert there.unmatched == 500
    mended = rig.config.carriers["viettel"].having(response_id="hex", receipt_id="decimal")
    rig.config = replace(rig.config, carriers={"viettel": mended})
    await rig.restart_resolver()
    await right(rig, campaign, 500)


# ---------------------------------------------------------------- all of it at once


async def test_everything_together(rig: Rig) -> None:
    """Five segments; ids that come again while they are open, a constant id, a healthy carrier."""
    scattered = {"receipts.between_s": [0.1, 2.0], "receipts.any_session": True}
    await rig.smsc("viettel", **HALF, **scattered, **{"ids.first": 0, "ids.modulo": 2048})
    await rig.smsc("vinaphone", **HALF, **scattered, **{"ids.same": "all"})
    await rig.smsc("mobifone", **HALF, **scattered)
    for number, name in enumerate(("viettel", "vinaphone", "mobifone")):
        rig.connect(name, 2000)
        await rig.subscribers(name, 800, FIRST + number * 1_000_000)
    rig.worker()
    await right(rig, await rig.launch(text=FIVE_SEGMENTS), 2400)


# ---------------------------------------------------------------- asked of the database and the book


async def waiting(rig: Rig, campaign: Campaign, carrier: str) -> int:
    """People of a carrier that have no end yet."""
    return int(
        await rig.conn.fetchval(
            """SELECT sum(waiting + in_doubt + accepted) FROM tally JOIN carrier USING (carrier_no)
                WHERE campaign_id = $1 AND carrier.name = $2""",
            campaign.campaign_id, carrier,
        )
    )  # fmt: skip


async def are_doubted(rig: Rig, campaign: Campaign, count: int) -> bool:
    """Not only marked as about to be sent."""
    rows = await rig.conn.fetchval(
        "SELECT count(*) FROM in_doubt WHERE campaign_id = $1", campaign.campaign_id
    )
    return bool(rows >= count)


async def nobody_waits(rig: Rig, campaign: Campaign, carrier: str) -> bool:
    return await waiting(rig, campaign, carrier) == 0


async def has_counted(rig: Rig, reason: str, count: int) -> bool:
    return (await counted(rig)).get(reason, 0) >= count


async def has_repeated(rig: Rig, count: int) -> bool:
    book = await rig.smscs["viettel"].book()
    return bool(book["oddities"].get("repeat_acked", 0) >= count)


async def ends_told(rig: Rig, carrier: str) -> dict[str, int]:
    """How many a carrier said were reached, and not."""
    book = await rig.smscs[carrier].book()
    return {state: book["fates"][state] for state in ("delivered", "undeliverable")}
