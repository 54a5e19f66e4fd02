"""The board's pages as a server sends them, of any document that a test has, with the real headers: no database."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from unit.web.documents import EVERY, NOON, shapes

from broadcast.web import pages
from broadcast.web.outlines import outlines
from broadcast.web.security import HEADERS
from broadcast.web.view import Asked, View, look

STATIC = files("broadcast.web") / "static"
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PAGES = (*EVERY, "old", "login", "confirm", "error")


class ShownBoard:
    """`document` is what / shows; `tell` sends whoever watches what has changed, as the hub does."""

    def __init__(self) -> None:
        self.document: Mapping[str, Any] = EVERY["running"]()
        self.outlines = outlines(shapes())
        self.watching: list[asyncio.Queue[str]] = []
        self.refuses = False  # streams, and nothing else
        self.pages = 0  # that were asked for at /
        self._told: dict[str, str] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(_headers)
        app.add_routes(
            [
                web.get("/", self.board),
                web.get("/page/{name}", self.page),
                web.get("/events", self.events),
                web.get("/static/{name}", _static),
            ]
        )
        return app

    def view(self, request: web.Request) -> View:
        found = look(request.query, request.cookies)
        return View(
            found.language,
            found.theme,
            found.wall,
            ZoneInfo("Asia/Ho_Chi_Minh"),
            "binh",
            "t0ken",
            request.path,
        )

    async def board(self, request: web.Request) -> web.Response:
        self.pages += 1
        return _html(pages.board_page(self.document, self.view(request), self.outlines))

    async def page(self, request: web.Request) -> web.Response:
        name, view = request.match_info["name"], self.view(request)
        if name in EVERY:
            return _html(pages.board_page(EVERY[name](), view, self.outlines, "lu-song-hong is paused."))
        if name == "old":
            return _html(pages.board_page({**EVERY["sick"](), "age_s": 70.0, "trouble": "database"}, view))
        nobody = View(view.language, view.theme, path=request.path, csrf="t0ken")
        if name == "login":
            return _html(pages.login_page(nobody, "The name or the password is wrong.", "an", "/oidc/login"))
        if name == "error":
            return _html(pages.error_page(nobody, 404, "No such page", "Go back to the board."))
        return _html(pages.confirm_page(view, asked()))

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            raise web.HTTPBadRequest
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue = asyncio.Queue[str]()
        self.watching.append(queue)
        try:
            while event := await queue.get():
                await response.write(event.encode())
        except ConnectionError:
            pass  # it went away
        finally:
            self.watching.remove(queue)
        return response

    def tell(self, document: Mapping[str, Any], language: str = "en", **more: Any) -> None:
        """What is other than what was told before; more: of the frame, trouble say."""
        view = View(language, zone=ZoneInfo("Asia/Ho_Chi_Minh"))
        made = pages.parts(document, view, self.outlines)
        changed = {name: text for name, text in made.items() if self._told.get(name) != text}
        self.document, self._told = document, made
        self.send("parts", {"at": document["at"], "age_s": 0.2, "parts": changed, **more})

    def send(self, event: str, said: Mapping[str, Any]) -> None:
        for queue in self.watching:
            queue.put_nowait(f"event: {event}\ndata: {json.dumps(said)}\n\n")


def asked() -> Asked:
    """Everything that a confirmation may have."""
    return Asked(
        title="Approve bao-so-5?",
        what="You say that exactly this goes to exactly these people.",
        button="Approve",
        action="/campaign/11/approve",
        marks=("EXERCISE",),
        text="Lũ lên nhanh trên sông Hồng.\nDi chuyển đến nơi cao.",
        hidden=("U+202E RIGHT-TO-LEFT OVERRIDE (1)",),
        hearers=("heard by: 2 areas",),
        heads=("area", "code", "on the list"),
        rows=(("Hà Nội", "01", 8_000_000), ("Tỉnh Hưng Yên", "33", 3_000_000)),
        facts={"name": "bao-so-5", "content code": "3fa9-07c2", "expires": NOON},
        lines=("approved by an at 12:00",),
        asks_code=True,
        asks_name=True,
        asks_password=True,
        refused="This is not what stands above: look at it again.",
    )


@asynccontextmanager
async def showing() -> AsyncIterator[tuple[ShownBoard, str]]:
    """On a free port; its address."""
    board = ShownBoard()
    runner = web.AppRunner(board.app(), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield board, f"http://localhost:{runner.addresses[0][1]}"
    finally:
        for queue in board.watching:
            queue.put_nowait("")
        await runner.cleanup()


def _html(page: str) -> web.Response:
    return web.Response(text=page, content_type="text/html")


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    return web.Response(text=(STATIC / name).read_text("utf-8"), content_type=KINDS[name.rpartition(".")[2]])


async def _headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
