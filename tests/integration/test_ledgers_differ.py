"""A ledger that is not as home takes it to be, and whoever takes a ledger for home: said, and nothing is sent by it."""

import asyncio
import re

import pytest
from integration.nation_world import CARRIERS, FIRST, TWO, NationWorld, ledger
from integration.steps import by
from waiting import PATIENCE_S, until

from broadcast.actions import campaign as actions
from broadcast.actions import drift
from broadcast.actions import launch as launching
from broadcast.actions.session import Session
from broadcast.config import Ledger
from broadcast.engine.connections import Connections
from broadcast.engine.herald import Home
from broadcast.engine.opt_outs import OptOuts
from broadcast.errors import RefusedError
from broadcast.monitor.metrics import Metrics
from broadcast.store.ledgers import identity, spelt


@pytest.mark.parametrize(
    ("by_s", "said"),
    [
        (5, "ahead of home's, campaigns expire there so much too early: use NTP"),
        (-5, "behind home's, campaigns expire there so much too late: use NTP"),
    ],
)
async def test_a_ledger_with_another_clock(
    nation: NationWorld, caplog: pytest.LogCaptureFixture, by_s: int, said: str
) -> None:
    """`db status` says so, and its workers' logs; half a second is nothing."""
    await nation.simulate(*CARRIERS, people=10)
    await nation.begin(TWO)
    assert await drift.problems(nation.session) == {}
    north = nation.conn("north")
    await north.execute(
        f"""CREATE FUNCTION clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
                AS $$ SELECT pg_catalog.clock_timestamp() + interval '{by_s} seconds' $$;
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
            END $$"""
    )
    found = (await drift.problems(nation.session))["north"]
    assert found.startswith("its clock is ")
    assert found.endswith(said)
    nation.work("north")
    told = re.compile(rf"clock_differs ledger=north why=its clock is \S+ s {said}")
    await until(lambda: told.search(caplog.text), "its worker says so")


async def test_whoever_takes_a_ledger_for_home_is_refused(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that home does not know of would be obeyed by nobody, or undone by none."""
    await nation.simulate(*CARRIERS, people=10)
    await nation.begin(TWO)
    monkeypatch.setenv("BROADCAST_DATABASE_URL", nation.urls["north"])
    said = "the database of BROADCAST_DATABASE_URL is the ledger north: home's URL belongs there"
    with pytest.raises(RefusedError, match=said):
        async with Session.open():
            pass
    with pytest.raises(RefusedError, match=said):
        await nation.rig.workers.pop(nation.rig.worker(nation.urls["north"]))
    assert await nation.conn("north").fetchval("SELECT count(*) FROM worker") == 0


async def test_nobody_is_opted_out_at_a_home_that_is_another_ones(nation: NationWorld) -> None:
    """Where a worker's URL of home leads elsewhere: a STOP is not of nobody because it is asked for there."""
    await nation.simulate(*CARRIERS, people=10)
    await nation.begin(TWO)
    north = nation.conn("north")
    await north.execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword, parts,
                              missing, text)
           VALUES (1, 0, 1, $1, now(), '1900', 'opt_out', 'STOP', 1, 0, 'STOP')""",
        FIRST,
    )
    found = await identity(north)
    for url in (nation.urls["south"], nation.urls["north"]):
        home = Home("north", spelt(TWO["north"]), found.home_id, Connections(url))
        with pytest.raises(RefusedError, match="is not the home of this ledger"):
            await asyncio.wait_for(OptOuts(Metrics(), home).run(north), PATIENCE_S)
    assert await north.fetchval("SELECT effect FROM reply") is None


async def test_workers_of_home_give_up_a_carrier_that_has_moved(nation: NationWorld) -> None:
    """Those of home as a ledger, and those that know of none. What is on the wire is waited for: nobody is in doubt."""
    await nation.simulate("viettel", people=800, tps=100)
    await nation.rig.smsc("mobifone")
    nation.rig.connect("mobifone", 500)
    await nation.begin({"first": Ledger(carriers=CARRIERS)})
    workers = [nation.work("first"), nation.rig.worker()]
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    await until(lambda: begun(nation), "it is being sent")

    await nation.begin({"first": Ledger(carriers=("viettel",)), "south": ledger("south", "mobifone")})
    for worker in workers:
        with pytest.raises(
            RefusedError, match=r"home knows the ledger first otherwise|mobifone in the ledger south"
        ):
            await asyncio.wait_for(nation.rig.workers.pop(worker), PATIENCE_S)
    assert await nation.rig.conn.fetchval("SELECT count(*) FROM in_doubt") == 0
    states = await nation.states(campaign)
    assert 0 < states["waiting"] < 800

    nation.work("first")
    await nation.finish(campaign)
    book = await nation.rig.smscs["viettel"].book()
    assert (book["recipients"], book["extra_copies"]) == (800, 0)


async def begun(nation: NationWorld) -> bool:
    return int((await nation.rig.smscs["viettel"].book())["segments"]) > 50


async def test_a_copy_that_says_something_else_is_not_sent(
    nation: NationWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """By force, with an approval that fits it: home approved something else, so its workers say so and send nothing."""
    await nation.simulate(*CARRIERS, people=20)
    await nation.begin(TWO)
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    north = nation.conn("north")
    await north.execute("UPDATE campaign SET text = 'Flee'")
    await north.execute("UPDATE approval SET hash = content_hash(campaign) FROM campaign")
    for name in TWO:
        nation.work(name)
    await until(lambda: south_is_through(nation), "the other ledger is through")
    await until(lambda: "the campaign is not what was approved" in caplog.text, "the worker says so")
    await by("an", actions.cancel, nation.session, campaign.name)
    await nation.finish(campaign)
    sent = {name: (await nation.rig.smscs[name].book())["segments"] for name in CARRIERS}
    assert sorted(sent.values()) == [0, 20]


async def south_is_through(nation: NationWorld) -> bool:
    query = "SELECT count(*) FROM campaign_part WHERE finished_at IS NOT NULL"
    return bool(await nation.rig.conn.fetchval(query) == 1)
