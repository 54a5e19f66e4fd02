"""Each ready-made personality is sent a campaign, five carriers at once: our ledger and its own book agree."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from integration.rig import Rig
from waiting import until

from broadcast.config import Bind
from broadcast.reports.people import Verdict
from broadcast.reports.simulated_book import read_book

NUMBERS = {"viettel": 32, "vinaphone": 81, "mobifone": 70, "vietnamobile": 52, "gmobile": 59}
RECIPIENTS = 150
LONG = "Bộ Y tế khuyến cáo người dân rửa tay thường xuyên, đeo khẩu trang và giữ khoảng cách."
STATES = ("delivered", "undeliverable", "expired", "rejected")


@dataclass(frozen=True)
class Like:
    """A personality of config/simulator, quicker than it is (`changes`), and the profile that it needs."""

    name: str
    changes: Mapping[str, object] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, Any] = field(default_factory=dict)


SOON = {"receipt_delay_s": 0.5, "receipt_jitter_s": 0.3, "receipts.late_s": 1.0, "unreported_share": 0}
NATION = {
    "receipts.between_s": [0.1, 1.0], "receipts.late_share": 0.05, "receipts.late_between_s": [1.5, 3.0],
    "receipts.missing_share": 0, "segment_undeliverable_share": 0.05,
}  # fmt: skip
AGAIN = {
    "receipts.between_s": [0.1, 1.0], "receipts.repeat_share": 0.5, "receipts.repeat_between_s": [0.5, 1.0],
    "session.end_after_s": 1.0,
}  # fmt: skip
IMPATIENT = {"reconnect_max_s": 0.3, "response_timeout_s": 1.0}
EARLY_END = {"session.end_after": 80, "session.end_after_s": 0}  # within any run, and not for ever
TWINS = {
    "ids.twins": ["case", "past_64", "zeros"]
}  # that both the response and the receipt's text tell apart
GROUPS = [
    (
        Like("hex-ids", profile={"response_id": "hex"}),
        Like("text-ids", profile={"response_id": "text", "receipt_id": "text", "id_case": "fold"}),
        Like("odd-receipts"),
        Like("disordered-receipts"),
        Like("last-segment-receipts", profile={"receipts": "last"}),
    ),
    (
        Like("slow-receipts", SOON),
        Like(
            "odd-responses",
            profile={"temporary_statuses": (0x401, 0x55F), "throttled_statuses": (0x402,)},
            bind={"response_timeout_s": 1.0},
        ),
        Like("odd-session"),
        Like("unbinding"),
        Like("poisonous"),
    ),
    (
        Like(
            "strict", profile={"concatenation": "sar", "validity": "relative", "default_alphabet": "latin1"}
        ),
        Like("talkative"),
        Like("tx-rx-pairs", {"tps": 2000}),
        Like("flooding"),
        Like("nation", NATION, profile={"response_id": "text", "receipt_id": "text"}),
    ),
    (
        Like("flapping", {**EARLY_END, "session.ghost_s": 0.3}, bind=IMPATIENT),
        Like("half-open", EARLY_END, bind={**IMPATIENT, "enquire_link_s": 0.5}),
        Like("banning", {"session.ban_s": 1.0}, bind=IMPATIENT),
        Like("trickling", {**EARLY_END, "session.trickle_s": 0.2}, bind=IMPATIENT),
    ),
    (
        Like("same-ids"),
        Like("ids-again", AGAIN, bind=IMPATIENT),
        Like("twin-ids", TWINS, profile={"response_id": "text", "receipt_id": "text"}),
        Like("stray-receipts"),
    ),
]
UNSETTLED = {"stray-receipts"}  # of these some receipts name somebody else, and settle nobody


def connect(rig: Rig, carrier: str, like: Like) -> None:
    rig.connect(carrier, 1000, **{"retry_delay_s": 0.3, "retry_limit": 20, **like.profile})
    profile = rig.config.carriers[carrier]
    bind: Bind = replace(profile.binds[0], **like.bind)
    binds = (bind,)
    if like.name == "tx-rx-pairs":
        binds = (replace(bind, mode="transmitter", window=10), replace(bind, mode="receiver"))
    rig.config = replace(rig.config, carriers={**rig.config.carriers, carrier: replace(profile, binds=binds)})


async def tallies(rig: Rig, carrier: str) -> dict[str, int]:
    row = await rig.conn.fetchrow(
        """SELECT sum(delivered) AS delivered, sum(undeliverable) AS undeliverable, sum(expired) AS expired,
                  sum(rejected) AS rejected
             FROM tally JOIN carrier USING (carrier_no) WHERE carrier.name = $1""",
        carrier,
    )
    assert row is not None
    return {state: int(row[state]) for state in STATES}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0].name)
async def test_books_agree(rig: Rig, group: tuple[Like, ...]) -> None:
    carriers = dict(zip(NUMBERS, group, strict=False))
    await asyncio.gather(
        *(rig.smsc(carrier, like=like.name, **like.changes) for carrier, like in carriers.items())
    )
    for carrier, like in carriers.items():
        connect(rig, carrier, like)
    for carrier in carriers:
        await rig.subscribers(carrier, RECIPIENTS, first=84_000000000 + NUMBERS[carrier] * 10_000_000)
    rig.config = replace(rig.config, engine=replace(rig.config.engine, receipt_wait_s=0.1))
    rig.worker()
    unsettled = [carrier for carrier, like in carriers.items() if like.name in UNSETTLED]
    try:
        campaign = await rig.launch(text=LONG)
        if unsettled:
            await all_told(rig)
            await rig.conn.execute("UPDATE campaign SET expires_at = now() - interval '1 second'")
        await rig.finish(campaign, within_s=120)
    finally:
        for carrier, like in carriers.items():
            told = await rig.smscs[carrier].get("/book/sessions")
            print(like.name, await tallies(rig, carrier), [each["ended"] for each in told["sessions"]])
    differing = await rig.differing(campaign)
    assert [line for line in differing if not _is_unsettled(line, unsettled)] == []
    for carrier in unsettled:
        await others_were_named(rig, carrier)
    for carrier, like in carriers.items():
        if carrier in unsettled:
            continue
        book = await rig.smscs[carrier].book()
        wanted = {state: book["fates"][state] for state in STATES}
        wanted["rejected"] += book["rejected"]
        assert (like.name, await tallies(rig, carrier)) == (like.name, wanted)
        assert sum(wanted.values()) == RECIPIENTS
        assert book["malformed"] == 0
        resent = await rig.conn.fetchval(
            """SELECT count(*) FROM in_doubt JOIN carrier USING (carrier_no)
                WHERE ended_as = 'resent' AND carrier.name = $1""",
            carrier,
        )
        assert (like.name, book["duplicates"] <= resent) == (like.name, True)
    for carrier, like in carriers.items():
        if like.name in CHECKS:
            await CHECKS[like.name](rig, carrier)


async def all_told(rig: Rig) -> None:
    """Every receipt of the whole campaign was sent and acked, and the resolver has seen it."""

    async def acked() -> bool:
        for smsc in rig.smscs.values():
            account = (await asyncio.to_thread(read_book, f"http://127.0.0.1:{smsc.book_port}/book")).people
            if [people.acked or people.refused for _, people in account.unseen()] != [True] * RECIPIENTS:
                return False
        return True

    await until(acked, "every receipt is acked")
    at = await rig.conn.fetchval("SELECT clock_timestamp()")

    async def resolved() -> bool:
        return bool(await rig.conn.fetchval("SELECT min(resolved_until) FROM resolver") > at)

    await until(resolved, "every receipt is resolved")


async def others_were_named(rig: Rig, carrier: str) -> None:
    """Whoever has no end has it for a receipt that named somebody else; nobody has another than the SMSC told."""
    book, found = await rig.smscs[carrier].book(), await tallies(rig, carrier)
    misfits = await rig.conn.fetchval(
        """SELECT receipts FROM misfit JOIN carrier USING (carrier_no)
            WHERE reason = 'other_number' AND carrier.name = $1""",
        carrier,
    )
    unknown = RECIPIENTS - sum(found.values())
    assert 0 < unknown <= misfits
    assert all(found[state] <= book["fates"][state] + book["rejected"] for state in STATES)


def _is_unsettled(line: str, carriers: list[str]) -> bool:
    return bool(carriers) and line.startswith(tuple(carriers)) and Verdict.RECEIPT_LOST.value in line


async def replies_arrived(rig: Rig, carrier: str) -> None:
    """What subscribers answered, as the SMSC's book has it, stands in our ledger, joined again."""
    told = await rig.smscs[carrier].get("/book/replies?limit=5000")
    assert told["made"] > 10
    wanted = sorted((int(reply["msisdn"]), reply["text"]) for reply in told["replies"])

    async def all_read() -> bool:
        return bool(await rig.conn.fetchval("SELECT count(*) FROM reply") >= len(wanted))

    await until(all_read, "every reply is read")
    rows = await rig.conn.fetch("SELECT msisdn, text FROM reply ORDER BY msisdn, text")
    assert [(row["msisdn"], row["text"]) for row in rows] == wanted


async def texts_were_right(rig: Rig, carrier: str) -> None:
    told = await rig.smscs[carrier].get("/book/messages?limit=5000")
    assert {(message["text"], message["joined"]) for message in told["messages"]} == {(LONG, "sar")}
    assert len(told["messages"]) == RECIPIENTS


async def no_session_was_lost(rig: Rig, carrier: str) -> None:
    told = await rig.smscs[carrier].get("/book/sessions")
    assert [each["ended"] for each in told["sessions"] if each["bound_at"]] == ["", ""]


async def sessions_ended(rig: Rig, carrier: str) -> None:
    told = await rig.smscs[carrier].get("/book/sessions")
    assert any(each["ended"].startswith("by the SMSC") for each in told["sessions"])


CHECKS = {
    "talkative": replies_arrived,
    "strict": texts_were_right,
    "odd-receipts": no_session_was_lost,
    "disordered-receipts": no_session_was_lost,
    "odd-session": no_session_was_lost,
    "poisonous": no_session_was_lost,
    "flooding": no_session_was_lost,
    "unbinding": sessions_ended,
    "flapping": sessions_ended,
    "half-open": sessions_ended,
    "trickling": sessions_ended,
}
