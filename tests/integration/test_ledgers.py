"""A home and two ledgers as three databases: an alert goes its whole way over all of them."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from integration import steps
from integration.nation_world import FIRST, NationWorld, ledger
from integration.steps import by
from waiting import PATIENCE_S, until

from broadcast.actions import archive as archives
from broadcast.actions import campaign as actions
from broadcast.actions import launch as launching
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


async def test_an_alert_over_two_ledgers(nation: NationWorld, tmp_path: Path) -> None:
    """Launch, sending, receipts, end, report, list of people, watch and archive, summed; everybody once."""
    await nation.simulate(*ALL)
    await nation.rig.subscribers("gmobile", 7, FIRST + 9_000_000)  # of no carrier that is connected
    await nation.begin(TWO)
    for name in TWO:
        nation.work(name)
    campaign = await by(
        "an", launching.launch, nation.session, (await nation.rig.approved((*ALL, "gmobile"))).name
    )
    assert campaign.audience == 907
    found = await nation.finish(campaign)
    assert {line.carrier: line.audience for line in found.report.progress.carriers} == {
        "gmobile": 7, "mobifone": 300, "vinaphone": 300, "viettel": 300,
    }  # fmt: skip
    total = found.report.progress.total.states
    assert (total["excluded"], total["delivered"] + total["undeliverable"]) == (7, 900)
    assert found.audit.counted == found.audit.audience == 907
    assert [each.event for each in found.report.events] == ["drafted", "approved", "launched", "finished"]

    people = [each async for each in recipients(nation.rig.conn, campaign.campaign_id, nation.rig.config)]
    assert len({each.msisdn for each in people}) == len(people) == 907
    assert await nation.differing(campaign) == []

    seen = [now async for now, _ in watch(nation.rig.conn, campaign.name, 0.1, nation.rig.config)]
    assert (seen[-1].over, seen[-1].away, seen[-1].total.audience) == (True, (), 907)
    with pytest.raises(ConfigError, match="home has the ledger north, and this configuration has not"):
        await everything(nation.rig.conn, campaign.name)

    done = await by("w", archives.archive, nation.session, campaign.name, tmp_path, drop=True)
    assert (done.recipients, done.dropped) == (907, True)
    assert {(tmp_path / name / f"{campaign.name}.archive").is_dir() for name in TWO} == {True}
    for name in TWO:
        assert await nation.conn(name).fetchval("SELECT count(*) FROM slice") == 0
    after = await everything(nation.rig.conn, campaign.name, nation.rig.config)
    assert (after.audit.balanced, after.report.progress.carriers) == (True, found.report.progress.carriers)


STEPS = ("check_has_all", "begin", "take_snapshot", "commit 1", "commit 2", "_say_running", "push")


class Killed(BaseException):
    """Whoever launches is no more."""


def killing(monkeypatch: pytest.MonkeyPatch, step: str, after: bool) -> None:
    """The launch ends before (or after) this step, like a process that is killed: nothing is tidied up."""
    name, _, number = step.partition(" ")
    place: object = launch.Copy if hasattr(launch.Copy, name) else orders if name == "push" else launch
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
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch, database_url: str, step: str, after: bool
) -> None:
    """Whatever it left behind, nobody is sent to before a launch came to its end, and then everybody once."""
    await nation.simulate(*ALL, people=40)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    for name in TWO:
        nation.work(name)
    with monkeypatch.context() as patch:
        killing(patch, step, after)
        with pytest.raises(Killed):
            await by("an", launching.launch, nation.session, campaign.name)
    now = await campaigns.get(nation.rig.conn, campaign.campaign_id)
    if now.state == "approved":
        books = [await nation.rig.smscs[name].book() for name in ALL]
        assert sum(book["segments"] for book in books) == 0
        now = await by("an", launching.launch, nation.session, campaign.name)
    assert (now.state, now.audience) == ("running", 120)
    await nation.finish(now)
    for name in ALL:
        book = await nation.rig.smscs[name].book()
        assert (book["recipients"], book["extra_copies"]) == (40, 0)


async def test_a_launch_that_was_killed_is_edited_and_repeated(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To fewer carriers: nothing stays of it in the ledger that has nobody now."""
    await nation.simulate(*ALL, people=20)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    with monkeypatch.context() as patch:
        killing(patch, "_say_running", False)
        with pytest.raises(Killed):
            await by("an", launching.launch, nation.session, campaign.name)
    assert await nation.conn("north").fetchval("SELECT sum(total) FROM slice") == 20
    fewer = replace(campaign.content, carriers=SOUTH, text="Stay at home.")
    edited = await steps.edit(nation.rig.conn, campaign, fewer, "an")
    await steps.approve(nation.rig.conn, edited)
    now = await by("an", launching.launch, nation.session, campaign.name)
    for table in ("campaign", "slice", "tally", "opt_outs_applied"):
        assert await nation.conn("north").fetchval(f"SELECT count(*) FROM {table}") == 0, table
    nation.work("south")
    found = await nation.finish(now)
    assert found.audit.counted == 40


async def test_a_launch_needs_every_ledger(nation: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is away: nothing is launched anywhere, and a line says which."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    monkeypatch.setenv("SOUTH_URL", "postgresql://broadcast@127.0.0.1:1/nowhere")
    with pytest.raises(DatabaseError, match=r"^ledger south: "):
        await by("an", launching.launch, nation.session, campaign.name)
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).state == "approved"


async def test_a_launch_into_a_ledger_whose_disk_is_full(nation: NationWorld) -> None:
    """Nothing is launched, and a line says which is full, although the other ledger was still being written."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    for name, body in (
        ("south", "RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'"),
        ("north", "PERFORM pg_sleep(0.3); RETURN NEW"),
    ):
        await nation.conn(name).execute(
            f"""CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$;
                CREATE TRIGGER odd BEFORE INSERT ON slice FOR EACH ROW EXECUTE FUNCTION odd()"""
        )
    with pytest.raises(DatabaseError, match=r"^ledger south: the database's disk is full"):
        await by("an", launching.launch, nation.session, campaign.name)
    assert (await campaigns.get(nation.rig.conn, campaign.campaign_id)).state == "approved"
    for name in TWO:
        assert await nation.conn(name).fetchval("SELECT count(*) FROM campaign") == 0


async def test_nobody_in_one_ledger(nation: NationWorld) -> None:
    """It gets no part of the campaign, and does not keep it from its end."""
    await nation.simulate("viettel", people=20)
    await nation.rig.smsc("mobifone", receipt_delay_s=0.1)
    nation.rig.connect("mobifone", 500)
    await nation.begin({"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")})
    nation.work("north")
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    assert await nation.conn("south").fetchval("SELECT count(*) FROM campaign") == 0
    found = await nation.finish(campaign)
    assert found.audit.audience == 20


async def test_swapped_urls_are_refused(nation: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an operator's command and by workers: no ledger is taken for another, nor for home."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    monkeypatch.setenv("NORTH_URL", nation.urls["south"])
    with pytest.raises(RefusedError, match=r"ledger north: the database .* is the ledger south"):
        await by("an", launching.launch, nation.session, campaign.name)
    monkeypatch.setenv("NORTH_URL", nation.rig.url)
    with pytest.raises(RefusedError, match="is home itself"):
        await by("an", launching.launch, nation.session, campaign.name)
    for worker in (
        nation.work("north", url=nation.urls["south"], resolver=False),
        nation.work("north", url=nation.rig.url, resolver=False),
        nation.work("north", home_url=nation.urls["south"], resolver=False),
    ):
        with pytest.raises(RefusedError, match="URL"):
            await nation.rig.workers.pop(worker)


async def test_a_carrier_in_two_ledgers_by_two_configurations(nation: NationWorld) -> None:
    """Each would use all of its TPS: home knows one, and refuses the other."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    moved = {"north": ledger("north", *NORTH, "mobifone"), "south": ledger("south", "vinaphone")}
    nation.rig.config = replace(nation.rig.config, ledgers=moved)
    with pytest.raises(RefusedError, match="home knows the ledger north otherwise"):
        await by("an", launching.launch, nation.session, campaign.name)
    with pytest.raises(RefusedError, match="home knows the ledger north otherwise"):
        await nation.rig.workers.pop(nation.work("north", resolver=False))


async def test_a_carrier_moves_when_nothing_of_it_is_open(nation: NationWorld, tmp_path: Path) -> None:
    """From home, the one database of before, to a ledger: not while an alert of then is open, and then it does."""
    await nation.simulate(*ALL, people=30)
    early = await nation.rig.launch()
    with pytest.raises(RefusedError, match="cannot leave home yet: the campaign alert"):
        await nation.begin(TWO)
    mixed = {"first": Ledger(carriers=ALL)}
    await nation.begin(mixed)  # home is a ledger by name, and goes on
    nation.work("first")
    assert (await nation.finish(early)).audit.audience == 90
    tasks = list(nation.rig.workers.values())
    for life in nation.rig.workers:
        life.stop()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
    nation.rig.workers.clear()
    await nation.begin({"first": Ledger(carriers=("viettel",)), "south": ledger("south", *SOUTH)})
    nation.work("first")
    nation.work("south")
    late = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    found = await nation.finish(late)
    assert found.audit.audience == 90
    assert (
        await audit(nation.rig.conn, late.campaign_id)
    ).problems == ()  # as a worker of home counts: its own part
    assert (await everything(nation.rig.conn, early.name, nation.rig.config)).audit.balanced
    done = await by("w", archives.archive, nation.session, late.name, tmp_path, drop=True)
    assert done.recipients == 90
    assert (await everything(nation.rig.conn, late.name, nation.rig.config)).audit.balanced


async def test_a_ledger_that_cannot_be_told(nation: NationWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order holds at home, and who gave it hears which ledger does not know."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    monkeypatch.setenv("SOUTH_URL", "postgresql://broadcast@127.0.0.1:1/nowhere")
    done = await by("an", actions.pause, nation.session, campaign.name)
    assert done.state == "paused"
    assert [each.ledger for each in nation.told if isinstance(each, Untold)] == ["south"]
    north = await campaigns.get(nation.conn("north"), campaign.campaign_id)
    south = await campaigns.get(nation.conn("south"), campaign.campaign_id)
    assert (north.state, south.state) == ("paused", "running")


async def test_a_worker_ends_as_it_tells_home_that_its_part_is_over(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between that and the end of the whole alert: the next worker tells it again, and the alert has its end."""
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    real = herald.sql

    def killing_last(name: str) -> str:
        if name == "parts_finished":
            raise Killed
        return real(name)

    nation.work("south")
    await until(lambda: parts_over(nation, 1), "south is through")
    with monkeypatch.context() as patch:
        patch.setattr(herald, "sql", killing_last)
        with pytest.raises(Killed):
            await asyncio.wait_for(nation.rig.workers.pop(nation.work("north")), PATIENCE_S)
    nation.work("north", resolver=False)
    await nation.finish(campaign)


async def parts_over(nation: NationWorld, count: int) -> bool:
    query = "SELECT count(*) FROM campaign_part WHERE finished_at IS NOT NULL"
    return bool(await nation.rig.conn.fetchval(query) == count)


async def test_spread_again_changes_nothing(nation: NationWorld) -> None:
    await nation.simulate(*ALL, people=10)
    await nation.begin(TWO)
    assert (await spread(nation.session)).ledgers == (await spread(nation.session)).ledgers
    nation.rig.config = replace(nation.rig.config, ledgers={"north": ledger("north", *ALL)})
    with pytest.raises(RefusedError, match=r"no \[ledgers.south\]"):
        await spread(nation.session)


async def test_a_database_in_use_is_no_ledger(nation: NationWorld) -> None:
    """Somebody's home is not overwritten by a slip in a URL."""
    await nation.simulate(*ALL, people=10)
    await nation.conn("south").execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no) VALUES (84320000000, 0, 1, 1)"
    )
    with pytest.raises(RefusedError, match="ledger south: its database is a home of its own"):
        await nation.begin(TWO)


async def test_workers_stop_at_what_home_says(nation: NationWorld) -> None:
    """A ledger that nobody told of a pause: its workers hear of it from home, and it follows."""
    await nation.simulate(*ALL, people=4000, tps=200)
    await nation.begin(TWO)
    for name in TWO:
        nation.work(name)
    everybody = 4000 * len(ALL)  # so many that their number is asked for
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name, everybody)
    await until(lambda: reached(nation, campaign, 300), "some are sent to")
    await steps.pause(nation.rig.conn, await campaigns.get(nation.rig.conn, campaign.campaign_id), "binh")

    async def paused() -> bool:
        return all(
            [(await campaigns.get(nation.conn(name), campaign.campaign_id)).state == "paused" for name in TWO]
        )

    await until(paused, "the ledgers follow home")


async def reached(nation: NationWorld, campaign: campaigns.Campaign, least: int) -> bool:
    found = await nation.states(campaign)
    return sum(found.values()) - found.get("waiting", 0) >= least
