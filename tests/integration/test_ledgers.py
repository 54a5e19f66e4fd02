"""A home and two ledgers as three databases: an alert goes its whole way over all of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from integration.nation_world import ACTOR, FIRST, NationWorld, ledger, nation
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.actions import archive as archives
from broadcast.actions import campaign as actions
from broadcast.actions.ledgers import spread
from broadcast.actions.notices import Untold
from broadcast.campaign import campaigns, launch, orders
from broadcast.config import Ledger
from broadcast.engine import herald
from broadcast.errors import ConfigError, DatabaseError, RefusedError
from broadcast.reports.audit import audit
from broadcast.reports.everything import everything
from broadcast.reports.recipients import recipients
from broadcast.reports.watch import watch

NORTH, SOUTH = ("viettel",), ("mobifone", "vinaphone")
ALL = (*NORTH, *SOUTH)
TWO = {"north": ledger("north", *NORTH), "south": ledger("south", *SOUTH)}


@pytest.fixture
async def world(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    """Home, north and south; nothing is simulated yet."""
    async with nation(rig, two_databases, monkeypatch) as made:
        yield made


async def test_an_alert_over_two_ledgers(world: NationWorld, tmp_path: Path) -> None:
    """Launch, sending, receipts, end, report, list of people, watch and archive, summed; everybody once."""
    await world.simulate(*ALL)
    await world.rig.subscribers("gmobile", 7, FIRST + 9_000_000)  # of no carrier that is connected
    await world.begin(TWO)
    for name in TWO:
        world.work(name)
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved((*ALL, "gmobile"))).name)
    assert campaign.audience == 907
    found = await world.finish(campaign)
    assert {line.carrier: line.audience for line in found.report.progress.carriers} == {
        "gmobile": 7, "mobifone": 300, "vinaphone": 300, "viettel": 300,
    }  # fmt: skip
    total = found.report.progress.total.states
    assert (total["excluded"], total["delivered"] + total["undeliverable"]) == (7, 900)
    assert found.audit.counted == found.audit.audience == 907
    assert [each.event for each in found.report.events] == ["drafted", "approved", "launched", "finished"]

    people = [each async for each in recipients(world.rig.conn, campaign.campaign_id, world.rig.config)]
    assert len({each.msisdn for each in people}) == len(people) == 907
    assert await world.differing(campaign) == []

    seen = [now async for now, _ in watch(world.rig.conn, campaign.name, 0.1, world.rig.config)]
    assert (seen[-1].over, seen[-1].away, seen[-1].total.audience) == (True, (), 907)
    with pytest.raises(ConfigError, match="home has the ledger north, and this configuration has not"):
        await everything(world.rig.conn, campaign.name)

    done = await archives.archive(world.session, ACTOR, campaign.name, tmp_path, drop=True)
    assert (done.recipients, done.dropped) == (907, True)
    assert {(tmp_path / name / f"{campaign.name}.archive").is_dir() for name in TWO} == {True}
    for name in TWO:
        assert await world.conn(name).fetchval("SELECT count(*) FROM slice") == 0
    after = await everything(world.rig.conn, campaign.name, world.rig.config)
    assert (after.audit.balanced, after.report.progress.carriers) == (True, found.report.progress.carriers)


STEPS = ("check_has_all", "begin", "take_snapshot", "commit 1", "commit 2", "_say_running", "push")


class Killed(BaseException):
    """Whoever launches is no more."""


def killing(monkeypatch: pytest.MonkeyPatch, step: str, after: bool) -> None:
    """The launch ends before (or after) this step, like a process that is killed: nothing is tidied up."""
    name, _, number = step.partition(" ")
    place: object = launch._Copy if hasattr(launch._Copy, name) else orders if name == "push" else launch
    real, calls = getattr(place, name), Counter[str]()

    async def fails(*arguments: object, **named: object) -> object:
        calls[name] += 1
        if calls[name] != int(number or 1):
            return await real(*arguments, **named)
        if after:
            await real(*arguments, **named)
        raise Killed

    monkeypatch.setattr(place, name, fails)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
async def test_a_launch_that_is_killed_is_repeated(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch, database_url: str, step: str, after: bool
) -> None:
    """Whatever it left behind, nobody is sent to before a launch came to its end, and then everybody once."""
    await world.simulate(*ALL, people=40)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    for name in TWO:
        world.work(name)
    with monkeypatch.context() as patch:
        killing(patch, step, after)
        with pytest.raises(Killed):
            await actions.launch(world.session, ACTOR, campaign.name)
    now = await campaigns.get(world.rig.conn, campaign.campaign_id)
    if now.state == "approved":
        books = [await world.rig.smscs[name].book() for name in ALL]
        assert sum(book["segments"] for book in books) == 0
        now = await actions.launch(world.session, ACTOR, campaign.name)
    assert (now.state, now.audience) == ("running", 120)
    await world.finish(now)
    for name in ALL:
        book = await world.rig.smscs[name].book()
        assert (book["recipients"], book["extra_copies"]) == (40, 0)


async def test_a_launch_that_was_killed_is_edited_and_repeated(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To fewer carriers: nothing stays of it in the ledger that has nobody now."""
    await world.simulate(*ALL, people=20)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    with monkeypatch.context() as patch:
        killing(patch, "_say_running", False)
        with pytest.raises(Killed):
            await actions.launch(world.session, ACTOR, campaign.name)
    assert await world.conn("north").fetchval("SELECT sum(total) FROM slice") == 20
    fewer = replace(campaign.content, carriers=SOUTH, text="Stay at home.")
    edited = await campaigns.edit(world.rig.conn, campaign, fewer, "an")
    await campaigns.approve(world.rig.conn, edited, "binh", edited.code)
    now = await actions.launch(world.session, ACTOR, campaign.name)
    for table in ("campaign", "slice", "tally", "opt_outs_applied"):
        assert await world.conn("north").fetchval(f"SELECT count(*) FROM {table}") == 0, table
    world.work("south")
    found = await world.finish(now)
    assert found.audit.counted == 40


async def test_a_launch_needs_every_ledger(world: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is away: nothing is launched anywhere, and a line says which."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    monkeypatch.setenv("SOUTH_URL", "postgresql://broadcast@127.0.0.1:1/nowhere")
    with pytest.raises(DatabaseError, match=r"^ledger south: "):
        await actions.launch(world.session, ACTOR, campaign.name)
    assert (await campaigns.get(world.rig.conn, campaign.campaign_id)).state == "approved"


async def test_a_launch_into_a_ledger_whose_disk_is_full(world: NationWorld) -> None:
    """Nothing is launched, and a line says which is full, although the other ledger was still being written."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    for name, body in (
        ("south", "RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'"),
        ("north", "PERFORM pg_sleep(0.3); RETURN NEW"),
    ):
        await world.conn(name).execute(
            f"""CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$;
                CREATE TRIGGER odd BEFORE INSERT ON slice FOR EACH ROW EXECUTE FUNCTION odd()"""
        )
    with pytest.raises(DatabaseError, match=r"^ledger south: the database's disk is full"):
        await actions.launch(world.session, ACTOR, campaign.name)
    assert (await campaigns.get(world.rig.conn, campaign.campaign_id)).state == "approved"
    for name in TWO:
        assert await world.conn(name).fetchval("SELECT count(*) FROM campaign") == 0


async def test_nobody_in_one_ledger(world: NationWorld) -> None:
    """It gets no part of the campaign, and does not keep it from its end."""
    await world.simulate("viettel", people=20)
    await world.rig.smsc("mobifone", receipt_delay_s=0.1)
    world.rig.connect("mobifone", 500)
    await world.begin({"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")})
    world.work("north")
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    assert await world.conn("south").fetchval("SELECT count(*) FROM campaign") == 0
    found = await world.finish(campaign)
    assert found.audit.audience == 20


async def test_swapped_urls_are_refused(world: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an operator's command and by workers: no ledger is taken for another, nor for home."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    monkeypatch.setenv("NORTH_URL", world.urls["south"])
    with pytest.raises(RefusedError, match=r"ledger north: the database .* is the ledger south"):
        await actions.launch(world.session, ACTOR, campaign.name)
    monkeypatch.setenv("NORTH_URL", world.rig.url)
    with pytest.raises(RefusedError, match="is home itself"):
        await actions.launch(world.session, ACTOR, campaign.name)
    for worker in (
        world.work("north", url=world.urls["south"], resolver=False),
        world.work("north", url=world.rig.url, resolver=False),
        world.work("north", home_url=world.urls["south"], resolver=False),
    ):
        with pytest.raises(RefusedError, match="URL"):
            await world.rig.workers.pop(worker)


async def test_a_carrier_in_two_ledgers_by_two_configurations(world: NationWorld) -> None:
    """Each would use all of its TPS: home knows one, and refuses the other."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await world.rig.approved()
    moved = {"north": ledger("north", *NORTH, "mobifone"), "south": ledger("south", "vinaphone")}
    world.rig.config = replace(world.rig.config, ledgers=moved)
    with pytest.raises(RefusedError, match="home knows the ledger north otherwise"):
        await actions.launch(world.session, ACTOR, campaign.name)
    with pytest.raises(RefusedError, match="home knows the ledger north otherwise"):
        await world.rig.workers.pop(world.work("north", resolver=False))


async def test_a_carrier_moves_when_nothing_of_it_is_open(world: NationWorld, tmp_path: Path) -> None:
    """From home, the one database of before, to a ledger: not while an alert of then is open, and then it does."""
    await world.simulate(*ALL, people=30)
    early = await world.rig.launch()
    with pytest.raises(RefusedError, match="cannot leave home yet: the campaign alert"):
        await world.begin(TWO)
    mixed = {"first": Ledger(carriers=ALL)}
    await world.begin(mixed)  # home is a ledger by name, and goes on
    world.work("first")
    assert (await world.finish(early)).audit.audience == 90
    tasks = list(world.rig.workers.values())
    for life in world.rig.workers:
        life.stop()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
    world.rig.workers.clear()
    await world.begin({"first": Ledger(carriers=("viettel",)), "south": ledger("south", *SOUTH)})
    world.work("first")
    world.work("south")
    late = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    found = await world.finish(late)
    assert found.audit.audience == 90
    assert (
        await audit(world.rig.conn, late.campaign_id)
    ).problems == ()  # as a worker of home counts: its own part
    assert (await everything(world.rig.conn, early.name, world.rig.config)).audit.balanced
    done = await archives.archive(world.session, ACTOR, late.name, tmp_path, drop=True)
    assert done.recipients == 90
    assert (await everything(world.rig.conn, late.name, world.rig.config)).audit.balanced


async def test_a_ledger_that_cannot_be_told(world: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order holds at home, and who gave it hears which ledger does not know."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    monkeypatch.setenv("SOUTH_URL", "postgresql://broadcast@127.0.0.1:1/nowhere")
    done = await actions.pause(world.session, ACTOR, campaign.name)
    assert done.state == "paused"
    assert [each.ledger for each in world.told if isinstance(each, Untold)] == ["south"]
    north = await campaigns.get(world.conn("north"), campaign.campaign_id)
    south = await campaigns.get(world.conn("south"), campaign.campaign_id)
    assert (north.state, south.state) == ("paused", "running")


async def test_a_worker_ends_as_it_tells_home_that_its_part_is_over(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between that and the end of the whole alert: the next worker tells it again, and the alert has its end."""
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    real = herald.sql

    def killing_last(name: str) -> str:
        if name == "finish_whole":
            raise Killed
        return real(name)

    world.work("south")
    await until(lambda: parts_over(world, 1), "south is through")
    with monkeypatch.context() as patch:
        patch.setattr(herald, "sql", killing_last)
        with pytest.raises(Killed):
            await asyncio.wait_for(world.rig.workers.pop(world.work("north")), PATIENCE_S)
    world.work("north", resolver=False)
    await world.finish(campaign)


async def parts_over(world: NationWorld, count: int) -> bool:
    query = "SELECT count(*) FROM campaign_part WHERE finished_at IS NOT NULL"
    return bool(await world.rig.conn.fetchval(query) == count)


async def test_spread_again_changes_nothing(world: NationWorld) -> None:
    await world.simulate(*ALL, people=10)
    await world.begin(TWO)
    assert (await spread(world.session)).ledgers == (await spread(world.session)).ledgers
    world.rig.config = replace(world.rig.config, ledgers={"north": ledger("north", *ALL)})
    with pytest.raises(RefusedError, match=r"no \[ledgers.south\]"):
        await spread(world.session)


async def test_a_database_in_use_is_no_ledger(world: NationWorld) -> None:
    """Somebody's home is not overwritten by a slip in a URL."""
    await world.simulate(*ALL, people=10)
    await world.conn("south").execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no) VALUES (84320000000, 0, 1, 1)"
    )
    with pytest.raises(RefusedError, match="ledger south: its database is a home of its own"):
        await world.begin(TWO)


async def test_workers_stop_at_what_home_says(world: NationWorld) -> None:
    """A ledger that nobody told of a pause: its workers hear of it from home, and it follows."""
    await world.simulate(*ALL, people=4000, tps=200)
    await world.begin(TWO)
    for name in TWO:
        world.work(name)
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    await until(lambda: reached(world, campaign, 300), "some are sent to")
    await campaigns.pause(world.rig.conn, await campaigns.get(world.rig.conn, campaign.campaign_id), "binh")

    async def paused() -> bool:
        return all(
            [(await campaigns.get(world.conn(name), campaign.campaign_id)).state == "paused" for name in TWO]
        )

    await until(paused, "the ledgers follow home")


async def reached(world: NationWorld, campaign: campaigns.Campaign, least: int) -> bool:
    found = await world.states(campaign)
    return sum(found.values()) - found.get("waiting", 0) >= least
