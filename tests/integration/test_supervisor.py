"""The supervisor over processes that behave as told, and `broadcast up` over real workers."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from integration.forked import Forked
from integration.rig import Rig
from logged import told, written
from waiting import PATIENCE_S, until

from broadcast.config import Engine
from broadcast.engine.supervisor import Supervisor
from broadcast.errors import BroadcastError, ConfigError
from broadcast.monitor import events

# says its process id in a file of the folder argv[1], then lives until SIGTERM
LIVES = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
while True: time.sleep(60)
"""
STUBBORN = LIVES.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")
FAILS = "import sys; sys.exit(1)"
REFUSED = "import sys; sys.exit(2)"


def command(code: str, folder: Path) -> list[str]:
    return [sys.executable, "-c", code, str(folder)]


def living(folder: Path) -> set[int]:
    """Processes that have said so and are there."""
    return {int(path.name) for path in folder.iterdir() if psutil.pid_exists(int(path.name))}


@asynccontextmanager
async def running(supervisor: Supervisor) -> "AsyncIterator[asyncio.Task[None]]":
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        yield task
    finally:
        supervisor.stop()
        with contextlib.suppress(BroadcastError):
            await asyncio.wait_for(task, PATIENCE_S)


def fine() -> None:
    return None


async def test_one_that_is_killed_is_replaced(tmp_path: Path) -> None:
    supervisor = Supervisor([command(LIVES, tmp_path)] * 2, fine)
    async with running(supervisor) as task:
        await until(lambda: len(living(tmp_path)) == 2, "both run")
        before = living(tmp_path)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: len(living(tmp_path)) == 2 and victim not in living(tmp_path), "it is replaced")
        assert len(living(tmp_path) & before) == 1  # the other was left alone
        supervisor.stop()
        await asyncio.wait_for(task, PATIENCE_S)
    assert living(tmp_path) == set()


async def test_what_ignores_sigterm_is_killed_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    commands = [command(LIVES, tmp_path), command(STUBBORN, tmp_path)]
    supervisor = Supervisor(commands, fine, stop_s=0.5)
    async with running(supervisor) as task:
        await until(lambda: len(living(tmp_path)) == 2, "both run")
        supervisor.stop()
        with pytest.raises(BroadcastError, match=r"1 of 2 workers did not end within 0.5 s and were killed"):
            await asyncio.wait_for(task, PATIENCE_S)
    assert living(tmp_path) == set()
    assert told(caplog, events.PROCESS_KILLED) == [{"event": "process_killed", "process": 2, "within_s": 0.5}]


async def test_when_nothing_can_be_started_it_ends(tmp_path: Path) -> None:
    supervisor = Supervisor([command(FAILS, tmp_path), command(REFUSED, tmp_path)], fine)
    with pytest.raises(BroadcastError, match="no worker could be started"):
        await asyncio.wait_for(supervisor.run(), PATIENCE_S)


async def test_what_runs_beside_the_workers_does_not_keep_it_alive(tmp_path: Path) -> None:
    supervisor = Supervisor([command(FAILS, tmp_path)], fine, beside=[command(LIVES, tmp_path)])
    with pytest.raises(BroadcastError, match="no worker could be started"):
        await asyncio.wait_for(supervisor.run(), PATIENCE_S)
    assert living(tmp_path) == set()


async def test_a_refused_worker_waits_for_a_reload(tmp_path: Path) -> None:
    """The other goes on; after the reload both run, and the other is a new one."""
    mended = tmp_path / "mended"
    switch = f"import pathlib, sys\nif not pathlib.Path({str(mended)!r}).exists(): sys.exit(2)\n{LIVES}"
    place = tmp_path / "pids"
    place.mkdir()
    supervisor = Supervisor([command(LIVES, place), command(switch, place)], fine, between_s=0.1)
    async with running(supervisor):
        await until(lambda: len(living(place)) == 1, "the first runs")
        first = living(place)
        await asyncio.sleep(1.0)  # more than its first wait
        assert living(place) == first
        mended.touch()
        supervisor.reload()
        await until(lambda: len(living(place)) == 2 and not living(place) & first, "both are new")


async def test_a_reload_with_a_wrong_configuration_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong() -> None:
        raise ConfigError("carriers.toml: no such key: tsp")

    supervisor = Supervisor([command(LIVES, tmp_path)], wrong, between_s=0.1)
    async with running(supervisor):
        await until(lambda: len(living(tmp_path)) == 1, "it runs")
        before = living(tmp_path)
        supervisor.reload()
        await until(lambda: "no such key: tsp" in caplog.text, "it is said")
        await asyncio.sleep(0.3)
        assert living(tmp_path) == before


async def test_a_reload_replaces_one_after_the_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    supervisor = Supervisor([command(LIVES, tmp_path)] * 3, fine, between_s=2.0)
    async with running(supervisor):
        await until(lambda: len(living(tmp_path)) == 3, "all run")
        before = living(tmp_path)
        supervisor.reload()
        fewest = 3
        deadline = time.monotonic() + PATIENCE_S
        while living(tmp_path) & before and time.monotonic() < deadline:
            fewest = min(fewest, len(living(tmp_path)))
            await asyncio.sleep(0.01)
        assert not living(tmp_path) & before
        assert fewest >= 2
    assert not told(caplog, events.PROCESS_DIED)  # a worker that was replaced did not fail


def until_spoilt(folder: Path) -> tuple[str, Path, Path]:
    """A worker that is refused once the second path exists, and the folder of those that live."""
    spoilt, place = folder / "spoilt", folder / "pids"
    place.mkdir()
    return (
        f"import pathlib, sys\nif pathlib.Path({str(spoilt)!r}).exists(): sys.exit(2)\n{LIVES}",
        spoilt,
        place,
    )


async def test_a_reload_stops_at_the_first_new_worker_that_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, spoilt, place = until_spoilt(tmp_path)
    supervisor = Supervisor([command(code, place)] * 3, fine, between_s=2.0)
    async with running(supervisor) as task:
        await until(lambda: len(living(place)) == 3, "all run")
        before = living(place)
        spoilt.touch()
        supervisor.reload()
        await until(lambda: "reload_given_up process=1" in caplog.text, "it is given up")
        await asyncio.sleep(0.5)
        assert len(living(place) & before) == 2
        assert not task.done()


async def test_when_a_reload_leaves_no_worker_it_ends(tmp_path: Path) -> None:
    code, spoilt, place = until_spoilt(tmp_path)
    supervisor = Supervisor([command(code, place)], fine, between_s=0.1)
    async with running(supervisor) as task:
        await until(lambda: len(living(place)) == 1, "it runs")
        spoilt.touch()
        supervisor.reload()
        with pytest.raises(BroadcastError, match="no worker could be started"):
            await asyncio.wait_for(asyncio.shield(task), PATIENCE_S)


# ---------------------------------------------------------------- the command


async def start(rig: Rig) -> tuple[Forked, set[int]]:
    """`broadcast up` over a carrier, and its two workers' process ids."""
    await rig.smsc("viettel", receipt_delay_s=0.1)
    rig.connect("viettel", 300, sessions=4)
    process = await rig.command("up", "--workers", "2", config=rig.configuration())
    await until(lambda: workers(rig, 2), "both workers are in the books")
    return process, await alive(rig)


async def alive(rig: Rig) -> set[int]:
    """Process ids of the workers that live, by the ledger and by the machine."""
    rows = await rig.conn.fetch("SELECT pid FROM worker WHERE ended_at IS NULL")
    return {row["pid"] for row in rows if psutil.pid_exists(row["pid"])}


def said_by(rig: Rig, number: int) -> str:
    return log_of(rig, number).read_text()


def log_of(rig: Rig, number: int) -> Path:
    return rig.folder / f"process-{number}.log"


async def workers(rig: Rig, count: int) -> bool:
    return len(await alive(rig)) == count


async def test_up_replaces_a_killed_worker_and_ends_in_time(rig: Rig) -> None:
    rig.config = replace(rig.config, engine=Engine(lease_s=90.0))  # also where a start takes long
    process, before = await start(rig)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)

    async def replaced() -> bool:
        return len(await alive(rig) - {victim}) == 2

    await until(replaced, "another worker runs in its place")
    leased_s = await rig.conn.fetchval(
        "SELECT extract(epoch FROM expires_at - ended_at)::float8 FROM worker WHERE pid = $1", victim
    )
    assert leased_s > 1.0  # nobody waited for its lease
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    assert await rig.conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NULL") == 0
    started = written(log_of(rig, 1), events.PROCESS_STARTED)
    assert victim in [each["child"] for each in started]
    (died,) = written(log_of(rig, 1), events.PROCESS_DIED)
    assert (died["how"], died["again_s"]) == ("killed by SIGKILL", 0.5)


async def test_workers_do_not_outlive_up(rig: Rig) -> None:
    """kill -9 of the supervisor: they drain and say goodbye, so that their leases are free at once."""
    process, before = await start(rig)
    process.kill()
    await process.wait()

    async def all_ended() -> bool:
        gone = not any(psutil.pid_exists(pid) for pid in before)
        return gone and not await rig.conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NULL")

    await until(all_ended, "the workers have ended by themselves")


async def test_up_says_once_what_is_wrong(rig: Rig) -> None:
    wrong = rig.folder / "wrong.toml"
    wrong.write_text("[carriers.viettel]\ntsp = 5\n")
    process = await rig.command("up", "--workers", "2", config=f"{rig.configuration()}{os.pathsep}{wrong}")
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 2
    said = said_by(rig, 0).splitlines()
    assert len(said) == 1
    assert "tsp" in said[0]


async def test_up_without_a_database_says_so_once(rig: Rig) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 300)
    rig.url = "postgresql://nobody@127.0.0.1:1/none"
    process = await rig.command("up", "--workers", "2", config=rig.configuration())
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 1
    said = said_by(rig, 1).splitlines()
    assert len(said) == 1
