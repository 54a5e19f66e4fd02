"""Logging in to the board and out: by an account of the database, or, to look only, by the site's own provider."""

import asyncio
import secrets
from typing import Final

from aiohttp import web

from broadcast.languages import _
from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import logger
from broadcast.web import oidc, pages
from broadcast.web.accounts import LONGEST
from broadcast.web.guard import opens, refused
from broadcast.web.limits import network_of
from broadcast.web.runtime import (
    BROWSER,
    SESSION,
    Runtime,
    asking,
    drop_cookie,
    html,
    leads_to,
    runtime,
    set_cookie,
)
from broadcast.web.security import is_known, known_mark
from broadcast.web.sessions import Viewer

_KNOWN_S: Final = 90 * 86_400

log = logger(__name__)


async def login_page(request: web.Request) -> web.Response:
    """GET /login."""
    if asking(request).login is not None:
        return leads_to("/")
    return _page(request, 200)


async def log_in(request: web.Request) -> web.StreamResponse:
    """POST /login: name, password."""
    run, asked = runtime(request), asking(request)
    name = asked.form.get("name", "").strip()
    viewer = await who(request, name, asked.form.get("password", ""))
    if isinstance(viewer, web.Response):
        return viewer
    if viewer is None:
        return _page(request, 403, refused=wrong(), name=name)
    log(events.BOARD_LOGGED_IN, by=Name(viewer.name))
    answer = leads_to("/")
    begin(run, request, answer, viewer)
    mark = known_mark(run.key, viewer.name, secrets.token_urlsafe(12))
    set_cookie(answer, run.front, BROWSER, mark, _KNOWN_S)
    return answer


async def log_out(request: web.Request) -> web.StreamResponse:
    """POST /logout."""
    run, asked = runtime(request), asking(request)
    run.sessions.end(asked.token)
    answer = leads_to("/login")
    drop_cookie(answer, run.front, SESSION)
    return answer


async def who(request: web.Request, name: str, password: str) -> Viewer | web.Response | None:
    """Of the database, or None: not let in, and nobody is told why. A response: not tried at all. Every password
    that is typed is counted, here and before an act; a refusal takes as long as another."""
    run, asked = runtime(request), asking(request)
    loop = asyncio.get_running_loop()
    name = name[: LONGEST + 1]  # nobody is called so: it is counted, and refused
    mark = request.cookies.get(run.front.cookie(BROWSER), "")
    known = mark if is_known(run.key, name, mark) else ""
    wait_s = run.limiter.wait_s(loop.time(), asked.address, name, known)
    if wait_s > 0:
        return refused(request, 429, retry_s=wait_s + 1)
    began = loop.time()
    run.limiter.failed(began, asked.address, name, known)
    try:
        found = await run.gate.viewer(name, password, known=bool(known))
    except TimeoutError:
        run.limiter.passed(asked.address, name, known)
        return refused(request, 503, retry_s=2)
    except Exception:
        run.limiter.passed(asked.address, name, known)  # it was the database's fault
        raise
    if found is None:
        log(events.BOARD_LOGIN_REFUSED, network=Name(network_of(asked.address)))
        await asyncio.sleep(max(0.0, began + run.least_s - loop.time()))
        return None
    run.limiter.passed(asked.address, name, known)
    return found


def begin(run: Runtime, request: web.Request, answer: web.StreamResponse, viewer: Viewer) -> None:
    """A session of this viewer's, with a new token; the one before ends."""
    run.sessions.end(asking(request).token)
    token = run.sessions.begin(viewer, asyncio.get_running_loop().time())
    hours = run.config.board.hours if run.config else 12.0
    set_cookie(answer, run.front, SESSION, token, hours * 3600)


def wrong() -> str:
    """The one answer to a name and a password that do not fit."""
    return _("Name and password do not fit, or this account may not use the board.")


def _page(request: web.Request, status: int, *, refused: str = "", name: str = "") -> web.Response:
    offered = "/oidc/login" if runtime(request).provider is not None else ""
    return html(pages.login_page(asking(request).view, refused, name, offered), status)


async def oidc_begin(request: web.Request) -> web.StreamResponse:
    """GET /oidc/login: to the provider."""
    run = runtime(request)
    if run.provider is None:
        raise web.HTTPNotFound
    redirect = f"{run.front.scheme}://{request.headers['Host']}/oidc/callback"
    address, state = await run.provider.begin(redirect, asyncio.get_running_loop().time())
    answer = leads_to(address)
    set_cookie(answer, run.front, oidc.COOKIE, state, oidc.PENDING_S, lax=True)
    return answer


async def oidc_back(request: web.Request) -> web.StreamResponse:
    """GET /oidc/callback: from the provider."""
    run = runtime(request)
    if run.provider is None:
        raise web.HTTPNotFound
    kept = request.cookies.get(run.front.cookie(oidc.COOKIE), "")
    viewer = await run.provider.back(request.query, kept, asyncio.get_running_loop().time())
    log(events.BOARD_PROVIDER_LOGGED_IN)
    answer = opens(request, _("You are logged in"))
    begin(run, request, answer, viewer)
    drop_cookie(answer, run.front, oidc.COOKIE, lax=True)
    return answer
