"""Real workers and resolvers, asked as probes ask them, while what they need goes away and comes back."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from integration.database_way import DatabaseWay, way_to_database
from integration.forked import Forked
from integration.manager import manager
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.monitor.probe import Health, ask


async def address(rig: Rig, number: int) -> str:
    """Where the rig's process of this number serves its metrics."""
    log = rig.folder / f"process-{number}.log"
    await until(lambda: "/metrics" in log.read_text(), "it serves metrics")
    return re.findall(r"(http://[\w.:]+)/metrics", log.read_text())[0]


async def asked(base: str, path: str) -> Health:
    return await asyncio.to_thread(ask, base + path)


async def says(base: str, *, ready: bool, condition: str = "", why: str = "") -> dict[str, str]:
    """Wait until it does; alive it is all the while. Returns all conditions."""
    found: dict[str, Any] = {}

    async def it_does() -> bool:
        assert (await asked(base, "/healthz")).ok
        answer = await asked(base, "/readyz")
        found.update(answer.body)
        assert answer.ok is found["ready"]
        return answer.ok is ready and why in found["checks"].get(condition, "")

    try:
        await until(it_does, f"ready {ready}, {condition} {why}")
    except TimeoutError:
        raise AssertionError(found) from None
    checks: dict[str, str] = found["checks"]
    return checks


@pytest.fixture
async def way(rig: Rig, tmp_path: Path) -> AsyncIterator[DatabaseWay]:
    """The processes that a test starts reach the database by it."""
    folder = tmp_path / "way"
    folder.mkdir()
    async with way_to_database(folder, rig.url) as made:
        rig.url = made.url
        yield made


async def worker(rig: Rig, *words: str) -> Forked:
    return await rig.command("worker", *words, config=rig.configuration())


async def test_a_worker_whose_database_goes_away_is_alive_and_ready_again(
    rig: Rig, way: DatabaseWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its service manager hears the same, and its end."""
    await rig.smsc("viettel")
    rig.connect("viettel", 100)
    with manager() as told:
        monkeypatch.setenv("NOTIFY_SOCKET", told.address)
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        process = await worker(rig)
        monkeypatch.delenv("NOTIFY_SOCKET")
        base = await address(rig, 1)
        checks = await says(base, ready=True)
        assert checks == dict.fromkeys(("lease", "database", "links", "receipts"), "ok")
        await until(lambda: told.has("READY") and told.has("WATCHDOG"), "it takes part")
        await until(
            lambda: re.fullmatch(r"ready; worker \d+, 2 of 2 links bound", told.status), "it says how"
        )

        way.lose()
        await says(base, ready=False, condition="database", why="database lost")
        await until(lambda: "not ready: " in told.status and "database lost" in told.status, "it says why")
        told.hear()
        await until(lambda: told.beats() > 0, "it lives")
        await way.start()
        await says(base, ready=True)
        await until(lambda: told.status.startswith("ready; "), "it says so")

        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        assert told.has("STOPPING")
        assert sum("READY" in each for each in told.told) == 1


@pytest.mark.parametrize("command", ["worker", "resolver"])
async def test_one_that_begins_without_a_database_waits_for_it_when_told_to(
    rig: Rig, way: DatabaseWay, command: str
) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 100)
    way.lose()
    alone = await rig.command(command, config=rig.configuration())
    assert await asyncio.wait_for(alone.wait(), PATIENCE_S) == 1
    waiting = await rig.command(command, "--wait", config=rig.configuration())
    base = await address(rig, 2)
    checks = await says(base, ready=False, condition="database", why="database")
    assert checks["lease"] != "ok"
    await way.start()
    await says(base, ready=True)
    waiting.terminate()
    assert await asyncio.wait_for(waiting.wait(), PATIENCE_S) == 0
    log = (rig.folder / "process-2.log").read_text()
    assert log.count("worker_waits") == 1  # not at each try


async def test_a_worker_none_of_whose_links_is_bound_says_which(rig: Rig) -> None:
    """One bound link is enough, whichever carrier's it is; and where it holds none of the slots, nothing is wanted."""
    smsc = await rig.smsc("viettel")
    rig.connect("viettel", 100)
    await rig.smsc("vinaphone")
    rig.connect("vinaphone", 100)
    await worker(rig)
    base = await address(rig, 2)
    await says(base, ready=True)
    smsc.process.terminate()
    await asyncio.wait_for(smsc.process.wait(), PATIENCE_S)
    vinaphone = rig.smscs["vinaphone"]
    assert (await says(base, ready=True))["links"] == "ok"
    vinaphone.process.terminate()
    checks = await says(base, ready=False, condition="links", why="no link is bound: ")
    assert re.fullmatch(r"no link is bound: viettel .*, vinaphone .*", checks["links"])
    assert checks["lease"] == checks["database"] == "ok"
    await rig.smsc("vinaphone", port=vinaphone.port)
    await says(base, ready=True)

    await worker(rig)
    second = await address(rig, 4)
    await says(second, ready=True)


async def test_receipts_that_nobody_resolves_are_said(rig: Rig) -> None:
    """The resolver is held: workers, which send on, are not ready and say why; and it is not, when it wakes."""
    await rig.smsc("viettel", receipt_delay_s=0.1)
    rig.connect("viettel", 200)
    await rig.subscribers("viettel", 300)
    resolver = await rig.command("resolver", config=rig.configuration())
    await worker(rig, "--no-resolver")
    bases = [await address(rig, number) for number in (1, 2)]
    for base in bases:
        await says(base, ready=True)
    resolver.send_signal(signal.SIGSTOP)
    try:
        campaign = await rig.launch()
        await rig.reached(campaign, 300, "accepted")
        checks = await says(bases[1], ready=False, condition="receipts", why="viettel")
        assert "receipts are not resolved" in checks["receipts"]
        assert checks["links"] == "ok"
    finally:
        resolver.send_signal(signal.SIGCONT)
    for base in bases:
        await says(base, ready=True)


# ---------------------------------------------------------------- as people and containers ask


async def test_people_and_containers_are_told(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    await rig.smsc("viettel")
    rig.connect("viettel", 100)
    await worker(rig)
    base = await address(rig, 1)
    await says(base, ready=True)
    said = await rig.command("health", base)
    assert await asyncio.wait_for(said.wait(), PATIENCE_S) == 0
    assert (rig.folder / "process-2.log").read_text().startswith("ready\n")
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = ("-m", "broadcast.monitor.probe", f"{base}/healthz")
    probe = await asyncio.create_subprocess_exec(sys.executable, *words, env=here)
    assert await asyncio.wait_for(probe.wait(), PATIENCE_S) == 0
    assert json.loads(capfd.readouterr().out) == {"alive": True}
