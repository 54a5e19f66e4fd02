"""What stands before every page, of requests that nobody sent: whose they are, and which forms are ours."""

from collections.abc import AsyncIterator
from datetime import UTC
from typing import Final
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from broadcast.web import guard, login
from broadcast.web.accounts import LONGEST
from broadcast.web.app import make_runtime
from broadcast.web.runtime import RUNTIME, Runtime, asking
from broadcast.web.security import Front
from broadcast.web.sessions import Viewer

HOST: Final = {"Host": "board.example"}
OURS: Final = {"Origin": "https://board.example", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def run() -> AsyncIterator[Runtime]:
    """A board that nobody serves, behind a proxy."""
    yield make_runtime(Front(True, frozenset({"board.example"}), behind_proxy=True), None, UTC)


def request(
    run: Runtime, method: str, path: str, *headers: tuple[str, str], form: str = "", **cookies: str
) -> web.Request:
    app = web.Application()
    app[RUNTIME] = run
    given = CIMultiDict([*HOST.items(), *headers])
    if cookies:
        given["Cookie"] = "; ".join(f"{run.front.cookie(name)}={value}" for name, value in cookies.items())
    body = StreamReader(Mock(BaseProtocol), 2**16)
    body.feed_data(form.encode())
    body.feed_eof()
    return make_mocked_request(method, path, given, app=app, payload=body)


async def answered(asked: web.Request) -> web.StreamResponse:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="in")

    return await guard.guarded(asked, handler)


def log_in(run: Runtime) -> str:
    """The token of its cookie."""
    return run.sessions.begin(Viewer("an"), 0.0)


async def test_the_address_is_of_the_last_line_that_a_proxy_added(run: Runtime) -> None:
    """A proxy that adds a line leaves those that the client made up before it."""
    lines = [("X-Forwarded-For", each) for each in ("198.51.100.1", "10.0.0.1, 198.51.100.2", "192.0.2.7")]
    asked = request(run, "GET", "/login", *lines)
    await answered(asked)
    assert asking(asked).address == "192.0.2.7"


async def test_what_is_counted_of_a_name_is_bounded(run: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_gate: object, name: str, _password: str, *, known: bool) -> None:
        assert LONGEST < len(name) < 2 * LONGEST, "too long to be anybody"

    monkeypatch.setattr("broadcast.web.accounts.Gate.viewer", nobody)
    run.least_s = 0.0
    asked = request(run, "GET", "/login")
    await answered(asked)
    assert await login.who(asked, "x" * 10_000, "guess") is None
    assert all(len(part) < 2 * LONGEST for key in run.limiter._failures for part in key)
