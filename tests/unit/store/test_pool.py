"""Failures of the database in a person's words, never with a password."""

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
