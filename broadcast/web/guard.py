"""What stands before every page: by which name the board was asked for, who asks, and whether a form is one of ours.

Whatever goes wrong is a page in the asker's language, or a line of JSON where no page was asked for; never a traceback.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError
from typing import Final

import asyncpg
from aiohttp import web

from broadcast.errors import BroadcastError, DatabaseDownError, InputError, RefusedError
from broadcast.languages import N_, _, answering
from broadcast.monitor import board_events as events
from broadcast.monitor.logger import logger
from broadcast.store.failures import MENDABLE, explain, kind
from broadcast.web import pages
from broadcast.web.runtime import (
    ASKING,
    FORM,
    LOOK_S,
    RUNTIME,
    SESSION,
    Asking,
    Runtime,
    asking,
    html,
    leads_to,
    set_cookie,
)
from broadcast.web.security import NO_STORE, form_token
from broadcast.web.sessions import same
from broadcast.web.view import View, look

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_OCTETS: Final = 16_384
BODY_S: Final = 5.0
OPEN: Final = frozenset(
    {"/login", "/healthz", "/oidc/login", "/oidc/callback"}
)  # and /static: without a login
_PLAIN: Final = frozenset({"/document.json", "/events", "/healthz"})  # no page is asked for

_SAID: Final[Mapping[int, tuple[str, str]]] = {
    400: (N_("That was no request"), N_("Go back to the board and begin there.")),
    403: (N_("That is refused"), N_("The form was not one of this board's, or too old: go back and try again.")),
    404: (N_("There is no such page"), N_("Go back to the board and begin there.")),
    405: (N_("That cannot be done here"), N_("Go back to the board and begin there.")),
    408: (N_("That took too long"), N_("What was sent did not arrive in time: try again.")),
    413: (N_("That is too long"), N_("Nothing that this board asks for is so long.")),
    421: (N_("This is not that board"), N_("It is not known by this name: ask who runs it for its address.")),
    429: (N_("Too many tries"), N_("Wait a little, then try again.")),
    500: (N_("Something went wrong"), N_("It is in the board's log: tell who runs it.")),
    503: (N_("Not now"), N_("Too many are here at once: try again in a moment.")),
}  # fmt: skip

log = logger(__name__)


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer."""
    response.headers.update(request.app[RUNTIME].front.headers())
    response.headers.setdefault("Cache-Control", NO_STORE)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """All of it, in the asker's language."""
    run = request.app[RUNTIME]
    cookies = _cookies(request)
    found = look(request.query, cookies, request.headers.get("Accept-Language", ""))
    with answering(found.language):
        asked = _asking(run, request, cookies, View(
            language=found.language, theme=found.theme, wall=found.wall, zone=run.zone, path=request.path,
            training=bool(run.config and run.config.site.training),
        ))  # fmt: skip
        request[ASKING] = asked
        try:
            answer = await _answer(run, request, handler)
        except Exception as error:  # noqa: BLE001 - the one place where any failure becomes a page
            answer = _failed(request, error)
        for name, value in found.kept.items():
            if not answer.prepared:
                answer.set_cookie(
                    name, value, max_age=LOOK_S, path="/", secure=run.front.secure, samesite="Strict"
                )
        _keep_form_cookie(run, request, answer)
        return answer


async def _answer(run: Runtime, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raises HTTPException and whatever the handler does."""
    if not run.front.knows(request.headers.get("Host", "")):
        raise web.HTTPMisdirectedRequest
    if request.method == "POST":
        asking(request).form = await _form(run, request)
    asked = asking(request)
    if asked.login is None and (request.path == "/login" or not _is_open(request.path)):
        if request.path in _PLAIN:
            raise web.HTTPUnauthorized
        if request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            asked.form_cookie = ""  # it may have one, which it did not give
            return opens(request, _("To the board"))
        if request.path != "/login":
            raise web.HTTPSeeOther("/login")
    return await handler(request)


def _asking(run: Runtime, request: web.Request, cookies: Mapping[str, str], view: View) -> Asking:
    token = cookies.get(run.front.cookie(SESSION), "")
    loop = asyncio.get_running_loop()
    login = run.sessions.find(token, loop.time()) if token else None
    forwarded = ",".join(
        request.headers.getall("X-Forwarded-For", ())
    )  # some proxies add a line of their own
    address = run.front.address(request.remote or "", forwarded)
    asked = Asking(view, address, token, login)
    if login is not None:
        asked.view = asked.seen(user=login.viewer.name, csrf=login.csrf)
    else:
        cookie = cookies.get(run.front.cookie(FORM)) or secrets.token_urlsafe(24)
        asked.form_cookie = cookie
        asked.view = asked.seen(csrf=form_token(run.key, cookie))
    return asked


def _keep_form_cookie(run: Runtime, request: web.Request, answer: web.StreamResponse) -> None:
    """Where a page with a form may be shown to who is not logged in."""
    cookie = asking(request).form_cookie
    if cookie and not answer.prepared and request.path == "/login":
        set_cookie(answer, run.front, FORM, cookie, None)


async def _form(run: Runtime, request: web.Request) -> Mapping[str, str]:
    """What was posted. Raises HTTPForbidden where it is not from one of our pages, with its token."""
    said = request.headers
    if not run.front.comes_from_here(said.get("Host", ""), said.get("Origin"), said.get("Sec-Fetch-Site")):
        raise web.HTTPForbidden
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPForbidden
    try:
        async with asyncio.timeout(BODY_S):
            posted = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, UnicodeError):
        raise web.HTTPBadRequest from None
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    if not _is_ours(run, request, form.get("csrf", "")):
        raise web.HTTPForbidden
    return form


def _is_ours(run: Runtime, request: web.Request, token: str) -> bool:
    """Of a page of this login; or of one for logging in, that was open before somebody did so in another tab."""
    if same(token, asking(request).view.csrf):
        return True
    cookie = _cookies(request).get(run.front.cookie(FORM), "")
    return request.path == "/login" and bool(cookie) and same(token, form_token(run.key, cookie))


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith("/static/")


def _cookies(request: web.Request) -> Mapping[str, str]:
    try:
        return request.cookies
    except CookieError:
        return {}


def _failed(request: web.Request, error: Exception) -> web.StreamResponse:
    """A page, or JSON, of what went wrong."""
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            return leads_to(error.headers["Location"])
        return refused(request, error.status, allow=error.headers.get("Allow"))
    if isinstance(error, BroadcastError):
        return refused(request, _status(error), sentence=str(error))
    if isinstance(error, (*MENDABLE, asyncpg.InsufficientPrivilegeError)):
        told = explain(error)
        return refused(
            request, 403 if isinstance(error, asyncpg.InsufficientPrivilegeError) else 503, sentence=str(told)
        )
    log(events.BOARD_FAILED, kind=kind(error), error=error)
    return refused(request, 500)


def _status(error: BroadcastError) -> int:
    if isinstance(error, InputError):
        return 400
    if isinstance(error, RefusedError):
        return 403
    return 503 if isinstance(error, DatabaseDownError) else 500


def opens(request: web.Request, heading: str) -> web.Response:
    """A page that leads to the board, no redirection: a browser that comes from elsewhere gives a strict cookie to
    neither."""
    answer = html(pages.error_page(asking(request).view, 200, heading, _("The board opens by itself.")))
    answer.headers["Refresh"] = "0;url=/"
    return answer


def refused(
    request: web.Request, status: int, *, sentence: str = "", allow: str | None = None, retry_s: float = 0
) -> web.Response:
    """sentence: in place of the one that goes with the status."""
    heading, usual = _SAID.get(status, _SAID[400 if status < 500 else 500])
    more = {**({"Allow": allow} if allow else {}), **({"Retry-After": f"{retry_s:.0f}"} if retry_s else {})}
    if request.path in _PLAIN:
        body = json.dumps({"error": sentence or _(usual)}, ensure_ascii=False)
        return web.Response(text=body, status=status, content_type="application/json", headers=more)
    return html(
        pages.error_page(asking(request).view, status, _(heading), sentence or _(usual)), status, **more
    )
