"""The board as an application of aiohttp: its routes, and what runs beside them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import tzinfo
from importlib.resources import files
from pathlib import Path

from aiohttp import web

from broadcast.config import Config
from broadcast.web import acts, login, oidc, views
from broadcast.web.guard import BODY_OCTETS, guarded, headers
from broadcast.web.runtime import RUNTIME, Runtime
from broadcast.web.security import Front
from broadcast.web.sessions import Sessions
from broadcast.web.stream import Hub
from broadcast.web.view import View
from broadcast.web.watching import Watching

_STATIC = Path(str(files("broadcast.web") / "static"))


def make_runtime(front: Front, config: Config | None, zone: tzinfo) -> Runtime:
    """Within a running loop. Raises ConfigError: the secret of its provider cannot be read."""
    board = config.board if config else None
    hub = Hub(asyncio.get_running_loop().time, View(zone=zone))
    return Runtime(
        front=front,
        config=config,
        zone=zone,
        key=secrets.token_bytes(32),
        sessions=Sessions(60 * (board.idle_minutes if board else 30.0), 3600 * (board.hours if board else 12.0)),
        watching=Watching(config, lambda: hub.watched, hub.tell),
        hub=hub,
        provider=oidc.Provider(board.oidc) if board and board.oidc else None,
    )  # fmt: skip


def make_app(run: Runtime) -> web.Application:
    """Its reader runs as long as it does."""
    app = web.Application(middlewares=[guarded], client_max_size=BODY_OCTETS)
    app[RUNTIME] = run
    app.on_response_prepare.append(headers)
    app.cleanup_ctx.append(_reading)
    app.on_shutdown.append(_closing)
    statics = views.Statics(_STATIC)
    app.add_routes(
        [
            web.get("/", views.board),
            web.get("/document.json", views.document),
            web.get("/events", views.events),
            web.get("/healthz", views.alive),
            web.get("/static/{name}", statics.serve),
            web.get("/login", login.login_page),
            web.post("/login", login.log_in),
            web.post("/logout", login.log_out),
            web.get("/oidc/login", login.oidc_begin),
            web.get("/oidc/callback", login.oidc_back),
            web.get("/campaign/{id}/{act}", acts.confirm),
            web.post("/campaign/{id}/{act}", acts.act),
        ]
    )
    return app


async def _reading(app: web.Application) -> AsyncIterator[None]:
    """The one reader."""
    task = asyncio.create_task(app[RUNTIME].watching.run(), name="board reader")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _closing(app: web.Application) -> None:
    """Streams would last as long as their viewers do."""
    app[RUNTIME].hub.close()
