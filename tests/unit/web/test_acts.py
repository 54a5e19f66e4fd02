"""Pages before an act, and acts: a few at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from unit.web.requests import request, run

from broadcast.ids import CampaignId
from broadcast.web import acts
from broadcast.web.runtime import AT_ONCE, Asking, Runtime
from broadcast.web.view import View

__all__ = ["run"]


class OpenedError(Exception):
    """A connection was opened."""


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def opened(*_asked: object) -> AsyncIterator[Any]:
        raise OpenedError
        yield

    monkeypatch.setattr(acts.Session, "open", opened)
    monkeypatch.setattr(acts, "TURN_S", 0.0)


async def look(run: Runtime) -> None:
    await acts._shown(request(run, "GET", "/campaign/7/cancel", match={"id": "7", "act": "cancel"}))


async def act(run: Runtime) -> None:
    await acts._do(run, Asking(View(), "192.0.2.1"), acts.ACTS["cancel"], CampaignId(7), [])


@pytest.mark.parametrize(("turns", "wants", "other"), [("looks", look, act), ("acts", act, look)])
async def test_whoever_has_no_turn_is_told_to_come_again(
    run: Runtime, turns: str, wants: Any, other: Any
) -> None:
    """And opens nothing; who only looks keeps nobody from acting, nor the other way round."""
    for _ in range(AT_ONCE):
        await getattr(run, turns).acquire()
    with pytest.raises(web.HTTPServiceUnavailable):
        await wants(run)
    with pytest.raises(OpenedError):
        await other(run)
    getattr(run, turns).release()
    for _ in range(2):  # what fails gives its turn back
        with pytest.raises(OpenedError):
            await wants(run)
