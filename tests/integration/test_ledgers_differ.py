"""A ledger that is not as home takes it to be, and whoever takes a ledger for home: said, and nothing is sent by it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from integration.nation_world import ACTOR, FIRST, NationWorld, ledger, nation
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.actions import campaign as actions
from broadcast.actions import drift
from broadcast.actions.session import Session
from broadcast.config import Ledger
from broadcast.engine.connections import Connections
from broadcast.engine.herald import Home
from broadcast.engine.opt_outs import OptOuts
from broadcast.errors import RefusedError
from broadcast.monitor.metrics import Metrics
from broadcast.store.ledgers import identity, spelt

CARRIERS = ("viettel", "mobifone")
TWO = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")}


@pytest.fixture
async def world(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    async with nation(rig, two_databases, monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    ("by_s", "said"),
    [
        (5, "ahead of home's, campaigns expire there so much too early: use NTP"),
        (-5, "behind home's, campaigns expire there so much too late: use NTP"),
    ],
)
async def test_a_ledger_with_another_clock(
    world: NationWorld, caplog: pytest.LogCaptureFixture, by_s: int, said: str
) -> None:
    """`db status` says so, and its workers' logs; half a second is nothing."""
    await world.simulate(*CARRIERS, people=10)
    await world.begin(TWO)
    assert await drift.problems(world.session) == {}
    north = world.conn("north")
    await north.execute(
        f"""CREATE FUNCTION clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
                AS $$ SELECT pg_catalog.clock_timestamp() + interval '{by_s} seconds' $$;
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
            END $$"""
    )
    found = (await drift.problems(world.session))["north"]
    assert found.startswith("its clock is ")
    assert found.endswith(said)
    world.work("north")
    await until(lambda: f"ledger north: {found[:15]}" in caplog.text, "its worker says so")


async def test_whoever_takes_a_ledger_for_home_is_refused(
    world: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that home does not know of would be obeyed by nobody, or undone by none."""
    await world.simulate(*CARRIERS, people=10)
    await world.begin(TWO)
    monkeypatch.setenv("BROADCAST_DATABASE_URL", world.urls["north"])
    said = "the database of BROADCAST_DATABASE_URL is the ledger north: home's URL belongs there"
    with pytest.raises(RefusedError, match=said):
        async with Session.open():
            pass
    with pytest.raises(RefusedError, match=said):
        await world.rig.workers.pop(world.rig.worker(world.urls["north"]))
    assert await world.conn("north").fetchval("SELECT count(*) FROM worker") == 0


async def test_nobody_is_opted_out_at_a_home_that_is_another_ones(world: NationWorld) -> None:
    """Where a worker's URL of home leads elsewhere: a STOP is not of nobody because it is asked for there."""
    await world.simulate(*CARRIERS, people=10)
    await world.begin(TWO)
    north = world.conn("north")
    await north.execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword, parts,
                              missing, text)
           VALUES (1, 0, 1, $1, now(), '1900', 'opt_out', 'STOP', 1, 0, 'STOP')""",
        FIRST,
    )
    found = await identity(north)
    for url in (world.urls["south"], world.urls["north"]):
        home = Home("north", spelt(TWO["north"]), found.home_id, Connections(url))
        with pytest.raises(RefusedError, match="is not the home of this ledger"):
            await asyncio.wait_for(OptOuts(Metrics(), home).run(north), PATIENCE_S)
    assert await north.fetchval("SELECT effect FROM reply") is None


async def test_workers_of_home_give_up_a_carrier_that_has_moved(world: NationWorld) -> None:
    """Those of home as a ledger, and those that know of none. What is on the wire is waited for: nobody is in doubt."""
    await world.simulate("viettel", people=800, tps=100)
    await world.rig.smsc("mobifone")
    world.rig.connect("mobifone", 500)
    await world.begin({"first": Ledger(carriers=CARRIERS)})
    workers = [world.work("first"), world.rig.worker()]
    campaign = await actions.launch(world.session, ACTOR, (await world.rig.approved()).name)
    await until(lambda: begun(world), "it is being sent")

    await world.begin({"first": Ledger(carriers=("viettel",)), "south": ledger("south", "mobifone")})
    for worker in workers:
        with pytest.raises(
            RefusedError, match=r"home knows the ledger first otherwise|mobifone in the ledger south"
        ):
            await asyncio.wait_for(world.rig.workers.pop(worker), PATIENCE_S)
    assert await world.rig.conn.fetchval("SELECT count(*) FROM in_doubt") == 0
    states = await world.states(campaign)
    assert 0 < states["waiting"] < 800

    world.work("first")
    await world.finish(campaign)
    book = await world.rig.smscs["viettel"].book()
    assert (book["recipients"], book["extra_copies"]) == (800, 0)


async def begun(world: NationWorld) -> bool:
    return int((await world.rig.smscs["viettel"].book())["segments"]) > 50
