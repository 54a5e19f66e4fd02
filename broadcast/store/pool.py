"""Connections to Postgres; the failures that a person can mend are said in words.

No wait for a database is without an end: a network that loses everything is noticed by the socket, a server that hangs
by `within`.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg

from broadcast.errors import DatabaseDownError, FencedError, PoolerError, TooSlowError
from broadcast.languages import N_, _
from broadcast.store import address, embedded, migrations
from broadcast.store.failures import LOST, POOLED, POOLER, explain
from broadcast.store.queries import sql
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


_login: ContextVar[str | None] = ContextVar("login", default=None)
_password: ContextVar[str | None] = ContextVar("password", default=None)


@contextmanager
def logged_in_as(name: str | None, password: str | None = None) -> Iterator[None]:
    """In this block, and in tasks that begin in it, every database is met by this login; None: by its URL's.

    password: as it was typed; None: libpq's places have it.
    """
    token, other = _login.set(name), _password.set(password)
    try:
        yield
    finally:
        _password.reset(other)
        _login.reset(token)


def _for_login(url: str) -> str:
    login = _login.get()
    return url if login is None else address.as_user(url, login)


def database_url() -> str:
    """BROADCAST_DATABASE_URL, or the embedded server's. Raises ConfigError; DatabaseDownError if that does not run."""
    url = os.environ.get("BROADCAST_DATABASE_URL", "").strip()
    if url:
        address.check(url)
        return url
    server = embedded.server()
    if not server.answers():
        why = server.why_down()
        raise DatabaseDownError(
            _(
                "the embedded database does not run: {why}; then run `broadcast db up`, or set "
                "BROADCAST_DATABASE_URL",
                why=why,
            )
            if why
            else _("the embedded database does not run: run `broadcast db up`, or set BROADCAST_DATABASE_URL")
        )
    return server.url()


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
    url: str | None = None,
    *,
    check_schema: bool = True,
    check_session: bool = True,
    slack: int = 0,
    timeout_s: float = _CONNECT_S,
) -> asyncpg.Connection:
    """A connection of one's own; close it. Raises DatabaseError, DatabaseDownError, SchemaError.

    Of several hosts in the URL it takes the first that answers in its part of `timeout_s` and accepts writes.
    slack: schema versions that it may be behind or ahead. check_session: behind a pooler that takes a second
    connection, so look once before many connect side by side.
    """
    url = url or database_url()
    address.check(url)
    failures: list[BaseException] = []
    target, hosts = _for_login(url), _hosts(url)
    each_s = timeout_s if len(hosts) == 1 else max(_HOST_S, timeout_s / len(hosts))
    for host in hosts:
        try:
            connection: asyncpg.Connection = await asyncpg.connect(target, **host, **_options(each_s))
            break
        except _FAILURES as error:
            failures.append(error)
    else:
        raise explain(failures[-1], url) from failures[-1]
    try:
        with within(connection, timeout_s, what=N_("say what it is")):
            if check_session:
                await _check_session(connection, target, host, each_s)
            if check_schema:
                (await migrations.status(connection)).check(slack)
    except (*LOST, *POOLED, OSError) as error:
        connection.terminate()
        raise explain(error, url) from error
    except BaseException:
        connection.terminate()
        raise
    return connection


@contextmanager
def within(connection: Connection, seconds: float, *, what: str = N_("answer")) -> Iterator[None]:
    """Ends the connection when the block takes longer, and raises TooSlowError: what took too long is not lost.

    Unlike a cancellation, after which asyncpg waits for the server once more. what: of the database, for a person.
    """
    cut = False

    def end() -> None:
        nonlocal cut
        cut = True
        connection.terminate()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    try:
        yield
    except FencedError:
        raise
    except Exception as error:
        if cut:
            raise TooSlowError(seconds, what) from error
        if isinstance(error, AttributeError) and connection.is_closed():
            # asyncpg's, when a connection ends between the steps of a query
            raise asyncpg.ConnectionDoesNotExistError("the connection ended amid a query") from error
        raise
    finally:
        timer.cancel()
    if cut:  # done, in the last moment; but the connection is no more
        raise TooSlowError(seconds, what)


class Patience:
    """As `within`, for what may rightly take long: at first `first_s`, and twice as long each time that it was cut off.

    Until `worked`: what found nothing to do, and failed for another reason, does not tell how long the work takes.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._next_s = first_s
        self._cuts = 0  # since a try came to its end

    @contextmanager
    def within(self, connection: Connection) -> Iterator[None]:
        """One try. Raises TooSlowError, which says how long the next one has."""
        try:
            with within(connection, self._next_s):
                yield
        except TooSlowError as error:
            self._next_s = min(self._most_s, 2 * self._next_s)
            self._cuts += 1
            raise TooSlowError(error.seconds, next_s=self._next_s, over=lambda: not self._cuts) from error
        self._cuts = 0

    def worked(self) -> None:
        """The work was done, within the time that it had."""
        self._next_s = self._first_s


def _hosts(url: str) -> list[dict[str, Any]]:
    """Arguments for asyncpg, host by host: it would spend its whole time on a first one that is silent."""
    found = address.hosts(url)
    if len(found) < 2:
        return [{}]
    return [{"host": host, "port": port, "target_session_attrs": "read-write"} for host, port in found]


_FAILURES = (
    OSError,
    TimeoutError,
    ssl.SSLError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
    ValueError,
)


def _options(timeout_s: float) -> Mapping[str, Any]:
    typed = _password.get()
    known = {} if typed is None else {"password": typed}
    return {"timeout": timeout_s, "server_settings": _SETTINGS, "connection_class": _Watched, **known}


async def _check_session(
    connection: asyncpg.Connection, url: str, host: Mapping[str, Any], timeout_s: float
) -> None:
    """Raises DatabaseError when sessions are not ours alone: locks, LISTEN and prepared statements belong to them.

    A pooler gives a process number of its own; in transaction mode two connections side by side have one server's.
    """
    mine = await connection.fetchval(sql("session_pid"))
    if mine == connection.get_server_pid():
        return
    other = await asyncpg.connect(url, **host, **_options(timeout_s))
    try:
        with within(other, timeout_s, what=N_("say what it is")):
            theirs = await other.fetchval(sql("session_pid"))
    finally:
        other.terminate()
    if theirs == mine or await connection.fetchval(sql("session_pid")) != mine:
        raise PoolerError(_(POOLER))
