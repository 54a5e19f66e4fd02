"""What a carrier is can be said without the database, whatever is wrong with the way to it."""

import pytest

from broadcast.actions import session
from broadcast.cli import carrier_check, carrier_show
from broadcast.config import Config
from broadcast.errors import ConfigError, DatabaseDownError, RefusedError

ERRORS = [
    DatabaseDownError("the database does not answer"),
    ConfigError("BROADCAST_DATABASE_URL is not a usable URL"),
    RefusedError("another user could lead root elsewhere"),
]


@pytest.mark.parametrize("error", ERRORS)
async def test_it_is_noted_and_the_rest_goes_on(
    error: Exception, config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def connect(**_: object) -> None:
        raise error

    monkeypatch.setattr(session, "connect", connect)
    assert await carrier_show._standing(config) == (None, None, {})
    assert (await carrier_check._day_time()).now() > 0
    said = capsys.readouterr().err
    assert f"how the binds stand is not known: {error}" in said
    assert f"messages expire by this machine's clock, not by the database's: {error}" in said
