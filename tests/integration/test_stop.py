"""Stop: pause, cancel and SIGTERM, at full speed, with whatever is broken at that moment (law 7)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from integration import steps
from integration.database_way import DatabaseWay, way_to_database
from integration.faulty_way import way_to
from integration.rig import Rig
from waiting import PATIENCE_S, starved_s, until

from broadcast.campaign import campaigns
from broadcast.config import Bind, Carrier, Smpp
from broadcast.engine.connections import Connections
from broadcast.engine.resolver import Resolver
from broadcast.engine.worker import Worker
from broadcast.monitor.metrics import Metrics
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.personality import Personality
from broadcast.simulator.server import Smsc
from broadcast.smpp.channel import SmppChannel

TPS = 300
CARRIERS = ("viettel", "vinaphone", "mobifone")
STOP_S = 2.0
SHUTDOWN_S = 10.0
FIRST = 84_320_000_000


@contextlib.asynccontextmanager
async def simulated(rig: Rig, *names: str, sessions: int = 3, **like: Any) -> AsyncIterator[dict[str, Smsc]]:
    """Carriers in this process that record every segment, configured; workers end before they do. like: more of their
    personalities."""
    async with contextlib.AsyncExitStack() as stack:
        made = {}
        for name in names:
            smsc = made[name] = Smsc(Personality(name, "esme", receipt_delay_s=0.2, record=100_000, **like))
            bind = Bind("127.0.0.1", await smsc.start("127.0.0.1"), "esme", sessions=sessions, window=50)
            stack.push_async_callback(smsc.stop)
            carrier = Carrier(tps=TPS, binds=(bind,), smpp=Smpp(response_id="decimal", receipt_id="decimal"))
            rig.config = replace(rig.config, carriers={**rig.config.carriers, name: carrier})
        try:
            yield made
        finally:
            await rig.close()


def newest(smsc: Smsc) -> float:
    """When the last segment came (POSIX)."""
    assert smsc.exchange.records is not None
    return smsc.exchange.records._segments[-1].at


async def granted(rig: Rig, workers: int) -> bool:
    """So many workers share all of the TPS."""
    rows = await rig.conn.fetch("SELECT worker_no, granted_tps FROM bind_slot WHERE bound")
    whole = sum(row["granted_tps"] for row in rows) == len(rig.config.carriers) * TPS
    return whole and len({row["worker_no"] for row in rows}) == workers


@pytest.mark.alone
async def test_three_workers_at_full_speed_stop_within_2_s(rig: Rig) -> None:
    """From the commit of a pause, and of a cancel, to the last segment in any carrier's book."""
    async with simulated(rig, *CARRIERS) as smscs:
        for index, name in enumerate(CARRIERS):
            await rig.subscribers(name, 20 * TPS, FIRST + index * 1_000_000)
        for _ in range(3):
            rig.worker()
        await until(lambda: granted(rig, 3), "three workers share all of the TPS")
        campaign = await rig.launch()
        for act in (steps.pause, steps.cancel):
            before = {name: smsc.book.segments for name, smsc in smscs.items()}
            await asyncio.sleep(2.5)
            speed = {name: smsc.book.segments - before[name] for name, smsc in smscs.items()}
            await act(rig.conn, await campaigns.get(rig.conn, campaign.campaign_id), "binh")
            committed_at = time.time()
            await asyncio.sleep(STOP_S + 0.2)
            late = max(newest(smsc) - committed_at for smsc in smscs.values())
            print(
                f"{act.__name__}: the last segment {late:.3f} s after the commit; in the 2.5 s before {speed}"
            )
            assert min(speed.values()) > TPS / 2
            assert late < STOP_S
            if act is steps.pause:
                await steps.resume(rig.conn, await campaigns.get(rig.conn, campaign.campaign_id), "binh")
        sent = sum(smsc.book.segments for smsc in smscs.values())
        assert await rig.finish(campaign) == {"delivered": sent, "excluded": 3 * 20 * TPS - sent}
        assert sum(smsc.summary()["extra_copies"] for smsc in smscs.values()) == 0


@pytest.mark.alone
async def test_a_cancel_that_withdraws_stops_as_soon(rig: Rig) -> None:
    """With three workers, of which each asks back what the carriers still hold: nothing more is submitted after 2 s."""
    held = ReceiptHabits(held_share=0.5)
    async with simulated(rig, *CARRIERS, cancel_sm="taken", receipts=held) as smscs:
        carriers = {name: carrier.having(cancel_sm=True) for name, carrier in rig.config.carriers.items()}
        rig.config = replace(rig.config, carriers=carriers)
        for index, name in enumerate(CARRIERS):
            await rig.subscribers(name, 20 * TPS, FIRST + index * 1_000_000)
        for _ in range(3):
            rig.worker()
        await until(lambda: granted(rig, 3), "three workers share all of the TPS")
        campaign = await rig.launch()
        await rig.reached(campaign, 6 * TPS, "accepted", "delivered")
        await steps.cancel(rig.conn, await campaigns.get(rig.conn, campaign.campaign_id), "binh")
        committed_at = time.time()
        await asyncio.sleep(STOP_S + 0.2)
        late = max(newest(smsc) - committed_at for smsc in smscs.values())
        back = {name: smsc.book.withdrawn for name, smsc in smscs.items()}
        print(f"the last segment {late:.3f} s after the commit; withdrawn so far {back}")
        assert late < STOP_S
        assert max(smsc.summary()["max_per_second"] for smsc in smscs.values()) <= TPS


async def test_a_hanging_carrier_does_not_hold_up_the_shutdown(rig: Rig) -> None:
    """Its unanswered submits are in doubt by name; what was not sent waits; every lease is given back."""
    async with simulated(rig, "viettel", "vinaphone", sessions=2) as smscs:
        hanging = rig.config.carriers["viettel"]
        async with way_to(hanging.binds[0].port) as way:
            bind = replace(hanging.binds[0], port=way.port)
            rig.config = replace(
                rig.config, carriers={**rig.config.carriers, "viettel": replace(hanging, binds=(bind,))}
            )
            for index, name in enumerate(smscs):
                await rig.subscribers(name, 900, FIRST + index * 1_000_000)
            worker = rig.worker()
            campaign = await rig.launch(category="routine")
            await rig.reached(campaign, TPS, "accepted", "delivered")
            await way.fail("mute")
            await asyncio.sleep(0.3)
            began, starved = time.monotonic(), starved_s()
            await rig.stop(worker)
            took_s, starved = time.monotonic() - began, starved_s() - starved
            print(
                f"shutdown with a hanging carrier took {took_s:.1f} s, {starved:.1f} s of them without a core"
            )
            assert took_s - starved < SHUTDOWN_S
            assert await rig.conn.fetchval("SELECT count(*) FROM bind_slot WHERE worker_no IS NOT NULL") == 0
            assert await rig.conn.fetchval("SELECT count(*) FROM slice WHERE state = 'leased'") == 0
            doubts = await rig.conn.fetch("SELECT reason, count(*) AS count FROM in_doubt GROUP BY 1")
            assert [row["reason"] for row in doubts] == ["link_lost"]
            assert 0 < doubts[0]["count"] <= 2 * bind.window
            await way.fail("")
            rig.worker()

            def came() -> int:
                return sum(smsc.book.segments for smsc in smscs.values())

            async def settled() -> bool:
                """A doubt that the SMSC has in its book is settled by its receipt, any other stays."""
                return await rig.states(campaign) == {"delivered": came(), "in_doubt": 1800 - came()}

            await until(settled, "what the carriers have is delivered, and the rest in doubt")
            assert 0 < 1800 - came() <= doubts[0]["count"]
            assert smscs["viettel"].summary()["extra_copies"] == 0
            await rig.close()  # before the way ends


@pytest.mark.long
async def test_a_shutdown_without_the_database_loses_nothing(rig: Rig) -> None:
    """Of two workers one is refused by the database and one gets no answer from it, and both are told to stop.

    What could not be written: recipients are in doubt by name, and receipts were not acked and come again.
    """
    async with simulated(rig, "viettel", sessions=2) as smscs, contextlib.AsyncExitStack() as stack:
        await rig.subscribers("viettel", 2000, FIRST)
        ways: list[DatabaseWay] = []
        for name in ("lost", "silent"):
            (folder := rig.folder / name).mkdir()
            ways.append(await stack.enter_async_context(way_to_database(folder, rig.url)))
        lives = [Worker(rig.config, Metrics(), way.url, SmppChannel) for way in ways]
        tasks = [asyncio.create_task(life.run(), name="worker") for life in lives]
        await until(lambda: granted(rig, 2), "both have their share")
        campaign = await rig.launch()
        await rig.reached(campaign, 2 * TPS, "accepted", "delivered")
        ways[0].lose()
        ways[1].silence()
        await asyncio.sleep(0.3)
        began, starved = time.monotonic(), starved_s()
        for life in lives:
            life.stop()
        _, going = await asyncio.wait(tasks, timeout=PATIENCE_S)
        assert not going
        took_s, starved = time.monotonic() - began, starved_s() - starved
        print(
            f"shutdown with the database away took {took_s:.1f} s, {starved:.1f} s of them without a core, "
            f"{[task.exception() for task in tasks]}"
        )
        assert took_s - starved < SHUTDOWN_S
        rig.worker()
        assert await rig.finish(campaign) == {"delivered": 2000}
        book = smscs["viettel"].summary()
        lost = await rig.conn.fetch("SELECT reason, ended_as, count(*) AS count FROM in_doubt GROUP BY 1, 2")
        print([tuple(row) for row in lost], book["extra_copies"])
        assert {row["reason"] for row in lost} <= {"worker_lost", "link_lost"}
        assert book["receipts"]["sent"] == book["receipts"]["acked"]
        assert await rig.conn.fetchval("SELECT sum(received) FROM carrier_tally") >= book["receipts"]["acked"]
        assert book["extra_copies"] <= sum(row["count"] for row in lost if row["ended_as"] == "resent")


async def test_a_resolver_stops_when_its_look_is_done(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not begin anew meanwhile, and gives its carriers back."""
    connects, connect = [0], Connections.connect

    def counted(self: Connections) -> Awaitable[asyncpg.Connection]:
        connects[0] += 1
        return connect(self)

    monkeypatch.setattr(Connections, "connect", counted)
    await rig.conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 100)")
    life = Resolver(rig.config, Metrics(), rig.url)
    task = asyncio.create_task(life.run(), name="resolver")

    async def held() -> int:
        return int(await rig.conn.fetchval("SELECT count(holder) FROM resolver"))

    await until(held, "it has the carrier")
    begun = connects[0]
    life.stop()
    await asyncio.wait_for(task, PATIENCE_S)
    assert connects[0] - begun <= 2  # to give it back, and of a task that was over
    assert await held() == 0
