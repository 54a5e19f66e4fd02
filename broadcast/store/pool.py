"""Connections to Postgres; the failures that a person can mend are said in words.

No wait for a database is without an end: a network that loses everything is noticed by the socket, a server that hangs
by `within`.
"""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from broadcast.errors import DatabaseDownError, DatabaseError
from broadcast.store import embedded, migrations
from broadcast.store.types import Connection

_CONNECT_S = 10.0
_HOST_S = 2.0  # for one of several hosts, at least
_SETTINGS = {"application_name": "broadcast", "timezone": "UTC"}
# A network that swallows packets says nothing: what we sent is to be taken within so long, and an idle peer is asked.
_NETWORK_S = 4
_SOCKET = {
    "TCP_KEEPIDLE": 1,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": _NETWORK_S,
    "TCP_USER_TIMEOUT": 1000 * _NETWORK_S,
}


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


class _Watched(asyncpg.Connection):
    """Ends by itself, with an error for whoever waits, when the network loses what goes either way."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: asyncio.Transport, *others: Any) -> None:
        super().__init__(protocol, transport, *others)
        peer = transport.get_extra_info("socket")
        if peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _SOCKET.items():
                if hasattr(socket, name):  # not each system has all of them
                    peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def connect(
    url: str | None = None, *, check_schema: bool = True, timeout_s: float = _CONNECT_S
) -> asyncpg.Connection:
    """A connection of one's own; close it. Raises DatabaseError, DatabaseDownError, SchemaError.

    Of several hosts in the URL it takes the first that answers in its part of `timeout_s` and accepts writes.
    """
    url = url or database_url()
    failures: list[BaseException] = []
    hosts = _hosts(url)
    each_s = timeout_s if len(hosts) == 1 else max(_HOST_S, timeout_s / len(hosts))
    for host in hosts:
        try:
            connection: asyncpg.Connection = await asyncpg.connect(url, **host, **_options(each_s))
            break
        except _FAILURES as error:
            failures.append(error)
    else:
        raise explain(failures[-1], url) from failures[-1]
    try:
        with within(connection, timeout_s):
            if check_schema:
                await _check(connection)
    except (*LOST, OSError) as error:
        connection.terminate()
        raise explain(error, url) from error
    except BaseException:
        connection.terminate()
        raise
    return connection


@contextmanager
def within(
    connection: asyncpg.Connection, seconds: float, ended: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Ends the connection when the block takes longer; what waits for the database in it then raises one of LOST.

    Unlike a cancellation, after which asyncpg waits for the server once more. ended: called when it came to that.
    """

    def end() -> None:
        connection.terminate()
        ended()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    try:
        yield
    except AttributeError as error:  # asyncpg's, when a connection ends between the steps of a query
        if not connection.is_closed():
            raise
        raise asyncpg.ConnectionDoesNotExistError("the connection ended amid a query") from error
    finally:
        timer.cancel()


class Patience:
    """As `within`, for what may rightly take long: at first `first_s`, and twice as long each time that it was cut off.

    Until `worked`: what found nothing to do, and failed for another reason, does not tell how long the work takes.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._next_s = first_s

    @contextmanager
    def within(self, connection: asyncpg.Connection) -> Iterator[None]:
        """One try."""
        with within(connection, self._next_s, self._longer):
            yield

    def worked(self) -> None:
        """The work was done, within the time that it had."""
        self._next_s = self._first_s

    def _longer(self) -> None:
        self._next_s = min(self._most_s, 2 * self._next_s)


def _hosts(url: str) -> list[dict[str, Any]]:
    """Arguments for asyncpg, host by host: it would spend its whole time on a first one that is silent."""
    try:
        # not urlsplit: whether it takes brackets amid a list of hosts differs by version
        place = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
        names = place.rpartition("@")[2].split(",")
        places = [urlsplit(f"//{name}") for name in names]
        found = [{"host": each.hostname, "port": each.port or 5432} for each in places]
    except ValueError:
        return [{}]  # asyncpg says what is wrong with it
    return [each | {"target_session_attrs": "read-write"} for each in found] if len(found) > 1 else [{}]


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
    if isinstance(error, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return DatabaseDownError(
            "none of the hosts accepts writes: promote the standby, or start the primary"
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


_FAILURES = (
    OSError,
    TimeoutError,
    ssl.SSLError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
    ValueError,
)

# A command that loses its connection meets one of these; the command line gives them to `explain`.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
)


def _options(timeout_s: float) -> Mapping[str, Any]:
    return {"timeout": timeout_s, "server_settings": _SETTINGS, "connection_class": _Watched}


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
