"""What stands before every page, of requests that nobody sent: whose they are, and which forms are ours."""

import asyncio
from typing import Final

import pytest
from aiohttp import web
from unit.web.requests import request, run

from broadcast.web import guard, login
from broadcast.web.accounts import LONGEST
from broadcast.web.runtime import Runtime, asking
from broadcast.web.security import form_token
from broadcast.web.sessions import Viewer

__all__ = ["run"]

OURS: Final = {"Origin": "https://board.example", "Content-Type": "application/x-www-form-urlencoded"}


async def answered(asked: web.Request) -> web.StreamResponse:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="in")

    return await guard.guarded(asked, handler)


def log_in(run: Runtime) -> str:
    """The token of its cookie."""
    return run.sessions.begin(Viewer("an"), asyncio.get_running_loop().time())


async def test_the_address_is_of_the_last_line_that_a_proxy_added(run: Runtime) -> None:
    """A proxy that adds a line leaves those that the client made up before it."""
    lines = [("X-Forwarded-For", each) for each in ("198.51.100.1", "10.0.0.1, 198.51.100.2", "192.0.2.7")]
    asked = request(run, "GET", "/login", *lines)
    await answered(asked)
    assert asking(asked).address == "192.0.2.7"


@pytest.mark.parametrize("logged_in", [False, True])
async def test_a_form_for_logging_in_holds_in_a_second_tab(run: Runtime, logged_in: bool) -> None:
    """Whoever logged in by the first has a login by then, whose forms have a token of their own."""
    form = f"csrf={form_token(run.key, 'kept')}&name=an&password=right"
    cookies = {"form": "kept", **({"session": log_in(run)} if logged_in else {})}
    asked = request(run, "POST", "/login", *OURS.items(), body=form, **cookies)
    answer = await answered(asked)
    assert answer.status == 200 and asking(asked).form["name"] == "an"
    assert (asking(asked).login is not None) == logged_in


@pytest.mark.parametrize("path", ["/logout", "/campaign/1/cancel"])
async def test_it_is_for_logging_in_alone(run: Runtime, path: str) -> None:
    form = f"csrf={form_token(run.key, 'kept')}"
    asked = request(run, "POST", path, *OURS.items(), body=form, form="kept", session=log_in(run))
    assert (await answered(asked)).status == 403


@pytest.mark.parametrize("csrf", [form_token(b"another board's", "kept"), "", form_token(b"", "")])
async def test_no_other_token_is_heard(run: Runtime, csrf: str) -> None:
    for cookies in ({"form": "kept"}, {"form": ""}, {}):
        asked = request(
            run, "POST", "/login", *OURS.items(), body=f"csrf={csrf}", session=log_in(run), **cookies
        )
        assert (await answered(asked)).status == 403


@pytest.mark.parametrize("path", ["/", "/campaign/1/approve", "/login", "/nowhere"])
async def test_who_comes_by_a_link_from_elsewhere_is_asked_for_the_cookie_once_more(
    run: Runtime, path: str
) -> None:
    """A browser gave it none: neither are they logged out, nor is a form that another tab has made void."""
    answer = await answered(request(run, "GET", path, ("Sec-Fetch-Site", "cross-site")))
    assert (answer.status, answer.headers["Refresh"]) == (200, "0;url=/")
    assert not answer.cookies
    again = await answered(request(run, "GET", "/", ("Sec-Fetch-Site", "same-origin"), session=log_in(run)))
    assert "Refresh" not in again.headers and again.status == 200
    nobody = await answered(request(run, "GET", "/", ("Sec-Fetch-Site", "same-origin")))
    assert (nobody.status, nobody.headers["Location"]) == (303, "/login")


async def test_figures_are_refused_wherever_they_are_asked_from(run: Runtime) -> None:
    for path in ("/document.json", "/events"):
        assert (await answered(request(run, "GET", path, ("Sec-Fetch-Site", "cross-site")))).status == 401


async def test_what_is_counted_of_a_name_is_bounded(run: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_gate: object, name: str, _password: str, *, known: bool) -> None:
        assert LONGEST < len(name) < 2 * LONGEST, "too long to be anybody"

    monkeypatch.setattr("broadcast.web.accounts.Gate.viewer", nobody)
    run.least_s = 0.0
    asked = request(run, "GET", "/login")
    await answered(asked)
    assert await login.who(asked, "x" * 10_000, "guess") is None
    assert all(len(part) < 2 * LONGEST for key in run.limiter._failures for part in key)
