"""What every page of one board works with, and what is known of one request."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

from aiohttp import web

from broadcast.config import Config
from broadcast.web.accounts import Gate
from broadcast.web.limits import Limiter
from broadcast.web.oidc import Provider
from broadcast.web.security import Front
from broadcast.web.sessions import Login, Sessions
from broadcast.web.stream import Hub
from broadcast.web.view import View
from broadcast.web.watching import Watching

SESSION: Final = "session"
FORM: Final = "form"
BROWSER: Final = "browser"
LOOK_S: Final = 365 * 86_400
AT_ONCE: Final = 4  # pages before an act, and acts, that are read or done side by side


@dataclass(slots=True)
class Runtime:
    """One board. zone: in which times are shown. key: seals what browsers keep, for as long as this process lives.
    least_s: a login that is refused takes so long, whatever was wrong with it. looks, acts: turns for pages before an
    act, which open connections of the board's, and for acts, which open the person's: who only looks keeps nobody from
    acting."""

    front: Front
    config: Config | None
    zone: tzinfo
    key: bytes
    sessions: Sessions
    watching: Watching
    hub: Hub
    limiter: Limiter = field(default_factory=Limiter)
    gate: Gate = field(default_factory=Gate)
    provider: Provider | None = None
    least_s: float = 1.0
    looks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    acts: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@dataclass(slots=True)
class Asking:
    """One request. login: None: nobody is logged in. address: of who asks. form: of a POST whose token was right.
    form_cookie: what the token of its forms is made of, where nobody is logged in."""

    view: View
    address: str
    token: str = ""
    login: Login | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    form_cookie: str = ""

    def seen(self, **changes: object) -> View:
        """The view with something else."""
        return replace(self.view, **changes)  # type: ignore[arg-type]


RUNTIME: Final = web.AppKey("runtime", Runtime)
ASKING: Final = web.RequestKey("asking", Asking)


def runtime(request: web.Request) -> Runtime:
    return request.app[RUNTIME]


def asking(request: web.Request) -> Asking:
    return request[ASKING]


def set_cookie(
    response: web.StreamResponse,
    front: Front,
    name: str,
    value: str,
    max_age: float | None,
    *,
    lax: bool = False,
) -> None:
    """For this host alone, not for scripts. max_age: seconds; None: as long as the browser runs. lax: it is sent when
    another site's page leads here, too."""
    response.set_cookie(
        front.cookie(name),
        value,
        max_age=None if max_age is None else round(max_age),
        path="/",
        secure=front.secure,
        httponly=True,
        samesite="Lax" if lax else "Strict",
    )


def drop_cookie(response: web.StreamResponse, front: Front, name: str, *, lax: bool = False) -> None:
    set_cookie(response, front, name, "", 0, lax=lax)


def leads_to(address: str) -> web.Response:
    """See other: by GET."""
    return web.Response(status=303, headers={"Location": address})


def html(text: str, status: int = 200, **headers: str) -> web.Response:
    """A page."""
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)
