"""What real processes tell a service manager, by datagrams of a real socket; and what becomes of one that hangs."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from integration.manager import Manager, manager
from waiting import PATIENCE_S, until

from broadcast.engine.supervisor import Supervisor
from broadcast.engine.watched import Watched
from broadcast.monitor.notify import STATUS_MOST, Notify

# beats; SIGUSR1 has its loop wait for a socket, for ever, as a call does that should not be there
BEATS = """
import asyncio, faulthandler, os, pathlib, signal, socket, sys
import uvloop
from broadcast.monitor.notify import Notify
faulthandler.enable()

def stuck_here():
    ours, others = socket.socketpair()
    ours.recv(1)

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stuck_here)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sys.exit)
    notify = Notify.taken()
    assert "NOTIFY_SOCKET" not in os.environ
    notify.tell(READY="1", status="here")
    for folder in sys.argv[1:]:
        pathlib.Path(folder, str(os.getpid())).touch()
    await notify.beat()
    await asyncio.Event().wait()

uvloop.run(main())
"""
WATCHDOG_S = 0.2  # of those that nobody ends


@contextmanager
def beating(told: Manager) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": told.address,
        "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6)),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with subprocess.Popen([sys.executable, "-c", BEATS], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_it_beats_from_its_loop_and_falls_silent_with_it(tmp_path: Path) -> None:
    """By a path and by an abstract address. How long silence is says another one that beats as often."""
    with manager(str(tmp_path / "sock")) as told, manager() as other, beating(told) as one, beating(other):
        await until(lambda: told.has("WATCHDOG") and other.has("WATCHDOG"), "both beat")
        assert told.told[0] == {"READY": "1", "STATUS": "here"}

        async def silent() -> bool:
            told.hear()  # what it said before it stood still
            other.hear()
            heard = 0

            def enough() -> bool:
                nonlocal heard
                heard += other.beats()
                return heard >= 5

            await until(enough, "the other beats on")
            return told.beats() == 0

        one.send_signal(signal.SIGSTOP)
        await until(lambda: psutil.Process(one.pid).status() == psutil.STATUS_STOPPED, "it stands")
        assert await silent()
        one.send_signal(signal.SIGCONT)
        await until(lambda: told.beats() > 0, "it beats again")
        one.send_signal(signal.SIGUSR1)
        await until(silent, "its loop is blocked, and it says so by its silence")
        assert psutil.Process(one.pid).is_running()


def test_a_manager_that_has_ended_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = str(tmp_path / "sock")
    with manager(place):
        notify = Notify(place)
    for _ in range(3):
        notify.tell(WATCHDOG="1")
    assert caplog.text.count("manager_away") == 1
    Path(place).unlink()
    with manager(place) as again:  # it was started anew, at the same address
        notify.tell(WATCHDOG="1")
        assert again.beats() == 1
    notify.close()


def test_a_status_is_one_short_line() -> None:
    with manager() as told:
        notify = Notify(told.address)
        notify.tell(status=f"a\nREADY=1\n{'x' * 100_000}")
        notify.close()
        assert told.status == f"a READY=1 {'x' * STATUS_MOST}"[:STATUS_MOST]
        assert not told.has("READY")


# ---------------------------------------------------------------- the other side


@asynccontextmanager
async def supervised(folder: Path, watchdog_s: float) -> AsyncIterator[Supervisor]:
    command = [sys.executable, "-c", BEATS, str(folder)]
    supervisor = Supervisor([command], lambda: None, stop_s=PATIENCE_S, watchdog_s=watchdog_s)
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        yield supervisor
    finally:
        supervisor.stop()
        await asyncio.wait_for(task, PATIENCE_S)


def pids(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir()}


@pytest.mark.parametrize("way", [signal.SIGUSR1, signal.SIGSTOP], ids=["blocked", "stopped"])
async def test_one_that_hangs_is_ended_and_started_anew(
    way: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A busy machine may have it end more often: each time it is another."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    async with supervised(tmp_path, 2.0) as supervisor:
        await until(lambda: pids(tmp_path), "it runs")
        first = pids(tmp_path)

        async def ready() -> bool:
            return await supervisor.ready() is None

        await until(ready, "it is ready")
        assert supervisor.words().startswith("1 of 1 processes ready")
        for pid in first:
            with suppress(ProcessLookupError):
                os.kill(pid, way)
        await until(lambda: pids(tmp_path) - first, "another has taken its place")
        assert not any(psutil.pid_exists(pid) for pid in first)
        await until(ready, "that is ready")
    assert "process_hangs" in caplog.text
    if way == signal.SIGUSR1:
        assert "stuck_here" in capfd.readouterr().err  # where it hung


async def test_only_the_process_itself_is_listened_to() -> None:
    watched = Watched(1.0)
    environment = watched.environment()
    place = environment["NOTIFY_SOCKET"].replace("@", "\0")
    watched.begun(os.getpid() + 1)
    notify = Notify.taken(environment)
    notify.tell(READY="1", WATCHDOG="1", status="all is well")
    watched.hear(0.0)
    assert (watched.ready, watched.status) == (False, "")
    watched.begun(os.getpid())
    notify.tell(READY="1", WATCHDOG="1", status="all is well")
    watched.hear(0.0)
    assert (watched.ready, watched.status) == (True, "all is well")
    notify.close()
    watched.close()
    with pytest.raises(OSError, match="refused"), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as late:
        late.connect(place)
