"""The resolver as a process: beside others, killed, frozen, and with a carrier whose rows cannot be read."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import asyncpg
import psutil
import pytest
from integration.resolver_world import DELIVERED, ResolverWorld, make_resolver_world
from integration.rig import Rig
from logged import written
from waiting import PATIENCE_S, until

from broadcast.config import Config
from broadcast.engine import resolver
from broadcast.engine.connections import Connections
from broadcast.engine.control import UNRESOLVED_S
from broadcast.engine.offspring import Offspring
from broadcast.engine.resolver import Resolver
from broadcast.engine.worker import Worker
from broadcast.errors import InputError
from broadcast.monitor import events
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel
from broadcast.store.queries import sql

AN = 84961000001
VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"


@pytest.fixture
async def world(
    database_url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> ResolverWorld:
    return await make_resolver_world(database_url, conn, monkeypatch)


@asynccontextmanager
async def running(life: Resolver) -> "AsyncIterator[asyncio.Task[None]]":
    task = asyncio.create_task(life.run(), name="resolver")
    try:
        yield task
    finally:
        life.stop()
        await asyncio.wait_for(task, PATIENCE_S)


async def send(world: ResolverWorld, count: int, carrier: str = "viettel", first: int = 0) -> None:
    """So many people, each in a group of answers and in one of receipts."""
    numbers = [AN + first + each for each in range(count)]
    slice_id = await world.slice(numbers, carrier)
    for ordinal, number in enumerate(numbers):
        await world.commit({slice_id: {ordinal: (f"{number}/1", f"{number}/2")}}, carrier=carrier)
        receipts = [(f"{number}/{segment}", number, DELIVERED) for segment in (1, 2)]
        await world.commit(received=receipts, carrier=carrier, worker=1)


async def delivered(world: ResolverWorld, count: int) -> None:
    async def there() -> bool:
        return (await world.tallies()).get("delivered", 0) >= count

    await until(there, f"{count} messages are delivered")


async def test_one_of_two_resolves_and_the_other_takes_over(world: ResolverWorld, config: Config) -> None:
    lives = [Resolver(config, Metrics(), world.url) for _ in range(2)]
    async with running(lives[1]):
        async with running(lives[0]):
            await send(world, 20)
            await delivered(world, 20)
            holders = await world.conn.fetch("SELECT DISTINCT holder FROM resolver WHERE holder IS NOT NULL")
            assert len(holders) in (1, 2)
            assert [await each.ready() for each in lives] == [None, None]
        await send(world, 20, first=100)
        await delivered(world, 40)
        assert await world.receipts() == {"matched": 80}
    assert await world.conn.fetchval("SELECT count(holder) FROM resolver") == 0


async def test_a_carrier_that_cannot_be_read_stops_no_other(
    world: ResolverWorld, config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resolver, "FAILED_S", 0.2)
    await send(world, 1)
    good = await world.conn.fetchval("SELECT packed FROM received")
    await world.conn.execute("UPDATE received SET packed = '\\x01ff'")
    life = Resolver(config, Metrics(), world.url)
    async with running(life):
        await send(world, 5, "vinaphone", first=100)
        await delivered(world, 5)
        await until(life.keeps_up, "it says which carrier it cannot resolve")
        said = await life.keeps_up() or ""
        assert "viettel" in said
        assert "vinaphone" not in said
        await world.conn.execute("UPDATE received SET packed = $1 WHERE carrier_no = $2", good, world.viettel)
        await delivered(world, 6)

        async def well() -> bool:
            return await life.keeps_up() is None

        await until(well, "all is well again")
    assert caplog.text.count("receipts_not_resolved carrier=viettel") == 1


async def test_only_the_carriers_that_it_was_told(world: ResolverWorld, config: Config) -> None:
    with pytest.raises(InputError, match="no such carrier: vietel"):
        await Resolver(config, Metrics(), world.url, ["vietel"]).run()
    life = Resolver(config, Metrics(), world.url, ["vinaphone"])
    async with running(life):
        await send(world, 1)
        await send(world, 1, "vinaphone", first=100)
        await delivered(world, 1)
        held = await world.conn.fetch("SELECT carrier_no FROM resolver WHERE holder IS NOT NULL")
        assert [row["carrier_no"] for row in held] == [world.carriers["vinaphone"]]
    assert await world.receipts() == {"waiting": 2}


async def test_workers_say_whose_receipts_wait(world: ResolverWorld) -> None:
    """That come and are not resolved; not of carriers that have none, however long nobody looked there."""
    await world.conn.execute("UPDATE resolver SET resolved_until = now() - interval '11 seconds'")
    await send(world, 1)
    waiting = await world.conn.fetch(sql("unresolved"), UNRESOLVED_S)
    assert [row["name"] for row in waiting] == ["viettel"]
    await world.conn.execute("UPDATE resolver SET resolved_until = now()")
    assert await world.conn.fetch(sql("unresolved"), UNRESOLVED_S) == []


async def test_a_worker_without_a_resolver_says_so(rig: Rig) -> None:
    """And sends all the same."""
    await rig.conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 100)")
    await rig.conn.execute("INSERT INTO received VALUES (1, 1, 1, 1, '')")
    life = Worker(rig.config, Metrics(), rig.url, SmppChannel)
    rig.workers[life] = asyncio.create_task(life.run(), name="worker")
    await until(life.keeps_up, "it says so")
    assert "viettel" in (await life.keeps_up() or "")
    await rig.conn.execute("DELETE FROM received")

    async def well() -> bool:
        return await life.keeps_up() is None

    await until(well, "all is well")


# ---------------------------------------------------------------- as a process of its own


async def start(world: ResolverWorld, log: Path, *options: str) -> asyncio.subprocess.Process:
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "broadcast", "resolver", *options),
            env={**os.environ, "BROADCAST_DATABASE_URL": world.url, "BROADCAST_CONFIG": configuration(log.parent)},
            stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
        )  # fmt: skip


def configuration(folder: Path) -> str:
    carriers = folder / "carriers.toml"
    bind = 'host = "127.0.0.1"\nport = 2775\nsystem_id = "x"\n'
    carriers.write_text(f"[carriers.viettel]\ntps = 100\n[[carriers.viettel.binds]]\n{bind}")
    return f"{VIETNAM}{os.pathsep}{carriers}"


async def held_by(world: ResolverWorld) -> Any:
    return await world.conn.fetchval("SELECT holder FROM resolver WHERE carrier_no = $1", world.viettel)


@pytest.mark.long
async def test_killed_again_and_again_it_resolves_everything_once(
    world: ResolverWorld, tmp_path: Path
) -> None:
    """Nothing unresolved is ever deleted: the books of its receipts balance all the while."""
    connection = await asyncpg.connect(world.url)
    watcher = ResolverWorld(connection, world.url, world.carriers, world.campaign_id, world.workers)
    sending = asyncio.create_task(send(world, 60))
    try:
        for _ in range(4):
            process = await start(world, tmp_path / "log")
            try:
                await until(partial(begun, watcher, await held_by(watcher)), "it has the carrier")
            finally:
                process.kill()
                await process.wait()
        await sending
        process = await start(world, tmp_path / "log")
        try:
            await until(partial(begun, watcher, await held_by(watcher)), "the last one has the carrier")
            await delivered(watcher, 60)
        finally:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    finally:
        await asyncio.gather(sending, return_exceptions=True)
        await connection.close()
    assert await world.receipts() == {"matched": 120}
    assert len(await world.results()) == 120


async def begun(watcher: ResolverWorld, before: Any) -> bool:
    """Whether another one has the carrier now."""
    await watcher.receipts()
    return await held_by(watcher) not in (None, before)


async def test_a_frozen_one_is_taken_over(world: ResolverWorld, tmp_path: Path) -> None:
    """And thawed it does nothing that is another's."""
    frozen = await start(world, tmp_path / "frozen")
    other = None
    try:
        await send(world, 5)
        await delivered(world, 5)
        before = await held_by(world)
        frozen.send_signal(signal.SIGSTOP)
        await send(world, 5, first=100)
        other = await start(world, tmp_path / "other")
        await delivered(world, 10)
        assert await held_by(world) != before
        frozen.send_signal(signal.SIGCONT)
        await until(lambda: written(tmp_path / "frozen", events.RECEIPTS_RESOLVED_ELSEWHERE), "it gives way")
        await send(world, 5, first=200)
        await delivered(world, 15)
        assert await world.receipts() == {"matched": 30}
    finally:
        for process in filter(None, (frozen, other)):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            await asyncio.wait_for(process.wait(), PATIENCE_S)


async def test_it_tells_prometheus_and_whether_it_is_ready(world: ResolverWorld, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = await start(world, log, "--carrier", "viettel")
    try:
        await until(lambda: written(log, events.SERVING), "it serves metrics")
        address = written(log, events.SERVING)[0]["url"].removesuffix("/metrics")
        await send(world, 3)
        await world.commit(received=[("x", None, DELIVERED)])
        await delivered(world, 3)

        def counted() -> bool:
            return 'broadcast_parked_receipts{carrier="viettel"} 1.0' in fetch(f"{address}/metrics")

        await until(lambda: asyncio.to_thread(counted), "the parked one is counted")
        served = await asyncio.to_thread(fetch, f"{address}/metrics")
        assert 'broadcast_resolved_receipts_total{carrier="viettel"} 7.0' in served
        assert 'broadcast_misfits_total{carrier="viettel",reason="unknown"} 1.0' in served
        told = json.loads(await asyncio.to_thread(fetch, f"{address}/readyz"))
        assert told == {"ready": True, "checks": {"lease": "ok", "database": "ok", "receipts": "ok"}}
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


def fetch(url: str) -> str:
    try:
        with urlopen(url, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return str(error.read().decode())


# ---------------------------------------------------------------- beside a worker that nobody supervises

LIVES = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
while True: time.sleep(60)
"""


def living(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir() if psutil.pid_exists(int(path.name))}


async def test_one_worker_keeps_a_resolver_and_another_takes_its_place(
    database_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", LIVES, str(tmp_path)]
    several = [Connections(database_url) for _ in range(2)]
    tasks = [asyncio.create_task(each.always(Offspring(command).keep, "offspring")) for each in several]
    try:
        await until(lambda: living(tmp_path), "one runs")
        first = living(tmp_path)
        assert len(first) == 1
        os.kill(min(first), signal.SIGKILL)
        await until(lambda: living(tmp_path) - first, "another runs in its place")
        second = living(tmp_path)
        for connections, task in zip(several, tasks, strict=True):
            if connections._open and not task.done():
                task.cancel()
                break
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: living(tmp_path) and len(living(tmp_path)) == 1, "one runs, whoever keeps it")
        assert second
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: not living(tmp_path), "none outlives its keeper")


PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "broadcast", "resolver", "--parent", str(os.getpid())])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
async def test_a_child_ends_with_its_parent(world: ResolverWorld, tmp_path: Path) -> None:
    """However that ends; it gives its carriers back."""
    log = tmp_path / "log"
    with log.open("ab") as file:
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PARENT),
            env={**os.environ, "BROADCAST_DATABASE_URL": world.url, "BROADCAST_CONFIG": configuration(tmp_path)},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=file,
        )  # fmt: skip
    try:
        assert parent.stdout is not None
        child = int(await asyncio.wait_for(parent.stdout.readline(), PATIENCE_S))
        await until(lambda: written(log, events.RECEIPTS_RESOLVED_HERE), "it resolves")
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not psutil.pid_exists(child), "it has ended too")
    assert await held_by(world) is None


async def test_a_child_of_another_does_not_begin(world: ResolverWorld, tmp_path: Path) -> None:
    """Its parent ended before it could ask to be told of that."""
    child = await start(world, tmp_path / "log", "--parent", "1")
    assert await asyncio.wait_for(child.wait(), PATIENCE_S) == 1
