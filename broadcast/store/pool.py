"""Connections to Postgres, one by one or pooled; the failures that a person can mend are said in words."""

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from broadcast.errors import DatabaseDownError, DatabaseError
from broadcast.store import embedded, migrations
from broadcast.store.types import Connection

_CONNECT_S = 10.0
_SETTINGS = {"application_name": "broadcast", "timezone": "UTC"}


def database_url() -> str:
    """BROADCAST_DATABASE_URL, or the embedded server's. Raises DatabaseDownError if that does not run."""
    url = os.environ.get("BROADCAST_DATABASE_URL", "").strip()
    if url:
        return url
    server = embedded.server()
    if not server.answers():
        raise DatabaseDownError(
            "the embedded database does not run: run `broadcast db up`, or set BROADCAST_DATABASE_URL"
        )
    return server.url()


def is_embedded() -> bool:
    """Whether this process uses the embedded server rather than one by URL."""
    return not os.environ.get("BROADCAST_DATABASE_URL", "").strip()


async def connect(url: str | None = None, *, check_schema: bool = True) -> asyncpg.Connection:
    """A connection of one's own; close it. Raises DatabaseError, DatabaseDownError, SchemaError."""
    url = url or database_url()
    try:
        connection: asyncpg.Connection = await asyncpg.connect(url, **_options())
    except _FAILURES as error:
        raise explain(error, url) from error
    if check_schema:
        try:
            await _check(connection)
        except BaseException:
            await connection.close()
            raise
    return connection


async def open_pool(
    url: str | None = None, *, min_size: int = 1, max_size: int = 4, check_schema: bool = True
) -> asyncpg.Pool:
    """A pool that has connected; close it. Raises as `connect`."""
    url = url or database_url()
    try:
        pool: asyncpg.Pool = await asyncpg.create_pool(
            url, min_size=min_size, max_size=max_size, **_options()
        )
    except _FAILURES as error:
        raise explain(error, url) from error
    if check_schema:
        try:
            async with pool.acquire() as connection:
                await _check(connection)
        except BaseException:
            pool.terminate()
            raise
    return pool


def explain(error: BaseException, url: str | None = None) -> DatabaseError:
    """The failure in words, with the way out. url: what did not connect; None: a connection was lost."""
    where = _place(url)
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return DatabaseError(f"{where} refused the login: check user and password in BROADCAST_DATABASE_URL")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return DatabaseError(f"{where} has no such database: create it, or check BROADCAST_DATABASE_URL")
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return DatabaseDownError(
            f"{where} has no free connection: raise its max_connections, or run fewer workers"
        )
    if isinstance(error, asyncpg.CannotConnectNowError):
        return DatabaseDownError(f"{where} is starting up or shutting down: try again in a moment")
    if isinstance(error, asyncpg.InterfaceError | ValueError) and not isinstance(
        error, asyncpg.PostgresError
    ):
        if url is not None:
            return DatabaseError(
                "BROADCAST_DATABASE_URL is not a usable URL: write postgresql://user:password@host:5432/database"
            )
        return DatabaseDownError(
            f"the connection to {where} ended: see whether it still runs, then run this again"
        )
    if url is None:
        return DatabaseDownError(
            f"the connection to {where} was lost: see whether it still runs, then run this again"
        )
    return DatabaseDownError(f"{where} does not answer: start it, or check BROADCAST_DATABASE_URL")


_FAILURES = (OSError, TimeoutError, ssl.SSLError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)

# A command that loses its connection meets one of these; the command line gives them to `explain`.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
)


def _options() -> Mapping[str, Any]:
    return {"timeout": _CONNECT_S, "server_settings": _SETTINGS}


async def _check(connection: Connection) -> None:
    (await migrations.status(connection)).check()


def _place(url: str | None) -> str:
    """Host and database of a URL for a message; never its password."""
    if url is None:
        return "the database"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "the database"
    if not host:
        return "the database on this machine"
    return f"the database at {host}:{port or 5432}"
