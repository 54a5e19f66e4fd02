"""A connection that cannot be prepared is not left open."""

import asyncio

import asyncpg
import pytest

from broadcast.engine.contact import Contact
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
        await Contact("postgresql://").connect()
    assert connection.terminated
