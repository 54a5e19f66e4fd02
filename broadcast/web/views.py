"""The board's own pages: the page itself, its document, the live figures, its files."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from broadcast.languages import _
from broadcast.web import pages
from broadcast.web.guard import refused
from broadcast.web.runtime import asking, html, runtime
from broadcast.web.stream import MOST, MOST_EACH, Viewer

_KINDS: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


async def board(request: web.Request) -> web.Response:
    """GET /: the figures as they are now; where none can be had, that."""
    run, asked = runtime(request), asking(request)
    moment = await run.watching.moment()
    if moment.document is None:
        return refused(request, 503, sentence=_("The database does not answer: nothing can be shown yet."))
    now = asyncio.get_running_loop().time()
    shown = {**moment.document, "age_s": moment.age_s(now), "trouble": moment.trouble_at(now)}
    login = asked.login
    assert login is not None  # guarded
    notice, login.notice = login.notice, ""
    view = asked.seen(training=bool(moment.document["training"]))
    return html(pages.board_page(shown, view, moment.outlines, notice))


async def document(request: web.Request) -> web.Response:
    """GET /document.json: as plain figures, with their age."""
    moment = await runtime(request).watching.moment()
    if moment.document is None:
        return refused(request, 503, sentence=_("The database does not answer: nothing can be shown yet."))
    now = asyncio.get_running_loop().time()
    headers = {
        "X-Age-Seconds": f"{moment.age_s(now):.1f}", "X-Trouble": moment.trouble_at(now), "Vary": "Accept-Encoding",
    }  # fmt: skip
    body = moment.json
    if _takes_gzip(request):
        body, headers["Content-Encoding"] = await asyncio.to_thread(gzip.compress, body, 5), "gzip"
    return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)


async def events(request: web.Request) -> web.StreamResponse:
    """GET /events: server-sent events. Who watches is there: the login does not end by idling meanwhile."""
    run, login = runtime(request), asking(request).login
    assert login is not None  # guarded
    if len(run.hub) >= MOST or login.streams >= MOST_EACH:
        return refused(request, 503, retry_s=5)
    loop = asyncio.get_running_loop()

    def is_over() -> bool:
        if run.sessions.is_over(login, loop.time()):
            return True
        login.seen_at = loop.time()
        return False

    moment = await run.watching.moment()
    viewer = Viewer(asking(request).view.language, _takes_gzip(request), is_over)
    login.streams += 1
    try:
        return await run.hub.serve(request, viewer, moment)
    finally:
        login.streams -= 1


async def alive(request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"alive": True})


@dataclass(frozen=True, slots=True)
class Static:
    """One file, read once. tag: of its content."""

    body: bytes
    kind: str
    tag: str


class Statics:
    """The files beside the pages: their names are known, and no path leads anywhere else."""

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, Static] = {
            path.name: _static(path) for path in sorted(folder.iterdir()) if path.suffix in _KINDS
        }

    async def serve(self, request: web.Request) -> web.Response:
        """GET /static/NAME."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        headers = {"ETag": f'"{found.tag}"', "Cache-Control": "no-cache"}
        if found.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=found.body, content_type=found.kind, charset="utf-8", headers=headers)


def _static(path: Path) -> Static:
    body = path.read_bytes()
    return Static(body, _KINDS[path.suffix], hashlib.sha256(body).hexdigest()[:32])


def _takes_gzip(request: web.Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "").lower()
