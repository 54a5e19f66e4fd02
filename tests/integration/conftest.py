"""The worlds that several files of integration tests begin with."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from integration.ledger_world import World, make_world
from integration.nation_world import NationWorld
from integration.nation_world import nation as make_nation
from integration.rig import Rig, make_rig

from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.config import Config
from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.scratch import scratch_home

_SMALL = {**SETTINGS, "shared_buffers": "32MB", "fsync": "off", "max_wal_size": "256MB"}


@pytest.fixture(scope="session")
def guarded() -> Iterator[Server]:
    """A server that asks its logins for passwords, which most tests' does not. Of the whole run, as whatever takes long
    to make: a file's tests are spread among others, and what is a module's is made anew each time."""
    with scratch_home("board") as home:
        running = Server(home, _SMALL)
        running.start()
        yield running


@pytest.fixture
async def rig(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> AsyncIterator[Rig]:
    """A country without carriers or workers yet; what a test starts ends with it."""
    async with make_rig(tmp_path, database_url, conn, config) as made:
        yield made


@pytest.fixture
async def nation(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    """Home, north and south as three databases; nothing is simulated yet."""
    async with make_nation(rig, two_databases, monkeypatch) as made:
        yield made


@pytest.fixture
async def world(database_url: str, conn: asyncpg.Connection) -> AsyncIterator[World]:
    """A launched campaign made by hand, and a ledger writer to it."""
    made = await make_world(database_url, conn)
    yield made
    await made.writer._drop()


@pytest.fixture
def told() -> list[Notice]:
    """What actions of `session` told, in order."""
    return []


@pytest.fixture
def session(conn: asyncpg.Connection, config: Config, told: list[Notice]) -> Session:
    """For actions."""
    return Session(conn, config, told.append)
