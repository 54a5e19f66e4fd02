"""Failures of the database in a person's words, never with a password."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from broadcast.errors import ConfigError, DatabaseDownError, DatabaseError, FencedError, TooSlowError
from broadcast.store import citus, failures, pool
from broadcast.store.embedded import is_chosen
from broadcast.store.failures import explain
from broadcast.store.pool import database_url

URL = "postgresql://boyte:s3cret@db.example:5433/alerts"


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ConnectionRefusedError(), DatabaseDownError, "db.example:5433 does not answer"),
        (TimeoutError(), DatabaseDownError, "db.example:5433 does not answer"),
        (asyncpg.InvalidPasswordError("no"), DatabaseError, "refused the login"),
        (asyncpg.InvalidCatalogNameError("no"), DatabaseError, "has no such database"),
        (asyncpg.TooManyConnectionsError("no"), DatabaseDownError, "no free connection"),
        (asyncpg.CannotConnectNowError("no"), DatabaseDownError, "starting up or shutting down"),
        (asyncpg.ReadOnlySQLTransactionError("no"), DatabaseDownError, "is a standby or read-only"),
        (asyncpg.DiskFullError("no"), DatabaseDownError, "the database's disk is full"),
        (asyncpg.DuplicatePreparedStatementError("no"), DatabaseError, "pool_mode = session"),
        (asyncpg.InvalidSQLStatementNameError("no"), DatabaseError, "pool_mode = session"),
        (socket.gaierror(-2, "Name or service not known"), DatabaseDownError, "is not known by that name"),
        (ConnectionError('PostgreSQL server at "x:1" rejected SSL upgrade'), DatabaseError, "offers no TLS"),
        (ssl.SSLCertVerificationError("no"), DatabaseError, "the certificate of the database at db.example"),
        (ssl.SSLError("no"), DatabaseError, "no TLS connection to the database at db.example"),
        (ValueError("invalid DSN"), ConfigError, "BROADCAST_DATABASE_URL is not a usable URL"),
    ],
)
def test_connecting(error: Exception, kind: type[Exception], text: str) -> None:
    said = explain(error, URL)
    assert type(said) is kind
    assert text in str(said)
    assert "s3cret" not in str(said)


@pytest.mark.parametrize(
    "error", [asyncpg.ConnectionDoesNotExistError("x"), asyncpg.InterfaceError("x"), ConnectionResetError()]
)
def test_a_lost_connection(error: Exception) -> None:
    said = explain(error)
    assert type(said) is DatabaseDownError
    assert "the connection to the database" in str(said)


def of_a_server(
    kind: type[asyncpg.PostgresError], text: str, context: str | None = None
) -> asyncpg.PostgresError:
    """As one of its messages."""
    error = kind(text)
    error.context = context
    return error


@pytest.mark.parametrize(
    "error",
    [
        of_a_server(
            asyncpg.ConnectionFailureError,
            "connection to the remote node boyte@10.0.0.7:5432 failed with the following error: Connection refused",
        ),
        of_a_server(
            asyncpg.ConnectionFailureError,
            "could not establish any connections to the node 10.0.0.7:5432 after 30000 ms",
        ),
        of_a_server(
            asyncpg.InternalServerError,
            "server closed the connection unexpectedly",
            "while executing command on 10.0.0.7:5432",
        ),
        of_a_server(
            asyncpg.AdminShutdownError,
            "terminating connection due to administrator command",
            "while executing command on 10.0.0.7:5432",
        ),
    ],
)
def test_a_node_of_a_cluster_is_named(error: asyncpg.PostgresError) -> None:
    said = explain(error)
    assert type(said) is DatabaseDownError
    assert "the node 10.0.0.7:5432 of the database's cluster does not answer" in str(said)
    assert failures.in_words(error) == "the node 10.0.0.7:5432 of the database's cluster does not answer"
    with pytest.raises(DatabaseDownError, match="the node"), citus.naming_nodes():
        raise error


def test_another_internal_error_is_no_lost_node() -> None:
    """Also one that came up at a node."""
    error = of_a_server(asyncpg.InternalServerError, "tuple concurrently updated", "executing command on a:1")
    assert failures.lost_node(error) is None
    with pytest.raises(asyncpg.InternalServerError), citus.naming_nodes():
        raise error


def test_a_broken_url_is_not_repeated() -> None:
    assert "s3cret" not in str(explain(ValueError(), "postgresql://boyte:s3cret@[::1/alerts"))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("unsupported startup parameter: seach_path", ConfigError),
        ("server conn crashed?", DatabaseDownError),
    ],
)
def test_what_a_pooler_says_is_seldom_the_url(said: str, kind: type[Exception]) -> None:
    """It has one SQLSTATE for everything."""
    error = asyncpg.ProtocolViolationError(said)
    assert type(explain(error, f"{URL}?seach_path=x")) is kind


def test_a_socket_has_no_host() -> None:
    assert "the database on this machine" in str(explain(OSError(), "postgresql://b@/b?host=/run/x"))


def test_the_environment_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_DATABASE_URL", f" {URL} ")
    assert database_url() == URL
    assert not is_chosen()


def test_without_url_and_server_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_HOME", "/nonexistent")
    assert is_chosen()
    with pytest.raises(DatabaseDownError, match="`broadcast db up`"):
        pool.database_url()


def test_several_hosts_are_tried_one_by_one() -> None:
    """asyncpg would spend its whole time on a first one that is silent."""
    assert pool._hosts(URL) == [{}]
    assert pool._hosts("postgresql://b@/b?host=/run/x") == [{}]
    assert pool._hosts("postgresql://boyte:s3,cr@one:5433,[::1],two:5434/alerts") == [
        {"host": "one", "port": 5433, "target_session_attrs": "read-write"},
        {"host": "::1", "port": 5432, "target_session_attrs": "read-write"},
        {"host": "two", "port": 5434, "target_session_attrs": "read-write"},
    ]


def test_patience_grows_with_each_cut_until_the_work_is_done() -> None:
    """Not with other failures; and what found nothing to do leaves it as it is."""
    waited: list[float] = []
    loops: list[Any] = []

    class Connection:
        def is_closed(self) -> bool:
            return True

        def terminate(self) -> None: ...

    class Loop:
        def call_later(self, seconds: float, end: Callable[[], None]) -> "Loop":
            waited.append(seconds)
            self.end = end
            loops.append(self)
            return self

        def cancel(self) -> None: ...

    patience = pool.Patience(5.0, 15.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("asyncio.get_running_loop", Loop)
        for what in ("failed", "cut", "cut", "cut", "nothing", "failed", "worked", "nothing"):
            raised = pytest.raises((asyncpg.ConnectionDoesNotExistError, TooSlowError))
            with (
                raised if what in ("cut", "failed") else contextlib.nullcontext() as caught,
                patience.within(Connection()),  # type: ignore[arg-type]
            ):
                if what == "cut":
                    loops[-1].end()
                if what in ("cut", "failed"):
                    raise asyncpg.ConnectionDoesNotExistError("x")
            if what == "worked":
                patience.worked()
            if caught is not None:
                assert isinstance(caught.value, TooSlowError) is (what == "cut")
    assert waited == [5.0, 5.0, 10.0, 15.0, 15.0, 15.0, 15.0, 5.0]


class Cut:
    """A connection whose query ends when somebody terminates it, as asyncpg's does."""

    def __init__(self, raised: BaseException | None) -> None:
        self._ended = asyncio.Event()
        self._raised = raised

    def is_closed(self) -> bool:
        return self._ended.is_set()

    def terminate(self) -> None:
        self._ended.set()

    async def query(self) -> None:
        await self._ended.wait()
        if self._raised is not None:
            raise self._raised


@pytest.mark.parametrize(
    "raised",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle of operation"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
        AttributeError("'NoneType' object has no attribute 'bind_execute'"),
        None,
    ],
)
async def test_our_own_limit_is_no_lost_database(raised: BaseException | None) -> None:
    connection = Cut(raised)
    raises = pytest.raises(TooSlowError, match="did not say its schema within 0 s")
    with raises as caught, pool.within(connection, 0.0, what="say its schema"):  # type: ignore[arg-type]
        await connection.query()
    assert isinstance(caught.value, DatabaseDownError)  # and so takes the same way
    assert failures.in_words(caught.value) == "not done within 0 s"
    assert explain(caught.value) is caught.value


async def test_a_lost_lease_stays_a_lost_lease() -> None:
    connection = Cut(FencedError())
    with pytest.raises(FencedError), pool.within(connection, 0.0):  # type: ignore[arg-type]
        await connection.query()


async def test_patience_says_when_it_is_over() -> None:
    patience = pool.Patience(0.0, 0.0)
    connection = Cut(asyncpg.InterfaceError("x"))
    with pytest.raises(TooSlowError) as caught, patience.within(connection):  # type: ignore[arg-type]
        await connection.query()
    over = caught.value.over
    assert over is not None
    assert not over()
    with patience.within(Cut(None)):  # type: ignore[arg-type]
        pass
    assert over()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TooSlowError(10.0, next_s=20.0), "not done within 10 s, trying again with 20 s"),
        (TooSlowError(2.0), "not done within 2 s, trying again"),
        (asyncpg.DiskFullError("x"), "the database's disk is full"),
        (asyncpg.DeadlockDetectedError("x"), "another transaction was in the way (DeadlockDetectedError)"),
        (asyncpg.IdleInTransactionSessionTimeoutError("x"), "stood still within a transaction"),
        (asyncpg.InterfaceError("x"), "database lost (InterfaceError), trying again"),
        (asyncpg.InternalClientError("x"), "database lost (InternalClientError), trying again"),
        (asyncpg.AdminShutdownError("x"), "database lost (AdminShutdownError), trying again"),
        (asyncpg.OutOfMemoryError("x"), "the database refused it (OutOfMemoryError 53200), trying again"),
        (
            asyncpg.ReadOnlySQLTransactionError("x"),
            "the database refused it (ReadOnlySQLTransactionError 25006), trying again",
        ),
        (asyncpg.exceptions.PostgresIOError("x"), "the database refused it (PostgresIOError 58030)"),
        (KeyError("84912345678"), "KeyError, trying again"),
        (DatabaseDownError("the disk of /x is full"), "database lost (the disk of /x is full), trying again"),
    ],
)
def test_a_task_says_what_kept_it(error: Exception, words: str) -> None:
    assert words in failures.retrying(error)


def test_what_ended_a_connection_is_said_rather_than_that_it_ended() -> None:
    """Its rollback fails, since the server has closed it."""
    try:
        try:
            raise asyncpg.DiskFullError("x")
        finally:
            raise asyncpg.InterfaceError("the connection is closed")
    except asyncpg.InterfaceError as error:
        assert "disk is full" in failures.in_words(error)


@pytest.mark.parametrize(
    ("closed", "raised"), [(True, asyncpg.ConnectionDoesNotExistError), (False, AttributeError)]
)
async def test_a_connection_that_ends_amid_a_query_is_lost(closed: bool, raised: type[Exception]) -> None:
    """Found by chaos seed 19: asyncpg then asks its protocol, None, to go on, and the worker ended."""

    class Connection:
        def is_closed(self) -> bool:
            return closed

        def terminate(self) -> None: ...

    with pytest.raises(raised), pool.within(Connection(), 5.0):  # type: ignore[arg-type]
        raise AttributeError("'NoneType' object has no attribute 'bind_execute'")


class Pooled:
    """A session behind a pooler, which gives it a process number of its own."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    async def fetchval(self, _: str) -> int:
        return self._pid

    def get_server_pid(self) -> int:
        return -self._pid

    def terminate(self) -> None: ...


async def test_whose_sessions_they_are_is_asked_of_the_same_host_and_only_when_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a pool that is too small, ten tasks that each want a second one would wait for each other."""
    asked: list[str] = []

    async def connect(_: str, *, host: str, **__: object) -> Pooled:
        asked.append(host)
        if host == "one":
            raise ConnectionRefusedError
        return Pooled(len(asked))

    monkeypatch.setattr(asyncpg, "connect", connect)
    await pool.connect("postgresql://one,two/alerts", check_schema=False)
    assert asked == ["one", "two", "two"]
    await pool.connect("postgresql://two,three/alerts", check_schema=False, check_session=False)
    assert asked[3:] == ["two"]
