"""A board before a database whose logins have passwords, and a browser of sorts: a client that keeps cookies."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import pytest
from acting import PEOPLE, make_people

from broadcast.access import scram
from broadcast.campaign.content import Content, content
from broadcast.config import Config
from broadcast.store import migrations
from broadcast.store.embedded import Server
from broadcast.store.pool import connect, logged_in_as
from broadcast.web.app import make_runtime
from broadcast.web.runtime import Runtime
from broadcast.web.security import Front
from broadcast.web.serve import Served

PASSWORD = "correct horse battery"
READER = "lan"
HERE = Front(False, frozenset({"localhost", "127.0.0.1"}))


async def make_database(server: Server, name: str) -> str:
    """Migrated, with everybody of tests/acting.py, each with PASSWORD. Gives its URL, as the server's owner."""
    first = await connect(server.url("postgres"), check_schema=False)
    if not await first.fetchval("SELECT count(*) FROM pg_database WHERE datname = 'template'"):
        await first.execute("CREATE DATABASE template")
        await _fill(server.url("template"))
    await first.execute(f"CREATE DATABASE {name} TEMPLATE template STRATEGY file_copy")
    await first.close()
    return server.url(name)


async def _fill(url: str) -> None:
    connection = await connect(url, check_schema=False)
    await migrations.migrate(connection)
    await make_people(connection)
    for login in PEOPLE:
        await connection.execute(f"ALTER ROLE {login} PASSWORD '{scram.verifier(PASSWORD)}'")
    await connection.close()


def words(text: str = "Wash your hands often.", **more: Any) -> Content:
    """Of an alert that may be drafted."""
    expires = datetime.now(UTC) + timedelta(hours=2)
    return content(
        text=text, sender="BOYTE", carriers=("viettel",), expires_at=expires, category="health", **more
    )


@dataclass
class Browser:
    """One person's. base: the board's address."""

    base: str
    client: aiohttp.ClientSession

    async def get(self, path: str, **how: Any) -> tuple[aiohttp.ClientResponse, str]:
        """Not following where it leads."""
        async with self.client.get(f"{self.base}{path}", allow_redirects=False, **how) as answer:
            return answer, await answer.text()

    async def post(self, path: str, form: dict[str, str], **how: Any) -> tuple[aiohttp.ClientResponse, str]:
        """As a browser posts a form of the board's own page, unless `headers` say otherwise."""
        headers = {"Origin": self.base, "Sec-Fetch-Site": "same-origin", **how.pop("headers", {})}
        sent = {name: value for name, value in headers.items() if value is not None}
        where = f"{self.base}{path}"
        async with self.client.post(where, data=form, headers=sent, allow_redirects=False, **how) as answer:
            return answer, await answer.text()

    async def token(self, path: str) -> str:
        """Of the form on a page."""
        return token_of((await self.get(path))[1])

    async def log_in(self, name: str, password: str = PASSWORD, **how: Any) -> aiohttp.ClientResponse:
        form = {"csrf": await self.token("/login"), "name": name, "password": password}
        return (await self.post("/login", form, **how))[0]


def token_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


@asynccontextmanager
async def serving(
    url: str, config: Config | None, front: Front = HERE, reader: str = READER, **changed: Any
) -> AsyncIterator[tuple[str, Runtime]]:
    """A board on a free port. changed: of its Runtime. Gives its address."""
    patch = pytest.MonkeyPatch()
    patch.setenv("BROADCAST_DATABASE_URL", url)
    tls = changed.pop("tls", None)
    with logged_in_as(reader, PASSWORD):
        run = make_runtime(front, config, ZoneInfo("Asia/Ho_Chi_Minh"))
        run.least_s = 0.0
        for name, value in changed.items():
            setattr(run, name, value)
        served = Served(run, tls)
        port = await served.start("127.0.0.1", 0)
    try:
        yield f"{front.scheme}://localhost:{port}", run
    finally:
        await served.stop()
        patch.undo()


@asynccontextmanager
async def browsing(base: str, **how: Any) -> AsyncIterator[Browser]:
    """With no cookies yet."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, **how) as client:
        yield Browser(base, client)


async def owner(url: str) -> asyncpg.Connection:
    """Who may do everything."""
    return await connect(url)
