"""The do-not-call list and consents: kept of everybody, heeded by category; imports and launches know them."""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from acting import acting
from integration import steps

from broadcast.actions import erasure
from broadcast.actions import standing as actions
from broadcast.actions.erasure import export
from broadcast.actions.session import Session
from broadcast.actions.standing import Consented, Registered, Told
from broadcast.actions.subscriber import Import, import_subscribers, known
from broadcast.audience import do_not_call, lists, subscribers
from broadcast.audience.subscribers import CarrierCount
from broadcast.campaign import campaigns, choosing, entrants
from broadcast.campaign.content import Content, content
from broadcast.campaign.plan import Plan
from broadcast.config import Rule
from broadcast.config.contact import Rules
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.ledger.corrected import Corrected, Heard
from broadcast.rules.standing import heeded, reasons
from broadcast.store.pool import connect
from broadcast.store.queries import sql

FIRST = 84_320_000_000
RULES = Rules(health=Rule("-", do_not_call=True), routine=Rule("-", consent=True, set_aside=False))


class Nobody:
    """Watches no import."""

    def continuing(self, line: int) -> None: ...

    def skipped(self, reached: Any) -> None: ...

    def merged(self, batch: Any) -> None: ...


class Desk:
    """An operator's, with files of numbers; in a country with RULES."""

    def __init__(self, session: Session, folder: Path) -> None:
        config = replace(session.config, rules=RULES)
        self.session, self.conn, self.folder = Session(session.connection, config), session.connection, folder

    def file(self, text: str) -> Path:
        path = self.folder / "people.csv"
        path.write_text(text)
        return path

    async def bring(self, text: str, *, resumable: bool = False) -> None:
        """An import."""
        path = self.file(text)
        plan = Import(path, path.with_suffix(".refused.csv"), resumable)
        await steps.by("an", import_subscribers, self.session, plan, Nobody())

    async def register(self, text: str, *, undo: bool = False, **how: bool) -> Registered:
        given = (self.session, self.file(text), None)
        if undo:
            return await steps.by("an", actions.unregister, *given)
        return await steps.by("an", actions.register, *given, **how)

    async def consent(self, text: str, **said: Any) -> Consented:
        told = Told(file=self.file(text), **said)
        return await steps.by("an", actions.note_consent, self.session, told)

    async def standing(self) -> dict[int, int]:
        """Of subscribers, by the last digits of their numbers."""
        rows = await self.conn.fetch("SELECT msisdn, standing FROM subscriber")
        return {row["msisdn"] - FIRST: row["standing"] for row in rows}

    def refused(self) -> Counter[str]:
        with (self.folder / "people.refused.csv").open(encoding="utf-8-sig", newline="") as source:
            return Counter(line["reason"] for line in csv.DictReader(source))

    async def launched(self, name: str, **more: Any) -> tuple[set[int], dict[int, str]]:
        """By the last digits of their numbers: who is sent to; why who is not."""
        made = alert(**more)
        counted = await choosing.expected(self.conn, self.session.config, made)
        approved = await steps.approved(self.conn, name, made)
        launched = await steps.launch(self.conn, self.session.config, approved)
        rows = await self.conn.fetch(
            "SELECT unnest(msisdns) AS m, NULL AS reason FROM slice WHERE campaign_id = $1"
            " UNION ALL SELECT unnest(msisdns), reason FROM exclusion WHERE campaign_id = $1",
            launched.campaign_id,
        )
        sent = {row["m"] - FIRST for row in rows if row["reason"] is None}
        assert counted == len(sent)
        return sent, {row["m"] - FIRST: row["reason"] for row in rows if row["reason"]}


def alert(**more: Any) -> Content:
    more = {"category": "health", **more}
    return content(
        text="Rửa tay", sender="BOYTE", carriers=("viettel",), expires_at=datetime.now(UTC) + timedelta(hours=6),
        **more,
    )  # fmt: skip


def lines(*places: int, head: str = "msisdn") -> str:
    return "\n".join([head, *(str(FIRST + each) for each in places)])


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    return Desk(session, tmp_path)


async def test_whoever_is_on_the_do_not_call_list_hears_what_does_not_heed_it(desk: Desk) -> None:
    await desk.bring(lines(*range(6)))
    done = await desk.register(lines(1, 2, 2, 77) + "\nnobody\n")
    assert (done.on_list, done.new, done.gone, done.subscribers) == (3, 3, 0, 2)
    assert done.file is not None
    assert (done.file.lines, done.file.numbers, done.file.repeated) == (5, 3, 1)
    assert desk.refused() == {"garbage": 1}
    assert await desk.launched("wash") == ({0, 3, 4, 5}, {1: "do_not_call", 2: "do_not_call"})
    assert await desk.launched("flood", category="emergency") == (set(range(6)), {})


async def test_the_same_file_again_and_another_in_its_place(desk: Desk) -> None:
    await desk.bring(lines(*range(6)))
    await desk.register(lines(1, 2, 77))
    again = await desk.register(lines(1, 2, 77))
    assert (again.on_list, again.new, again.gone, again.subscribers) == (3, 0, 0, 0)
    more = await desk.register(lines(3))
    assert (more.on_list, more.new, more.subscribers) == (4, 1, 1)
    other = await desk.register(lines(2, 4), replace=True, anyway=True)
    assert (other.on_list, other.new, other.gone, other.subscribers) == (2, 1, 3, 3)
    assert await desk.standing() == {0: 0, 1: 0, 2: 2, 3: 0, 4: 2, 5: 0}
    with pytest.raises(RefusedError, match="2 of 2 numbers"):
        await desk.register(lines(5), replace=True)
    assert len(await do_not_call.members(desk.conn)) == 2
    gone = await desk.register(lines(2, 5), undo=True)
    assert (gone.on_list, gone.gone, gone.subscribers) == (1, 1, 1)
    off = await steps.by("an", actions.unregister, desk.session, FIRST + 4, None)
    assert off.on_list == 0
    assert set((await desk.standing()).values()) == {0}
    assert len(await do_not_call.members(desk.conn)) == 0


@pytest.mark.parametrize("resumable", [False, True])
async def test_an_import_knows_who_stands_how(desk: Desk, resumable: bool) -> None:
    await desk.register(lines(1, 2, 77))
    await desk.consent(lines(2, 3), source="form 1")
    await desk.consent(lines(3, 4), source="by phone", withdrawn=True)
    await desk.bring(lines(*range(5)), resumable=resumable)
    assert await desk.standing() == {0: 0, 1: 2, 2: 6, 3: 0, 4: 0}
    await desk.conn.execute("UPDATE subscriber SET standing = standing | 1")
    await desk.bring(lines(*range(6)), resumable=resumable)
    assert await desk.standing() == {0: 1, 1: 3, 2: 7, 3: 1, 4: 1, 5: 0}


async def test_the_newest_word_counts_whenever_it_is_brought(desk: Desk) -> None:
    await desk.bring(lines(*range(5)))
    done = await desk.consent(
        f"msisdn,consent,consent_source\n{FIRST},2026-01-05,form 1\n{FIRST + 1},2026-01-05T10:00:00+07:00,web"
        f"\n{FIRST + 2},2026-03-01,\n{FIRST + 3},,form 1\n{FIRST + 3},yes,form 1\n{FIRST + 3},2199-01-01,form 1"
        f"\n{FIRST + 3},2026-01-05,call 0912345678\n{FIRST},2026-01-05,form 2\n0243,2026-01-05,form 1\n",
        source="register",
    )
    assert (done.words, done.subscribers) == (3, 3)
    assert done.file is not None
    assert (done.file.lines, done.file.numbers, done.file.repeated) == (9, 3, 1)
    assert desk.refused() == {"no_time": 2, "in_future": 1, "number_in_source": 1, "too_short": 1}
    assert await desk.standing() == {0: 4, 1: 4, 2: 4, 3: 0, 4: 0}
    await desk.consent(lines(0, 1, 2, 4), source="letter", at="2026-02-01", withdrawn=True)
    assert await desk.standing() == {0: 0, 1: 0, 2: 4, 3: 0, 4: 0}
    assert await desk.launched("advertising", category="routine") == (
        {2},
        {0: "no_consent", 1: "no_consent", 3: "no_consent", 4: "no_consent"},
    )
    older = await desk.consent(lines(4), source="an old form", at="2025-01-01")
    assert (older.words, older.subscribers) == (1, 0)
    await desk.consent(lines(4), source="anew", at="2026-02-01")  # of the same moment: taking back counts
    assert (await desk.standing())[4] == 0
    said = await subscribers.consents(desk.conn, FIRST)
    assert [(each.given, each.source) for each in said] == [(False, "letter"), (True, "form 1")]
    assert said[1].at == datetime(2026, 1, 4, 17, tzinfo=UTC)  # a day of the country's


async def test_what_nobody_can_have_agreed_to(desk: Desk) -> None:
    for said, why in (
        ({"source": ""}, "--source must say"),
        ({"source": "call 0912 345 678"}, "no phone number"),
        ({"source": "form 1", "at": "yesterday"}, "--at yesterday"),
        ({"source": "form 1", "at": "2199-01-01"}, "lies ahead"),
        ({"source": "x" * 201}, "200 characters"),
    ):
        with pytest.raises(InputError, match=why):
            await steps.by("an", actions.note_consent, desk.session, Told(number=FIRST, **said))
    with pytest.raises(InputError, match="no number that could be read"):
        await desk.consent(lines(1))
    assert desk.refused() == {"no_source": 1}
    assert await desk.conn.fetchval("SELECT count(*) FROM consent") == 0


async def test_those_set_aside_hear_what_says_so(desk: Desk) -> None:
    await desk.bring(lines(0, 1))
    await desk.consent(lines(0, 1), source="form 1")
    await desk.conn.execute("UPDATE subscriber SET standing = standing | 1 WHERE msisdn = $1", FIRST)
    assert await desk.launched("wash") == ({1}, {0: "set_aside"})
    assert await desk.launched("advertising", category="routine") == ({0, 1}, {})


async def test_strangers_on_a_location_list_stand_as_subscribers(desk: Desk) -> None:
    await desk.bring(lines(0))
    await desk.register(lines(0, 1, 4))
    await desk.consent(lines(1, 2), source="form 1")
    async with acting(desk.conn, "an"):
        await lists.replace(desk.conn, "camp", None, FIRST + np.arange(5, dtype=np.int64), "file")
    at_camp = {"plan": Plan(lists=("camp",))}
    assert await desk.launched("wash", **at_camp) == (
        {2, 3},
        {0: "do_not_call", 1: "do_not_call", 4: "do_not_call"},
    )
    assert (await desk.launched("advertising", category="routine", **at_camp))[0] == {1, 2}
    assert (await desk.launched("flood", category="emergency", **at_camp))[0] == set(range(5))


async def test_who_enters_later_stands_as_at_the_launch(desk: Desk) -> None:
    """By the rule that it was launched under, whatever a file says by then."""
    await desk.bring(lines(0, 5, 6))
    await desk.register(lines(1, 5))
    async with acting(desk.conn, "an"):
        await lists.replace(desk.conn, "camp", None, np.array([FIRST], np.int64), "file")
    await desk.launched("wash", plan=Plan(lists=("camp",)))
    found = await campaigns.by_name(desk.conn, "wash")
    late = FIRST + np.array([0, 1, 2, 5, 6], np.int64)
    async with acting(desk.conn, "an"):
        changed = replace(desk.session.config, rules=Rules())
        done = await entrants.enter(desk.conn, changed, found, "camp", late)
    assert (done.entered, done.excluded, done.already) == (2, {"do_not_call": 2}, 1)


async def test_not_beside_an_import(desk: Desk, database_url: str) -> None:
    other = await connect(database_url)
    async with other.transaction():
        assert await other.fetchval(sql("import_lock"))
        with pytest.raises(RefusedError, match="an import runs"):
            await desk.register(lines(1))
        with pytest.raises(RefusedError, match="an import runs"):
            await desk.consent(lines(1), source="form 1")
    await other.close()
    assert await desk.conn.fetchval("SELECT count(*) FROM do_not_call") == 0
    assert (await desk.register(lines(1))).new == 1


async def test_whoever_was_erased_is_not_kept_again(desk: Desk) -> None:
    await desk.bring(lines(0, 1))
    await desk.register(lines(0, 1))
    await desk.consent(lines(0, 1), source="form 1")
    async with acting(desk.conn, "an"):
        await erasure.erase(desk.session, [FIRST])
    assert (await do_not_call.members(desk.conn)).tolist() == [FIRST + 1]
    assert await subscribers.consents(desk.conn, FIRST) == []
    assert (await desk.register(lines(0, 1))).on_list == 1
    assert (await desk.consent(lines(0), source="form 1")).words == 0
    assert await subscribers.consents(desk.conn, FIRST) == []


async def test_it_is_shown_and_exported_and_an_act(desk: Desk) -> None:
    await desk.bring(lines(0))
    await desk.register(lines(0))
    await desk.consent(lines(0), source="form 1", at="2026-01-05")
    found = await subscribers.find(desk.conn, FIRST)
    assert found.do_not_call is not None
    assert found.consent is not None
    assert (found.consent.given, found.consent.source, found.set_aside) == (True, "form 1", False)
    async with acting(desk.conn, "an"):
        told = await export(desk.session, FIRST)
    assert told["consents"] == [{"at": found.consent.at, "given": True, "source": "form 1"}]
    assert told["do_not_call_since"] == found.do_not_call
    assert told["subscriber"]["set_aside"] is False
    rows = await desk.conn.fetch("SELECT what, details FROM act WHERE what IN ('do not call', 'consented')")
    assert {row["what"]: json.loads(row["details"]) for row in rows} == {
        "do not call": {"new": 1, "gone": 0, "on_list": 1},
        "consented": {"words": 1, "subscribers": 1},
    }


async def test_the_health_of_the_list(desk: Desk) -> None:
    await desk.bring(
        f"msisdn,carrier,opted_out,area,language\n{FIRST},,,48,vi\n{FIRST + 1},,,,vi\n{FIRST + 2},,yes,,\n"
        f"{FIRST + 3},vinaphone,,48,\n"
    )
    await desk.register(lines(0, 3, 77))
    await desk.consent(lines(1), source="form 1")
    await desk.conn.execute("UPDATE subscriber SET standing = standing | 1 WHERE msisdn = $1", FIRST + 3)
    found = {each.carrier: each for each in (await known(desk.session)).carriers}
    assert found["viettel"] == CarrierCount(
        "viettel", 3, ported=0, opted_out=1, do_not_call=1, consented=1, without_area=2, without_language=1
    )
    assert found["vinaphone"] == CarrierCount(
        "vinaphone", 1, ported=1, set_aside=1, do_not_call=1, without_language=1
    )
    assert found["gmobile"] == CarrierCount("gmobile")
    await desk.conn.execute("UPDATE subscriber_import SET finished_at = finished_at - interval '40 days'")
    assert (await known(desk.session)).import_days == 40


async def test_whom_a_correction_leaves_out(desk: Desk, conn: asyncpg.Connection) -> None:
    await desk.bring(lines(*range(5)))
    await desk.register(lines(1, 2))
    await desk.consent(lines(0, 1, 2), source="form 1")
    since = await conn.fetchval("SELECT clock_timestamp()")
    await conn.execute(
        "UPDATE subscriber SET opted_out_at = now(), standing = 3 WHERE msisdn = $1", FIRST + 2
    )
    await conn.execute("UPDATE subscriber SET standing = standing | 1 WHERE msisdn = $1", FIRST)
    rule = Rule("-", do_not_call=True, consent=True)
    of = Heard(CampaignId(1), "typhoon", since, 1)
    for given, wanted in (
        (rule, {"opted_out": [2], "do_not_call": [1], "no_consent": [3, 4, 9], "": [0]}),
        (None, {"opted_out": [2], "": [0, 1, 3, 4, 9]}),
    ):
        left_out = await Corrected(of, desk.session.config, reasons(heeded(given))).left_out(conn)
        heard = FIRST + np.array([0, 1, 2, 3, 4, 9], np.int64)
        found = {reason: (those - FIRST).tolist() for reason, those in left_out.parted(heard)}
        assert {reason: those for reason, those in found.items() if those} == wanted
