"""A connection that cannot be prepared is not left open."""

import asyncio
import logging

import asyncpg
import pytest

from broadcast.engine.connections import Connections
from broadcast.errors import (
    BroadcastError,
    ConfigError,
    DatabaseDownError,
    DatabaseError,
    FencedError,
    RefusedError,
    SchemaError,
    TooSlowError,
)
from broadcast.store import pool


class Refusing:
    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.terminated = False

    async def execute(self, _: str) -> None:
        raise self._error

    def terminate(self) -> None:
        self.terminated = True


@pytest.mark.parametrize("error", [asyncpg.UndefinedObjectError("no such setting"), asyncio.CancelledError()])
async def test_it_is_ended_when_its_settings_fail(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Refusing(error)

    async def connect(*_: object, **__: object) -> Refusing:
        return connection

    monkeypatch.setattr(pool, "connect", connect)
    with pytest.raises(type(error)):
        await Connections("postgresql://").connect()
    assert connection.terminated


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ConfigError("sslrootcert names a file that cannot be read"), DatabaseDownError),
        (RefusedError("another user could lead root elsewhere"), DatabaseDownError),
        (DatabaseError("refused the login"), DatabaseDownError),
        (SchemaError("ahead"), SchemaError),
        (TooSlowError(4.0), TooSlowError),
    ],
)
async def test_what_worked_before_is_no_wrong_configuration(
    error: BroadcastError, raised: type[BroadcastError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ConfigError would end the worker with exit code 2, after which nobody starts it again."""

    async def connect(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pool, "connect", connect)
    with pytest.raises(BroadcastError) as caught:
        await Connections("postgresql://").connect()
    assert type(caught.value) is raised
    assert str(caught.value) == str(error)


async def test_tasks_that_connect_side_by_side_want_one_session_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    async def connect(_: str, **options: object) -> Idle:
        asked.update(options)
        return Idle()

    monkeypatch.setattr(pool, "connect", connect)
    await Connections("postgresql://").connect()
    assert asked["check_session"] is False


class Idle:
    """A connection on which nothing is asked."""

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed

    async def execute(self, _: str) -> None: ...

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None: ...


async def test_a_task_that_returns_is_done_unless_its_connection_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connections = [Idle(closed=True), Idle(), Idle()]

    async def connect(*_: object, **__: object) -> Idle:
        return connections.pop(0)

    async def settle(_: object) -> None: ...

    monkeypatch.setattr(pool, "connect", connect)
    await Connections("postgresql://").always(settle)
    assert len(connections) == 1


async def told(
    failures: list[BaseException], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> tuple[list[str], list[str | None]]:
    """The log of a task that fails so, life after life; and what `/readyz` says as each begins, and at the end."""

    async def connect(*_: object, **__: object) -> Idle:
        return Idle()

    async def no_pause(_: float) -> None: ...

    monkeypatch.setattr(pool, "connect", connect)
    monkeypatch.setattr(asyncio, "sleep", no_pause)
    connections, seen = Connections("postgresql://"), []

    async def settle(_: object) -> None:
        seen.append(connections.trouble())
        if not failures:
            raise asyncio.CancelledError
        raise failures.pop(0)

    with caplog.at_level(logging.INFO), pytest.raises(asyncio.CancelledError):
        await connections.always(settle)
    seen.append(connections.trouble())
    return [record.getMessage() for record in caplog.records], seen


async def test_our_own_limit_is_told_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slow: list[bool] = [False]
    limits: list[BaseException] = [TooSlowError(10.0, next_s=20.0, over=lambda: slow[0]), TooSlowError(20.0)]
    limits[1] = TooSlowError(20.0, next_s=40.0, over=lambda: slow[0])
    lines, seen = await told(limits, monkeypatch, caplog)
    words = ["not done within 10 s, trying again with 20 s", "not done within 20 s, trying again with 40 s"]
    assert lines == [f"database_trouble task=settle why={each}" for each in words]
    assert seen == [None, *(f"settle: {each}" for each in (*words, words[1]))]


async def test_it_is_ready_again_once_that_was_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, seen = await told([TooSlowError(10.0, over=lambda: True)], monkeypatch, caplog)
    assert seen == [None, None, None]


async def test_a_full_disk_is_told_once_and_never_as_back_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines, seen = await told([asyncpg.DiskFullError("x")] * 3, monkeypatch, caplog)
    assert len(lines) == 1
    assert "the database's disk is full" in lines[0]
    assert all(each is not None and "disk is full" in each for each in seen[1:])


async def test_a_task_that_loses_another_database_each_time_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines, _ = await told([asyncpg.InterfaceError("x") for _ in range(9)], monkeypatch, caplog)
    assert lines[0] == "database_trouble task=settle why=database lost (InterfaceError), trying again"
    assert lines[1].startswith("database_back task=settle after_s=")
    assert lines[2:] == []


async def test_a_lost_database_is_told_and_that_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lost: list[BaseException] = [asyncpg.InterfaceError("x"), DatabaseDownError("the disk of /x is full")]
    lines, seen = await told(lost, monkeypatch, caplog)
    assert lines[0] == "database_trouble task=settle why=database lost (InterfaceError), trying again"
    assert [line.split(" after")[0] for line in lines[1::2]] == ["database_back task=settle"] * 2
    assert lines[2] == "database_trouble task=settle why=database lost (the disk of /x is full), trying again"
    assert seen == [None, None, None, None]


async def test_a_fault_of_one_task_does_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of any kind, and nothing of what it was about is told."""
    faults: list[BaseException] = [KeyError("84912345678"), asyncpg.UniqueViolationError("84912345678")]
    lines, _ = await told(faults, monkeypatch, caplog)
    assert lines == [
        "task_failed task=settle why=KeyError, trying again",
        "task_failed task=settle why=the database refused it (UniqueViolationError 23505), trying again",
    ]


async def test_a_fault_that_stays_is_told_once_and_the_worker_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines, seen = await told([KeyError("x"), KeyError("x"), KeyError("x")], monkeypatch, caplog)
    assert lines == ["task_failed task=settle why=KeyError, trying again"]
    assert seen == [None, *["settle: KeyError, trying again"] * 4]


async def test_a_lost_lease_does(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(FencedError):
        await told([FencedError()], monkeypatch, caplog)
