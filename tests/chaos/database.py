"""The databases of a run: copies of what was prepared once, each a server in a home of its own.

Prepared means: made and migrated; and home's with the people of the nation, imported by `broadcast subscriber import`.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from chaos.nation import CARRIERS, COUNTRY, carriers_toml, url_env, write_people

from broadcast.bench.people import make_people
from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.failures import MENDABLE
from broadcast.store.migrations import migrate
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

# Several servers share a machine. A server that is stopped loses nothing without fsync; a machine would.
SMALL: Final = {
    **SETTINGS,
    "shared_buffers": "64MB",
    "wal_buffers": "4MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "max_connections": "80",
    "fsync": "off",
}
BACK_S: Final = 60.0  # within which a database is there again, on a machine that has much to do
_COPY_S: Final = 300.0
_IMPORT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data folders of stopped servers. ledger: of one that is not home, still nobody's."""

    home: Path
    ledger: Path


@dataclass(slots=True)
class Database:
    """One of a run's. url: for the processes of the run; this one has the server's own."""

    name: str
    server: Server
    url: str

    @asynccontextmanager
    async def connected(self) -> "AsyncIterator[asyncpg.Connection]":
        connection = await connect(self.server.url())
        try:
            yield connection
        finally:
            connection.terminate()

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """The rows; again until the database is there."""
        deadline = time.monotonic() + BACK_S
        while True:
            try:
                async with self.connected() as conn:
                    rows: list[asyncpg.Record] = await conn.fetch(query, *values)
                    return rows
            except MENDABLE:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)


@contextmanager
def prepared(messages: int) -> Iterator[Prepared]:
    """messages: as many people."""
    with scratch_home("chaos") as home, scratch_home("chaos") as beside:
        server = Server(home, SMALL, passwords=False)
        server.start()
        asyncio.run(_migrate(server.url()))
        server.stop()
        ledger = beside / "data"
        _copy(server.data, ledger)
        server.start()
        _import(home, server.url(), messages)
        server.stop()
        yield Prepared(server.data, ledger)


@contextmanager
def copy_of(data: Path) -> Iterator[Server]:
    """A server of its own on a copy of these data, not started yet."""
    with scratch_home("chaos") as home:
        server = Server(home, SMALL, passwords=False)
        _copy(data, server.data)
        yield server


def _copy(data: Path, target: Path) -> None:
    """With its owners: root's servers run as another user."""
    subprocess.run(["cp", "-a", str(data), str(target)], check=True, timeout=_COPY_S)


def environment(url: str, config: str, ledgers: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """For `python -m broadcast`: nothing of whoever runs the tests but where programs are. ledgers: their URLs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCAST_")}
    home = os.environ.get("BROADCAST_HOME")
    more = {"BROADCAST_HOME": home} if home else {}
    more |= {url_env(name): each for name, each in (ledgers or {}).items()}
    return {**kept, **more, "BROADCAST_DATABASE_URL": url, "BROADCAST_CONFIG": config}


async def _migrate(url: str) -> None:
    connection = await connect(url, check_schema=False)
    try:
        await migrate(connection)
        await make_people(connection)
    finally:
        await connection.close()


def _import(home: Path, url: str, messages: int) -> None:
    people, carriers = home / "people.csv", home / "carriers.toml"
    write_people(people, messages)
    carriers.write_text(carriers_toml({carrier.name: ("127.0.0.1", 2775) for carrier in CARRIERS}))
    done = subprocess.run(
        [sys.executable, "-m", "broadcast", "subscriber", "import", str(people)],
        env=environment(url, f"{COUNTRY}{os.pathsep}{carriers}"),
        capture_output=True, text=True, timeout=_IMPORT_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the import failed: {done.stderr}")
