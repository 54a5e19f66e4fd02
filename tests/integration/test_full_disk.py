"""A disk that is full, a real one of memory: the embedded server ends, is started again, and nobody is lost."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from acting import make_people
from integration.rig import Rig, make_rig
from integration.test_cli_db import broadcast
from waiting import until

from broadcast.config import Config
from broadcast.engine.keeper import Keeper
from broadcast.store import migrations, system_user
from broadcast.store.embedded import ROOM_OCTETS, SETTINGS, Server
from broadcast.store.homes import make_home
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

FIRST, MORE = "260m", "420m"


def mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A home of its own disk, with a running server."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    with scratch_home("disk") as home:
        disk = home / "disk"
        disk.mkdir()
        mount("-t", "tmpfs", "-o", f"size={FIRST}", "tmpfs", str(disk))
        try:
            disk.chmod(0o755)
            make_home(disk, system_user.owner())
            monkeypatch.setenv("BROADCAST_HOME", str(disk))
            server = Server(
                disk, {**SETTINGS, "shared_buffers": "32MB", "wal_buffers": "1MB"}, passwords=False
            )
            server.start()
            yield server
            server.stop("immediate")
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


async def fill(server: Server) -> None:
    """Write until the log has no room left and the server ends."""
    with contextlib.suppress(OSError), (server.home / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, 60_000_000)
    connection = await asyncpg.connect(server.url())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        for _ in range(1000):
            await connection.execute("CREATE TABLE IF NOT EXISTS junk (t text)")
            await connection.execute(
                "INSERT INTO junk SELECT repeat('x', 1000) FROM generate_series(1, 4000)"
            )
            await connection.execute("TRUNCATE junk")
    connection.terminate()
    await until(lambda: not server.answers(), "it has ended", 20)


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
async def rig(small_disk: Server, tmp_path: Path, config: Config) -> AsyncIterator[Rig]:
    connection = await connect(small_disk.url(), check_schema=False)
    await migrations.migrate(connection)
    await make_people(connection)
    async with make_rig(tmp_path, small_disk.url(), connection, config) as made:
        yield made
    connection.terminate()


@pytest.mark.long
async def test_up_starts_it_again_when_there_is_room(small_disk: Server, rig: Rig, tmp_path: Path) -> None:
    """All that an operator does is to make room. What was on its way is sent once."""
    smsc = await rig.smsc("viettel", tps=200, receipt_delay_s=0.1, record=10_000)
    rig.connect("viettel", 200)
    await rig.subscribers("viettel", 2000)
    rig.url = ""  # the embedded one
    await rig.command("up", "--workers", 1, config=rig.configuration())
    log = tmp_path / f"process-{len(rig.processes) - 1}.log"
    await until(lambda: "/metrics" in log.read_text(), "a worker runs", 30)
    port = int(log.read_text().split("/metrics")[0].rpartition(":")[2])
    campaign = await rig.launch(category="emergency", in_doubt_policy="hold")
    await rig.reached(campaign, 300, "accepted", "delivered")
    await fill(small_disk)

    async def says_why() -> bool:
        code, said = await asyncio.to_thread(ask, port, "/readyz")
        return (
            code == 503 and f"the disk of {small_disk.home} is full" in json.loads(said)["checks"]["database"]
        )

    await until(says_why, "/readyz says disk, and where", 20)
    await until(lambda: f"the disk of {small_disk.home} is full" in log.read_text(), "so does the log", 20)
    done = await asyncio.to_thread(broadcast, "db", "up")
    assert (done.returncode, "is full" in done.stderr) == (1, True)
    (small_disk.home / "filler").unlink()
    mount("-o", f"remount,size={MORE}", str(small_disk.home))
    await until(lambda: "embedded_back" in log.read_text(), "it is started again", 60)
    rig.conn = again = await connect(small_disk.url())

    async def ready() -> bool:
        return (await asyncio.to_thread(ask, port, "/readyz"))[0] == 200

    await until(ready, "the worker is ready", 30)
    assert await rig.finish(campaign) == {"delivered": 2000}
    assert (await smsc.book())["extra_copies"] == 0
    await again.close()
    assert "process_died" not in log.read_text()  # nobody started anew


async def test_a_server_that_has_no_room_for_rows(
    small_disk: Server, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Its log lies elsewhere, so it lives on: SQLSTATE 53100 is said as what it is, and nobody is lost."""
    await rig.conn.close()
    small_disk.stop()
    wal = small_disk.home.parent / "wal"
    owner = system_user.owner()
    owner.make_folder(wal)
    owner.run(["cp", "-a", f"{small_disk.data}/pg_wal/.", wal], folder=wal, timeout_s=20).check_returncode()
    shutil.rmtree(small_disk.data / "pg_wal")
    (small_disk.data / "pg_wal").symlink_to(wal)
    small_disk.start()
    rig.conn = again = await connect(small_disk.url())
    smsc = await rig.smsc("viettel", tps=400, receipt_delay_s=0.1, record=10_000)
    rig.connect("viettel", 400)
    await rig.subscribers("viettel", 2000)
    worker = rig.worker()
    campaign = await rig.launch(category="emergency", in_doubt_policy="hold")
    await rig.reached(campaign, 200, "accepted", "delivered")
    filler = small_disk.home / "filler"
    with filler.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
            file.flush()

    async def says_why() -> bool:
        return "the database's disk is full" in (await worker.database() or "")

    await until(says_why, "/readyz says it", 60)
    assert "group_not_written task=writing a group why=the database's disk is full" in caplog.text
    assert "database lost" not in caplog.text
    filler.unlink()
    assert await rig.finish(campaign) == {"delivered": 2000}
    assert (await smsc.book())["extra_copies"] == 0
    await rig.stop(worker)
    await again.close()


async def test_one_that_ended_by_itself_is_started_by_the_first_look(small_disk: Server) -> None:
    """So `up` that is started again, by systemd say, finds its database."""
    small_disk._control(system_user.owner(), "stop", "-m", "immediate")
    assert not small_disk.answers()
    await Keeper(small_disk).look()
    assert small_disk.answers()


async def test_what_somebody_stopped_stays_so(small_disk: Server) -> None:
    small_disk.stop()
    keeper = asyncio.create_task(Keeper(small_disk).run())
    await asyncio.sleep(2.5)  # it has looked twice
    keeper.cancel()
    assert not small_disk.answers()
    assert small_disk.was_stopped
    small_disk.start()
    assert not small_disk.was_stopped


def test_it_needs_more_than_a_segment() -> None:
    assert ROOM_OCTETS > 2 * 16 * 1024 * 1024
