"""A connection is opened once and closed once, however the block ends."""

import pytest

from broadcast.actions import session as sessions
from broadcast.actions.session import Session
from broadcast.config import Config
from broadcast.errors import ConfigError, InputError


class Connection:
    def __init__(self) -> None:
        self.closed = 0
        self.checked = 0  # whether it is home

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Connection, dict[str, object]]]:
    """Each connection that was made, and how."""
    made: list[tuple[Connection, dict[str, object]]] = []

    async def connect(**how: object) -> Connection:
        made.append((Connection(), how))
        return made[-1][0]

    async def check_home(connection: Connection) -> None:
        connection.checked += 1

    monkeypatch.setattr(sessions, "connect", connect)

    async def purpose(_: Connection) -> str:
        return "live"

    monkeypatch.setattr(sessions, "check_home", check_home)
    monkeypatch.setattr(sessions, "purpose", purpose)
    return made


async def test_it_ends_with_the_block(
    opened: list[tuple[Connection, dict[str, object]]], config: Config
) -> None:
    async with Session.open(config, timeout_s=3.0) as session:
        ((connection, how),) = opened
        assert session.connection is connection
        assert session.config is config
        assert (connection.closed, how) == (0, {"timeout_s": 3.0})
    assert (connection.closed, connection.checked) == (1, 1)


@pytest.mark.parametrize("how", [{"check_schema": False}, {"home": False}])
async def test_what_may_be_anything_is_not_asked(
    opened: list[tuple[Connection, dict[str, object]]], how: dict[str, bool]
) -> None:
    async with Session.open(**how):
        assert [connection.checked for connection, _ in opened] == [0]


async def test_it_ends_with_a_failure_too(opened: list[tuple[Connection, dict[str, object]]]) -> None:
    with pytest.raises(InputError):
        async with Session.open():
            raise InputError
    assert [connection.closed for connection, _ in opened] == [1]


async def test_none_is_needed_until_it_is(opened: list[tuple[Connection, dict[str, object]]]) -> None:
    async with Session.open() as session:
        assert session.configuration is None
        with pytest.raises(ConfigError, match="--config FILE"):
            _ = session.config
