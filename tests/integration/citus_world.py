"""A database of a test's own on every server of a Citus cluster, and its nodes lost and brought back."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from acting import PEOPLE, make_people
from integration.rig import Rig, make_rig
from waiting import PATIENCE_S, until

from broadcast.actions.session import Session
from broadcast.config import Config
from broadcast.store import migrations
from broadcast.store.pool import connect

# read before the tests' environment is cleaned
URL = os.environ.get("BROADCAST_TEST_CITUS_URL", "")
STOP = os.environ.get("BROADCAST_TEST_CITUS_NODE_STOP", "")
START = os.environ.get("BROADCAST_TEST_CITUS_NODE_START", "")

_NODES = """SELECT nodename, nodeport FROM pg_dist_node
             WHERE isactive AND noderole = 'primary' AND groupid <> 0 ORDER BY nodeid"""
_PREPARED = "SELECT gid FROM pg_prepared_xacts WHERE database = $1"


@dataclass(frozen=True)
class Node:
    """A server of the cluster that is not the coordinator."""

    host: str
    port: int

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    async def stop(self) -> None:
        """As a crash does."""
        await asyncio.to_thread(self._run, STOP)

    async def start(self) -> None:
        await asyncio.to_thread(self._run, START)

    def _run(self, command: str) -> None:
        words = command.format(host=self.host, port=self.port)
        done = subprocess.run(words, shell=True, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr + done.stdout


@dataclass
class CitusWorld:
    """rig: of home, whose database is on the coordinator. nodes: where the list of people is, once it is spread."""

    rig: Rig
    nodes: Sequence[Node]

    @property
    def session(self) -> Session:
        return Session(self.rig.conn, self.rig.config)

    async def command(self, *words: object) -> tuple[int, str, str]:
        """`broadcast ...` at this home: exit code, what it printed, and what it said aside."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "broadcast", *map(str, words)),
            env={
                **os.environ,
                "BROADCAST_DATABASE_URL": self.rig.url,
                "BROADCAST_CONFIG": self.rig.configuration(),
                "BROADCAST_OPERATOR": "an",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def prepared(self, node: Node) -> int:
        """Transactions that it has yet to end."""
        connection = await asyncpg.connect(_at(self.rig.url, node))
        try:
            found: int = await connection.fetchval(
                "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"
            )
        finally:
            await connection.close()
        return found


@asynccontextmanager
async def citus_world(folder: Path, config: Config, name: str) -> AsyncIterator[CitusWorld]:
    """name: of a database that is made on all servers, migrated, and dropped in the end."""
    coordinator = await asyncpg.connect(URL)
    nodes = [Node(row["nodename"], row["nodeport"]) for row in await coordinator.fetch(_NODES)]
    assert len(nodes) >= 2, "the cluster needs two nodes"
    await _set(coordinator, "citus.recover_2pc_interval", "-1")  # what recovers is what is tested
    servers = [URL, *(_at(URL, node) for node in nodes)]
    try:
        for server in servers:
            await _make(server, name)
        home = _named(URL, name)
        await _join(home, nodes)
        connection = await connect(home, check_schema=False)
        await migrations.migrate(connection)
        await make_people(connection)
        await _tell_nodes(connection)
        await connection.execute("INSERT INTO desk_rule VALUES ('typed_from', '0')")
        async with make_rig(folder, home, connection, config) as rig:
            yield CitusWorld(rig, nodes)
        await connection.close(timeout=10)
    finally:
        await _set(coordinator, "citus.recover_2pc_interval", None)
        await coordinator.close()
        for server in servers:
            await _drop(server, name)


async def _tell_nodes(home: asyncpg.Connection) -> None:
    """A login that another database of the cluster made is none of this one's, so what it is given stays here."""
    for name, kinds in PEOPLE.items():
        for kind in kinds:
            rows = await home.fetch(
                """SELECT success, result
                     FROM run_command_on_workers(format('GRANT %I TO %I', current_database() || $1, $2::text))""",
                f"_{kind}", name,
            )  # fmt: skip
            assert all(row["success"] for row in rows), rows


@asynccontextmanager
async def commits_held(url: str) -> AsyncIterator[None]:
    """Commits on the coordinator are decided and written, and wait before the nodes are told; until the end."""
    admin = await asyncpg.connect(url)
    await _set(admin, "synchronous_standby_names", "nobody")
    try:
        yield
    finally:
        await _set(admin, "synchronous_standby_names", None)
        await admin.close()


async def waits_for_standby(url: str) -> None:
    """A commit is held."""
    admin = await asyncpg.connect(url)
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"
    )
    try:
        await until(lambda: admin.fetchval(query), "a commit is decided and held")
    finally:
        await admin.close()


async def _set(admin: asyncpg.Connection, setting: str, value: str | None) -> None:
    """For the whole server; None: as it was configured. Nothing that this connection commits may be held by it."""
    await admin.execute("SET synchronous_commit = local")
    await admin.execute(
        f"ALTER SYSTEM RESET {setting}" if value is None else f"ALTER SYSTEM SET {setting} = '{value}'"
    )
    await admin.execute("SELECT pg_reload_conf()")


async def _make(server: str, name: str) -> None:
    admin = await asyncpg.connect(server)
    await admin.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    await admin.close()
    inside = await asyncpg.connect(_named(server, name))
    await inside.execute("CREATE EXTENSION citus")
    await inside.close()


async def _join(home: str, nodes: Sequence[Node]) -> None:
    place = urlsplit(home)
    admin = await asyncpg.connect(home)
    await admin.execute("SELECT citus_set_coordinator_host($1, $2)", place.hostname, place.port or 5432)
    for node in nodes:
        await admin.execute("SELECT citus_add_node($1, $2)", node.host, node.port)
    await admin.close()


async def _drop(server: str, name: str) -> None:
    admin = await asyncpg.connect(server)
    if await admin.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
        inside = await asyncpg.connect(_named(server, name))
        for row in await inside.fetch(_PREPARED, name):
            await inside.execute(f"ROLLBACK PREPARED '{row['gid']}'")
        await inside.close()
        await until(lambda: _dropped(admin, name), f"{name} is dropped")
    await admin.close()


async def _dropped(admin: asyncpg.Connection, name: str) -> bool:
    """False where a worker of the cluster's own has just come back to it."""
    try:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    except asyncpg.ObjectInUseError:
        return False
    return True


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def _at(url: str, node: Node) -> str:
    """The same user, database and settings at another server."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{node.host}:{node.port}").geturl()


async def rows(conn: asyncpg.Connection) -> dict[int, tuple[Any, ...]]:
    """Everybody on the list, by number."""
    found = await conn.fetch(
        "SELECT msisdn, carrier_no, ported, import_no, previous_import_no, opted_out_at FROM subscriber"
    )
    names = {
        row["carrier_no"]: row["name"] for row in await conn.fetch("SELECT carrier_no, name FROM carrier")
    }
    return {
        row["msisdn"]: (
            names[row["carrier_no"]], row["ported"], row["import_no"], row["previous_import_no"],
            row["opted_out_at"] is not None,
        )
        for row in found
    }  # fmt: skip


async def audience(conn: asyncpg.Connection, campaign_id: int) -> dict[int, list[tuple[str, str]]]:
    """Who hears a campaign, by number: carrier, and `waiting` or why not."""
    found = await conn.fetch(
        """SELECT unnest(msisdns) AS msisdn, name, 'waiting' AS state FROM slice JOIN carrier USING (carrier_no)
            WHERE campaign_id = $1
           UNION ALL
           SELECT unnest(msisdns), name, reason FROM exclusion JOIN carrier USING (carrier_no)
            WHERE campaign_id = $1""",
        campaign_id,
    )
    people: dict[int, list[tuple[str, str]]] = {}
    for row in found:
        people.setdefault(row["msisdn"], []).append((row["name"], row["state"]))
    return people


def other_home(rig: Rig, conn: asyncpg.Connection, url: str) -> Rig:
    """The same configuration at another home."""
    return replace(rig, conn=conn, url=url)
