"""Failures of the database in a person's words, never with a password."""

import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from broadcast.errors import DatabaseDownError, DatabaseError
from broadcast.store import pool
from broadcast.store.pool import database_url, explain, is_embedded

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
        (ValueError("invalid DSN"), DatabaseError, "BROADCAST_DATABASE_URL is not a usable URL"),
    ],
)
def test_connecting(error: Exception, kind: type[DatabaseError], text: str) -> None:
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


def test_a_broken_url_is_not_repeated() -> None:
    assert "s3cret" not in str(explain(ValueError(), "postgresql://boyte:s3cret@[::1/alerts"))


def test_a_socket_has_no_host() -> None:
    assert "the database on this machine" in str(explain(OSError(), "postgresql://b@/b?host=/run/x"))


def test_the_environment_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_DATABASE_URL", f" {URL} ")
    assert database_url() == URL
    assert not is_embedded()


def test_without_url_and_server_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_HOME", "/nonexistent")
    assert is_embedded()
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
    assert pool._hosts("postgresql://one:port,two/alerts") == [{}]


def test_patience_grows_with_each_cut_until_the_work_is_done() -> None:
    """Not with other failures; and what found nothing to do leaves it as it is."""
    waited: list[float] = []
    loops: list[Any] = []

    class Connection:
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
            with (
                contextlib.suppress(asyncpg.ConnectionDoesNotExistError),
                patience.within(Connection()),  # type: ignore[arg-type]
            ):
                if what == "cut":
                    loops[-1].end()
                if what in ("cut", "failed"):
                    raise asyncpg.ConnectionDoesNotExistError("x")
            if what == "worked":
                patience.worked()
    assert waited == [5.0, 5.0, 10.0, 15.0, 15.0, 15.0, 15.0, 5.0]


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
