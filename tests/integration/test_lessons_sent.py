"""What alerts teach about the list, from end to end: learnt by the worker from what simulated carriers said and heeded
by the next alerts, person by person by the carriers' own books; and with several databases."""

import itertools
from dataclasses import replace
from typing import Any
from urllib.request import urlopen

import pytest
from acting import acting
from integration import steps
from integration.nation_world import TWO, NationWorld
from integration.rig import Rig, Smsc
from waiting import PATIENCE_S, until

from broadcast.actions import learn as learning
from broadcast.actions.erasure import export
from broadcast.actions.session import Session
from broadcast.audience.carriers import carrier_names, carrier_numbers
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Hygiene
from broadcast.engine import lessons
from broadcast.errors import RefusedError
from broadcast.ledger import learn
from broadcast.smpp.channel import SmppChannel

PEOPLE = 60
FIRST, OTHERS = 84_320_000_000, 84_900_000_000
HYGIENE = Hygiene(dead_after=2, over_days=0, retry_after_days=1)
VIETTEL: dict[str, Any] = {
    "seed": 3, "undeliverable_share": 0.15, "rejected_share": 0.1, "refused_share": 0.1, "refused_status": 0x433,
    "receipts.final_errs.REJECTD": "0b1", "receipt_delay_s": 0.05,
}  # fmt: skip
SAYS: dict[str, Any] = {
    "ported_statuses": (0x433,), "ported_errs": ("0B1",), "ported_errs_to": {"0B1": "mobifone"}
}  # fmt: skip


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker looks all the time, and at what has just ended."""
    monkeypatch.setattr(lessons, "LOOK_S", 0.02)
    monkeypatch.setattr(lessons, "AGAIN_S", 0.0)
    monkeypatch.setattr(learn, "QUIET_S", 0.0)


def book(smsc: Smsc) -> dict[int, dict[int, str]]:
    """By message, from 1: number -> how it ended there: D, U, E, R; `refused`."""
    found: dict[int, dict[int, str]] = {}
    with urlopen(f"http://127.0.0.1:{smsc.book_port}/book/people", timeout=PATIENCE_S) as lines:
        for line in lines:
            msisdn, no, what, *segments = line.decode().split()
            ends = {each[1] for each in segments} or {what}
            assert len(ends) == 1
            found.setdefault(int(no), {})[int(msisdn)] = ends.pop()
    return found


class World:
    """Two carriers, of whom the second reaches everybody, and a worker."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.conn, self.turn = rig, rig.conn, itertools.count(1)

    async def begin(self) -> None:
        await self.rig.smsc("viettel", **VIETTEL)
        await self.rig.smsc("mobifone", receipt_delay_s=0.05)
        self.rig.connect("viettel", 500, **SAYS)
        self.rig.connect("mobifone", 500)
        await self.rig.subscribers("viettel", PEOPLE, FIRST)
        await self.rig.subscribers("mobifone", 9, OTHERS)
        self.rig.worker()

    async def alert(self, category: str = "health") -> Campaign:
        """Sent, over, and learnt of; by the books, too."""
        made = await self.rig.launch(category=category, text=f"Alert {next(self.turn)}")
        await self.rig.finish(made)
        query = "SELECT count(*) FROM lesson WHERE campaign_id = $1 AND done_at IS NOT NULL"

        async def learnt() -> bool:
            return bool(await self.conn.fetchval(query, made.campaign_id) == 2)

        await until(learnt, "it is learnt of both carriers")
        return made

    async def excluded(self, campaign: Campaign) -> dict[str, set[int]]:
        rows = await self.conn.fetch(
            "SELECT reason, unnest(msisdns) AS m FROM exclusion WHERE campaign_id = $1", campaign.campaign_id
        )
        found: dict[str, set[int]] = {}
        for row in rows:
            found.setdefault(row["reason"], set()).add(row["m"])
        return found

    async def carriers(self) -> dict[int, str]:
        names = await carrier_names(self.conn)
        rows = await self.conn.fetch("SELECT msisdn, carrier_no FROM subscriber")
        return {row["msisdn"]: names[row["carrier_no"]] for row in rows}


async def test_from_one_alert_to_the_next(rig: Rig, at_once: None) -> None:
    rig.config = replace(rig.config, hygiene=HYGIENE)
    world = World(rig)
    await world.begin()
    await world.alert()
    first = book(rig.smscs["viettel"])[1]
    moved = {each for each, end in first.items() if end == "R"}
    unnamed = {each for each, end in first.items() if end == "refused"}
    dead = {each for each, end in first.items() if end == "U"}
    assert moved and unnamed and dead and len(first) == PEOPLE
    carriers = await world.carriers()
    assert {each for each in first if carriers[each] == "mobifone"} == moved
    rows = await world.conn.fetch("SELECT msisdn, to_no IS NULL AS unnamed, said FROM port")
    assert {row["msisdn"] for row in rows if row["unnamed"]} == unnamed
    assert {row["said"] for row in rows} == {"0b1", "status:0x00000433"}

    second = await world.alert()  # those who moved hear it by their own carrier
    assert book(rig.smscs["viettel"])[2].keys() == first.keys() - moved
    assert moved <= book(rig.smscs["mobifone"])[2].keys()
    assert await world.excluded(second) == {}

    third = await world.alert()  # who was not reached twice is left out
    assert await world.excluded(third) == {"set_aside": dead}
    assert book(rig.smscs["viettel"])[3].keys() == first.keys() - moved - dead
    fourth = await world.alert("emergency")
    assert await world.excluded(fourth) == {}
    assert book(rig.smscs["viettel"])[4].keys() == first.keys() - moved

    await rig.restart_smsc("viettel", receipt_delay_s=0.05)  # their telephones are on again
    await world.conn.execute("UPDATE set_aside SET at = at - interval '25 hours'")

    async def tried_again() -> bool:
        return not await world.conn.fetchval("SELECT count(*) FROM set_aside")

    await until(tried_again, "who was set aside is tried again")
    fifth = await world.alert()
    assert await world.excluded(fifth) == {}
    assert book(rig.smscs["viettel"])[1] == dict.fromkeys(first.keys() - moved, "D")
    assert await world.conn.fetchval("SELECT coalesce(sum(people), 0) FROM failing") == 0
    assert await world.conn.fetchval("SELECT count(*) FROM subscriber WHERE standing <> 0") == 0


async def test_it_gives_way_to_an_alert(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read while somebody is to be sent to, and all of it afterwards."""
    monkeypatch.setattr(learn, "QUIET_S", 0.0)
    monkeypatch.setattr(lessons, "LOOK_S", 3600.0)
    world = World(rig)
    await world.begin()
    await rig.finish(await rig.launch(category="health"))
    other = await rig.approved(category="health")
    for worker in list(rig.workers):
        await rig.stop(worker)
    numbers = await carrier_numbers(rig.conn)
    sayings = {numbers[name]: SmppChannel(each).sayings() for name, each in rig.config.carriers.items()}
    mine = lessons.Lessons(learn.Words(sayings, HYGIENE), None)
    running = await steps.launch(rig.conn, rig.config, other, "an")
    async with acting(rig.conn, "w"):
        await mine.look(rig.conn)
    assert await rig.conn.fetchval("SELECT count(*) FROM lesson") == 0
    async with acting(rig.conn, "an"):
        with pytest.raises(RefusedError, match="an alert is being sent"):
            await learning.learn(Session(rig.conn, rig.config))
    await steps.pause(rig.conn, running)
    async with acting(rig.conn, "w"):
        await mine.look(rig.conn)
    assert await rig.conn.fetchval("SELECT count(*) FROM lesson WHERE done_at IS NOT NULL") == 2


async def test_several_ledgers_tell_home(nation: NationWorld) -> None:
    """By the command: a carrier's people are sent to in one database, and known in another."""
    rig = nation.rig
    await rig.smsc("viettel", **VIETTEL)
    await rig.smsc("mobifone", receipt_delay_s=0.05)
    rig.connect("viettel", 500, **SAYS)
    rig.connect("mobifone", 500)
    rig.config = replace(rig.config, hygiene=HYGIENE)
    await rig.subscribers("viettel", PEOPLE, FIRST)
    await rig.subscribers("mobifone", 9, OTHERS)
    await nation.begin(TWO)
    for name in TWO:
        nation.work(name)
    first: dict[int, str] = {}
    for _ in range(2):
        made = await rig.launch(category="health")
        await nation.finish(made)
        async with acting(rig.conn, "an"):
            done = await learning.learn(nation.session, made.name)
        assert {(each.carrier, each.done) for each in done.campaigns[made.name]} == {
            ("viettel", True), ("mobifone", True)
        }  # fmt: skip
        first = first or book(rig.smscs["viettel"])[1]
    moved = {each for each, end in first.items() if end == "R"}
    dead = {each for each, end in first.items() if end == "U"}
    world = World(rig)
    carriers = await world.carriers()
    assert {each for each in first if carriers[each] == "mobifone"} == moved
    rows = await rig.conn.fetch("SELECT msisdn FROM subscriber WHERE standing = 1")
    assert {row["msisdn"] for row in rows} == dead
    assert await rig.conn.fetchval("SELECT count(*) FROM failing") == 0  # that is the ledger's
    async with acting(rig.conn, "an"):
        told = await export(nation.session, min(dead))
    assert told["set_aside"]["campaigns"] == 2 and told["not_reached"][0]["carrier"] == "viettel"
