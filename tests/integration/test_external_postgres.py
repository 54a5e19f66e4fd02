"""The same on a PostgreSQL that is not the embedded one: Debian's, if installed, run by the test."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.accounts_world import make_migrated, try_accounts

from broadcast.store import migrations, system_user
from broadcast.store.pool import connect
from broadcast.store.queries import queries
from broadcast.store.scratch import scratch_home

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
SETTINGS = "-c fsync=off -c shared_buffers=64MB -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"

pytestmark = pytest.mark.skipif(not BINARIES, reason="no PostgreSQL of Debian's under /usr/lib/postgresql")


@pytest.fixture(scope="session")
def external() -> Iterator[str]:
    """The URL of the newest installed server, running as an ordinary user on a free TCP port."""
    programs = BINARIES[-1].parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with scratch_home("external") as home:
        owner = system_user.owner()
        owner.make_folder(home / "pg")

        def run(program: str, *words: str) -> None:
            done = owner.run(
                [programs / program, "-D", home / "pg" / "data", *words], folder=home / "pg", timeout_s=60
            )
            assert done.returncode == 0, done.stderr

        run("initdb", "-U", "boyte", "-A", "trust", "-E", "UTF8", "--no-locale")
        log = str(home / "pg" / "log")
        run("pg_ctl", "start", "-w", "-l", log, "-o", f"-p {port} {SETTINGS}")
        try:
            yield f"postgresql://boyte@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
            shutil.rmtree(home / "pg")


async def test_schema_and_queries(external: str) -> None:
    connection = await connect(external, check_schema=False)
    await connection.execute("CREATE DATABASE queries")
    await connection.close()
    connection = await connect(external.replace("/postgres", "/queries"), check_schema=False)
    assert len(await migrations.migrate(connection)) == len(migrations.files())
    newer = (
        {"board_how"} if connection.get_server_version().major < 16 else set()
    )  # the board asks by the version
    for query in queries().values():
        if query.topic != "citus" and query.name not in newer:
            await connection.prepare(query.text)
    await connection.close()


@pytest.mark.long
def test_a_whole_campaign(external: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "broadcast", "demo", "--lines", "2000", "--workers", "1"),
            *("--out", str(tmp_path), "--database-url", external),
        ],
        capture_output=True,
        text=True,
        timeout=600,  # for a busy machine: it ends by itself
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "2,000 lines accounted for" in done.stdout
    assert "broadcast db up" not in done.stdout


async def test_accounts(external: str) -> None:
    """By a migrator who is no superuser: before PostgreSQL 16 CREATEROLE was another thing."""
    await try_accounts(await make_migrated(external, "accounts"))
