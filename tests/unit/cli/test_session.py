"""A command's session: its notices are lines, its failures its own, and where it may do without it says why."""

import pytest

from broadcast.actions import session as sessions
from broadcast.actions.notices import ExpiryComesTwice
from broadcast.actions.session import Session
from broadcast.cli.session import act, perhaps
from broadcast.errors import ConfigError, DatabaseDownError, RefusedError


class Connection:
    def __init__(self) -> None:
        self.closed = False
        self.purpose = "live"

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    made = Connection()

    async def connect(**_: object) -> Connection:
        return made

    async def check_home(_: Connection) -> None:
        """It is."""

    monkeypatch.setattr(sessions, "connect", connect)

    async def purpose(_: Connection) -> str:
        return made.purpose

    monkeypatch.setattr(sessions, "check_home", check_home)
    monkeypatch.setattr(sessions, "purpose", purpose)
    return made


def test_what_is_told_is_a_line_and_what_is_done_comes_back(
    connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    async def tell(session: Session) -> int:
        session.tell(ExpiryComesTwice("it comes twice"))
        return 7

    assert act(tell) == 7
    assert capsys.readouterr() == ("", "it comes twice\n")
    assert connection.closed


def test_who_trains_reads_it_first(connection: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    async def training(session: Session) -> bool:
        return session.training

    assert not act(training)
    connection.purpose = "training"
    assert act(training)
    out, said = capsys.readouterr()
    assert (out, said.startswith("TRAINING: ")) == ("", True)


def test_a_refusal_ends_it(connection: Connection) -> None:
    async def refuse(_: Session) -> None:
        raise RefusedError

    with pytest.raises(RefusedError):
        act(refuse)
    assert connection.closed


async def test_what_fails_within_is_no_reason_to_do_without(connection: Connection) -> None:
    with pytest.raises(DatabaseDownError):
        async with perhaps() as found:
            assert isinstance(found, Session)
            raise DatabaseDownError
    assert connection.closed


@pytest.mark.parametrize("error", [ConfigError("a"), DatabaseDownError("b"), RefusedError("c")])
async def test_why_there_is_none(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(**_: object) -> None:
        raise error

    monkeypatch.setattr(sessions, "connect", connect)
    async with perhaps() as found:
        assert found is error
