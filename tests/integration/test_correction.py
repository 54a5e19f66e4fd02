"""A correction reaches exactly those who may have heard what it corrects, person by person by the simulators' books."""

import asyncio
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from acting import acting
from integration import steps
from integration.nation_world import NationWorld, ledger, replace_conn
from integration.rig import Rig, Smsc
from integration.steps import by
from waiting import PATIENCE_S, until

from broadcast.actions import archive as archives
from broadcast.actions import campaign as actions
from broadcast.actions import drafting
from broadcast.actions import launch as launching
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, worded
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import content
from broadcast.campaign.launch import launch
from broadcast.campaign.ruled import reasons_for
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId
from broadcast.ledger.corrected import Corrected, Heard
from broadcast.reports.campaigns import shown

FIRST = {"viettel": 84_320_000_000, "vinaphone": 84_910_000_000}
LONG = "The dam has broken. " * 12  # two segments


@dataclass(frozen=True)
class Line:
    """Of a simulated carrier's book: a person and a message. segments: copies, and what the last receipt told."""

    msisdn: int
    message: int
    segments: tuple[tuple[int, str, str], ...]

    @property
    def may_have_heard(self) -> bool:
        """By what the SMSC did and told: a segment that it took, did not give back, and did not report as lost."""
        return any(copies and decided != "W" and told not in "UER" for copies, decided, told in self.segments)

    @property
    def whole(self) -> bool:
        return bool(self.segments) and all(copies for copies, _, _ in self.segments)


async def book(rig: Rig, name: str) -> list[Line]:
    def read() -> Iterator[Line]:
        with urlopen(f"http://127.0.0.1:{rig.smscs[name].book_port}/book/people", timeout=PATIENCE_S) as got:
            for line in got:
                msisdn, message, _, *segments = line.decode().split()
                yield Line(
                    int(msisdn), int(message), tuple((int(one[:-3]), one[-3], one[-2]) for one in segments)
                )

    return await asyncio.to_thread(lambda: list(read()))


async def quiet(rig: Rig) -> None:
    """Every receipt that comes without being released has come and is resolved, every withdrawal is over, and nobody
    holds a slice any more."""

    asked = [name for name, carrier in rig.config.carriers.items() if carrier.smpp.cancel_sm]

    async def settled() -> bool:
        for smsc in rig.smscs.values():
            if (await smsc.book())["receipts"]["pending"] != (await smsc.get("/book/held"))["held"]:
                return False
        return not await rig.conn.fetchval(
            """SELECT EXISTS (SELECT FROM received) OR EXISTS (SELECT FROM slice WHERE state = 'leased')
                   OR EXISTS (SELECT FROM resolver WHERE resolved_until < clock_timestamp() - interval '3 s')
                   OR EXISTS (SELECT FROM slice AS s JOIN campaign AS c USING (campaign_id)
                                JOIN carrier USING (carrier_no)
                               WHERE c.state = 'cancelled' AND s.mark > 0 AND carrier.name = ANY($1)
                                 AND NOT EXISTS (SELECT FROM withdrawn AS d
                                                  WHERE d.slice_id = s.slice_id AND d.through))""",
            asked,
        )

    await until(settled, "nothing moves any more")


async def hearers(rig: Rig, wrong: Campaign) -> Corrected:
    of = await campaigns.get(rig.conn, wrong.campaign_id)
    assert of.launched_at is not None
    assert of.segments is not None
    return Corrected(
        Heard(of.campaign_id, of.name, of.launched_at, of.segments),
        rig.config,
        reasons_for(rig.config, of.content),
    )


async def correct(rig: Rig, wrong: Campaign, **more: Any) -> Campaign:
    """Draft, approve and launch its correction."""
    made = content(
        text="That was wrong.", sender=wrong.sender, carriers=wrong.carriers, category=wrong.category,
        expires_at=wrong.expires_at, hearers="corrected", corrects=wrong.campaign_id, **more,
    )  # fmt: skip
    approved = await steps.approved(rig.conn, f"{wrong.name}-correction", made)
    return await launched(rig, approved, await hearers(rig, wrong))


async def launched(rig: Rig, approved: Campaign, heard: Corrected | None) -> Campaign:
    async with acting(rig.conn, "an"):
        return await launch(rig.conn, rig.config, approved, hearers=heard)


async def audience(rig: Rig, campaign: Campaign) -> dict[str, set[int]]:
    """Who is in its slices, by carrier; nobody is in two."""
    rows = await rig.conn.fetch(
        "SELECT carrier.name, msisdns FROM slice JOIN carrier USING (carrier_no) WHERE campaign_id = $1",
        campaign.campaign_id,
    )
    found: dict[str, set[int]] = {}
    for row in rows:
        assert found.setdefault(row["name"], set()).isdisjoint(row["msisdns"])
        assert len(set(row["msisdns"])) == len(row["msisdns"])
        found[row["name"]].update(row["msisdns"])
    return found


async def in_doubt(rig: Rig, campaign: CampaignId) -> dict[str, set[int]]:
    rows = await rig.conn.fetch(
        """SELECT carrier.name, msisdn FROM in_doubt JOIN carrier USING (carrier_no)
            WHERE campaign_id = $1 AND (ended_as IS NULL OR ended_as = 'resent')""",
        campaign,
    )
    return {name: {row["msisdn"] for row in rows if row["name"] == name} for name in FIRST}


async def expected(rig: Rig, wrong: Campaign) -> dict[str, set[int]]:
    """By the simulators' books, and who is in doubt in ours, for of those nobody knows."""
    doubts = await in_doubt(rig, wrong.campaign_id)
    return {
        name: {line.msisdn for line in await book(rig, name) if line.message == 1 and line.may_have_heard}
        | doubts[name]
        for name in rig.smscs
    }


@pytest.mark.parametrize("category", ["routine", "emergency"])
@pytest.mark.parametrize("text", ["The dam has broken.", LONG])
async def test_whoever_may_have_heard_hears_the_correction_and_nobody_else(
    rig: Rig, category: str, text: str
) -> None:
    """Random ends, some withdrawn, some in doubt, some never reported."""
    chance = random.Random(f"{category} {text}")
    ends = {
        key: round(chance.uniform(0.03, 0.12), 3)
        for key in (
            "refused_share", "undeliverable_share", "expired_share", "rejected_share", "unreported_share",
            "segment_undeliverable_share",
        )
    }  # fmt: skip
    lost = {"responses.missing_share": 0.03, "receipts.held_share": 0.3}
    await rig.smsc(
        "viettel", seed=chance.randrange(1000), cancel_sm="taken", receipt_delay_s=0.1, **ends, **lost
    )
    await rig.smsc("vinaphone", seed=chance.randrange(1000), receipt_delay_s=0.1, **ends, **lost)
    rig.connect("viettel", 2000, response_timeout_s=1.0, cancel_sm=True)
    rig.connect("vinaphone", 2000, response_timeout_s=1.0)
    for name, first in FIRST.items():
        await rig.subscribers(name, 2500, first)
    for _ in range(2):
        rig.worker()
    wrong = await rig.launch(text=text, category=category)
    await rig.reached(wrong, 1500, "accepted", "delivered", "undeliverable", "rejected", "expired")
    await steps.cancel(rig.conn, await campaigns.get(rig.conn, wrong.campaign_id), "binh")
    await quiet(rig)
    wanted, doubts = await expected(rig, wrong), await in_doubt(rig, wrong.campaign_id)
    right = await correct(rig, wrong)
    heard = await audience(rig, right)
    print(
        await rig.states(wrong),
        {name: len(each) for name, each in wanted.items()},
        {n: len(d) for n, d in doubts.items()},
    )
    for name in FIRST:
        assert heard[name] - wanted[name] == set()
        assert wanted[name] - heard[name] == set()
        taken = {line.msisdn for line in await book(rig, name) if line.message == 1}
        assert 0 < len(heard[name]) < len(taken)
    assert any(doubts.values())

    async def gone() -> bool:
        return (await rig.states(right)).get("waiting", 0) == 0

    await until(gone, "the correction is out")
    await quiet(rig)
    for name in FIRST:
        got = {line.msisdn for line in await book(rig, name) if line.message == 2 and line.whole}
        assert got <= heard[name]
        assert heard[name] - got <= (await in_doubt(rig, right.campaign_id))[name]


async def test_a_correction_waits_for_what_it_corrects_to_stop(rig: Rig) -> None:
    """Refused while it is sent; then taken when nothing leaves any more, with what was on its way; then no way back."""
    await rig.smsc("viettel", response_delay_s=0.3)
    rig.connect("viettel", 500)
    await rig.subscribers("viettel", 3000, FIRST["viettel"])
    for _ in range(2):
        rig.worker()
    wrong = await rig.launch()
    await rig.reached(wrong, 200, "accepted", "delivered")
    with pytest.raises(RefusedError, match="is still being sent: cancel it"):
        await correct(rig, wrong)
    await steps.pause(rig.conn, await campaigns.get(rig.conn, wrong.campaign_id), "binh")
    drafted = await campaigns.by_name(rig.conn, f"{wrong.name}-correction")
    right = await launched(rig, drafted, await hearers(rig, wrong))
    heard = await audience(rig, right)
    await until(lambda: not_leased(rig), "every slice is let go")
    assert {line.msisdn for line in await book(rig, "viettel") if line.message == 1} <= heard["viettel"]
    assert heard["viettel"] <= {*range(FIRST["viettel"], FIRST["viettel"] + 3000)}
    with pytest.raises(Exception, match="its correction was launched: it cannot be resumed"):
        await steps.resume(rig.conn, await campaigns.get(rig.conn, wrong.campaign_id), "binh")
    assert (await campaigns.get(rig.conn, wrong.campaign_id)).state == "paused"


async def not_leased(rig: Rig) -> bool:
    return not await rig.conn.fetchval("SELECT EXISTS (SELECT FROM slice WHERE state = 'leased')")


async def test_nobody_heard_it_or_nobody_is_known(rig: Rig) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 500)
    await rig.subscribers("viettel", 10, FIRST["viettel"])
    wrong = await rig.launch()
    await steps.cancel(rig.conn, await campaigns.get(rig.conn, wrong.campaign_id), "binh")
    with pytest.raises(RefusedError, match="nobody can have heard what it corrects"):
        await correct(rig, wrong)
    drafted = await campaigns.by_name(rig.conn, f"{wrong.name}-correction")
    with pytest.raises(RefusedError, match="must be known"):
        await launched(rig, drafted, None)


@pytest.mark.parametrize("category", ["routine", "emergency"])
async def test_who_opts_out_after_it_hears_the_correction_of_an_emergency_only(
    rig: Rig, category: str
) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 500)
    await rig.subscribers("viettel", 100, FIRST["viettel"])
    rig.worker()
    wrong = await rig.launch(category=category)
    await rig.finish(wrong)
    out = FIRST["viettel"] + 7
    await rig.conn.execute("UPDATE subscriber SET opted_out_at = clock_timestamp() WHERE msisdn = $1", out)
    await rig.conn.execute("DELETE FROM subscriber WHERE msisdn = $1", out + 1)
    right = await correct(rig, wrong)
    heard = await audience(rig, right)
    everybody = set(range(FIRST["viettel"], FIRST["viettel"] + 100))
    assert heard["viettel"] == (everybody if category == "emergency" else everybody - {out})
    assert right.audience == 100


async def typed(rig: Rig, config: str, words: list[str]) -> str:
    """What a command says that somebody types."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broadcast", *words,
        env={**os.environ, "BROADCAST_DATABASE_URL": rig.url, "BROADCAST_CONFIG": config},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def runbook() -> list[str]:
    """The commands of the page, in order."""
    page = (Path(__file__).parents[2] / "ops" / "runbooks" / "wrong-alert.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \d \| `broadcast (campaign [^`]+)`", page, re.MULTILINE)


async def test_the_runbook(rig: Rig) -> None:
    """From a wrong launch to the correction's first message, by the commands of its page, by two people."""
    smsc = await rig.smsc("viettel", cancel_sm="taken", receipt_delay_s=0.1, **{"receipts.held_share": 0.5})
    rig.connect("viettel", 300, cancel_sm=True)
    await rig.subscribers("viettel", 20_000, FIRST["viettel"])
    rig.worker()
    config = rig.configuration()
    draft = [
        "campaign",
        "draft",
        "NAME",
        "--text",
        "The dam has broken.",
        "--category",
        "emergency",
        "--as",
        "an",
    ]
    await typed(rig, config, draft)
    wrong = await campaigns.by_name(rig.conn, "NAME")
    await typed(rig, config, ["campaign", "approve", "NAME", "--content", wrong.code, "--as", "binh"])
    await typed(rig, config, ["campaign", "launch", "NAME", "--recipients", "20000", "--as", "an"])
    launched_at = time.monotonic()
    await until(lambda: took(smsc, 300), "it goes out")
    cancelled_at, steps, code = time.monotonic(), [], ""
    for command in runbook():
        words = command.replace("CODE", code).split()
        step = words[1]
        if step == "watch":
            break
        said = await typed(
            rig,
            config,
            [*words, *([] if step == "show" else ["--as", "binh" if step == "approve" else "an"])],
        )
        if step == "show":
            assert "those who may have heard NAME" in said
            (code,) = re.findall(r"^content code +(\S+)$", said, re.MULTILINE)
        steps.append(step)
    assert steps == ["cancel", "correct", "show", "approve", "launch"]

    async def heard() -> bool:
        return any(line.message == 2 for line in await book(rig, "viettel"))

    await until(heard, "the first hears the correction")
    took_s, since_s = time.monotonic() - cancelled_at, time.monotonic() - launched_at
    print(
        f"the correction's first message {took_s:.1f} s after the first command, {since_s:.1f} s after the launch"
    )
    right = await campaigns.by_name(rig.conn, "NAME-correction")
    reached = {line.msisdn for line in await book(rig, "viettel") if line.message == 1}
    assert (await audience(rig, right))["viettel"] <= reached
    assert right.priority == wrong.priority
    assert "ĐÍNH CHÍNH" in dict(right.texts)["vi"]
    assert (right.corrects, right.category) == (wrong.campaign_id, "emergency")


async def took(smsc: Smsc, count: int) -> bool:
    return int((await smsc.book())["segments"]) >= count


NATION = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone", "vinaphone")}


@pytest.mark.parametrize("carriers", [("viettel", "mobifone", "vinaphone"), ("viettel",)])
async def test_each_ledger_finds_its_own(nation: NationWorld, carriers: tuple[str, ...]) -> None:
    """Over databases of their own, also where one of them has nobody who heard it."""
    lost = {"receipts.held_share": 0.4, "unreported_share": 0.1, "expired_share": 0.2, "cancel_sm": "taken"}
    await nation.simulate("viettel", "mobifone", "vinaphone", people=300, **lost)
    rig = nation.rig
    able = {name: carrier.having(cancel_sm=True) for name, carrier in rig.config.carriers.items()}
    rig.config = replace(rig.config, carriers=able)
    await nation.begin(NATION)
    for name in NATION:
        nation.work(name)
    wrong = await by("an", launching.launch, nation.session, (await rig.approved(carriers)).name)

    async def begun() -> bool:
        ended = ("accepted", "delivered", "expired", "undeliverable")
        states = await nation.states(wrong)
        return sum(states.get(state, 0) for state in ended) >= 200

    await until(begun, "it goes out")
    await by("an", actions.cancel, nation.session, wrong.name)
    for name in NATION:
        await quiet(replace_conn(rig, nation.conn(name)))
    told = (await shown(rig.conn, wrong.name, rig.config)).withdrawals
    assert {each.carrier for each in told} == set(carriers)
    assert sum(each.withdrawn for each in told) > 20
    assert not any(each.to_ask for each in told)
    said = Terms(text=worded("That was wrong.", plain=False))
    draft = await by("an", drafting.correct, nation.session, wrong.name, said)
    assert (await shown(rig.conn, draft.name, rig.config)).corrects == wrong.name
    await by("binh", actions.approve, nation.session, draft.name, draft.code)
    right = await by("an", launching.launch, nation.session, draft.name)
    heard: dict[str, set[int]] = {}
    for name in NATION:
        heard |= await audience(replace_conn(rig, nation.conn(name)), right)
    for name in carriers:
        wanted = {each.msisdn for each in await book(rig, name) if each.message == 1 and each.may_have_heard}
        assert heard[name] == wanted
    assert right.audience == sum(map(len, heard.values()))


async def test_what_cannot_be_corrected(nation: NationWorld, tmp_path: Path) -> None:
    await nation.simulate("viettel", "mobifone", "vinaphone", people=20)
    rig = nation.rig
    await nation.begin(NATION)
    for name in NATION:
        nation.work(name)
    approved = await rig.approved(("viettel",))
    said = Terms(text=worded("That was wrong.", plain=False))
    with pytest.raises(RefusedError, match="was never launched, and nobody has heard it"):
        await by("an", drafting.correct, nation.session, approved.name, said)
    wrong = await by("an", launching.launch, nation.session, approved.name)
    await nation.finish(wrong)
    draft = await by("an", drafting.correct, nation.session, wrong.name, said, "sorry")
    assert (draft.name, draft.corrects) == ("sorry", wrong.campaign_id)
    await by("binh", actions.approve, nation.session, "sorry", draft.code)
    await by("w", archives.archive, nation.session, wrong.name, tmp_path, drop=True)
    with pytest.raises(RefusedError, match="is archived: who heard it is in files"):
        await by("an", launching.launch, nation.session, "sorry")


async def test_a_paused_alert_is_not_resumed_after_its_correction(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 100)
    await rig.subscribers("viettel", 1000, FIRST["viettel"])
    rig.worker()
    session = Session(rig.conn, rig.config)
    wrong = await rig.launch()
    await rig.reached(wrong, 50, "delivered")
    await by("an", actions.pause, session, wrong.name)
    right = await correct(rig, wrong)
    with pytest.raises(RefusedError, match="-correction corrects it, and was launched"):
        await by("an", actions.resume, session, wrong.name)
    await by("an", actions.cancel, session, right.name)
    assert (await by("an", actions.resume, session, wrong.name)).state == "running"
