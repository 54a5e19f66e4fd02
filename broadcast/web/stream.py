"""Live figures for everybody who watches: rendered once a language, compressed once, and written to each.

A frame is what changed since the last one. Each is a block of its own of a gzip stream (flushed whole, so that it needs
nothing that was sent before): who comes later gets a first block with everything. Who does not take what is sent is
dropped, and comes back by itself.
"""

import asyncio
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import HttpVersion11, web

from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Count
from broadcast.monitor.logger import logger
from broadcast.web import pages
from broadcast.web.view import View
from broadcast.web.watching import EVERY_S, Moment

MOST: Final = 1_000  # streams
MOST_EACH: Final = 20  # of one login
BEHIND: Final = 5  # frames that wait for one viewer; more, and it is dropped
RETRY_MS: Final = 2_000
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
OVER: Final = b"event: over\ndata: {}\n\n"

log = logger(__name__)


@dataclass(slots=True, eq=False)
class Viewer:
    """One stream. zipped: it takes gzip. is_over: its login ended. behind: frames in a row before which something still
    waited to be sent. ended: set by who wants it to end."""

    language: str
    zipped: bool
    is_over: Callable[[], bool]
    transport: asyncio.Transport | None = None
    behind: int = 0
    dropped: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


Frame = tuple[bytes, bytes]
"""As it is and compressed, each a chunk (RFC 9112 §7.1)."""


_NOTHING: Final = Moment(number=-1)


@dataclass(slots=True)
class _Spoken:
    """What was said last in one language. whole: all parts, made at whole_at, once somebody wanted it."""

    moment: Moment = _NOTHING
    parts: Mapping[str, str] = field(default_factory=dict)
    changed: Frame = (b"", b"")
    whole: Frame | None = None
    whole_at: float = 0.0


class Hub:
    """Of one board. clock: seconds, as of Moment.read_at. view: in which figures are rendered, but for its language.

    A frame goes straight to the transports of all who watch: no task is woken for it, and nobody waits for anybody.
    """

    def __init__(self, clock: Callable[[], float], view: View) -> None:
        self._clock, self._view = clock, view
        self._viewers: set[Viewer] = set()
        self._spoken: dict[str, _Spoken] = {}

    @property
    def watched(self) -> bool:
        return bool(self._viewers)

    def __len__(self) -> int:
        return len(self._viewers)

    def tell(self, moment: Moment) -> None:
        """Everybody: never waits."""
        for language in {each.language for each in self._viewers}:
            frame = self._say(language, moment).changed
            for viewer in [each for each in self._viewers if each.language == language]:
                self._put(viewer, frame)

    def _put(self, viewer: Viewer, frame: Frame) -> None:
        transport = viewer.transport
        if transport is None or transport.is_closing():
            viewer.ended.set()
            return
        if viewer.is_over():
            transport.write(_frame(OVER)[viewer.zipped])
            viewer.ended.set()
            return
        viewer.behind = viewer.behind + 1 if transport.get_write_buffer_size() else 0
        if viewer.behind > BEHIND:
            log(events.BOARD_VIEWER_DROPPED, frames=Count(BEHIND))
            viewer.dropped = True
            viewer.ended.set()
            transport.abort()
            return
        transport.write(frame[viewer.zipped])

    def _say(self, language: str, moment: Moment) -> _Spoken:
        """Rendered once for each moment, whoever asks; an older one is not said any more."""
        spoken = self._spoken.setdefault(language, _Spoken())
        before = spoken.moment
        if before.number < moment.number or before.number < 0:
            view = View(language=language, zone=self._view.zone, training=self._view.training)
            parts = spoken.parts
            new = not moment.trouble or not parts or before.read_at != moment.read_at
            if moment.document is not None and new:
                parts = pages.parts(moment.document, view, moment.outlines)
            changed = {name: text for name, text in parts.items() if spoken.parts.get(name) != text}
            spoken = self._spoken[language] = _Spoken(moment, parts, self._framed(moment, changed))
        return spoken

    def _whole(self, language: str, moment: Moment) -> Frame:
        """All parts as they are now; what is said of their age is no older than a moment should be."""
        spoken, now = self._say(language, moment), self._clock()
        if spoken.whole is None or now - spoken.whole_at >= EVERY_S:
            spoken.whole, spoken.whole_at = self._framed(spoken.moment, spoken.parts), now
        return spoken.whole

    def _framed(self, moment: Moment, parts: Mapping[str, str]) -> Frame:
        now = self._clock()
        said: dict[str, Any] = {
            "at": (moment.document or {}).get("at"), "age_s": round(moment.age_s(now), 1)
        }  # fmt: skip
        if trouble := moment.trouble_at(now):
            said["trouble"] = trouble
        return _frame(_event(moment.number, {**said, "parts": parts}))

    async def serve(self, request: web.Request, viewer: Viewer, moment: Moment) -> web.StreamResponse:
        """Until one of both ends it. moment: with which it begins, or a later one. What a browser says that it heard
        last is not asked for: it begins with everything. Raises HTTPBadRequest for a client that knows no chunks."""
        if request.version < HttpVersion11:
            raise web.HTTPBadRequest
        response = web.StreamResponse(headers=_headers(viewer.zipped))
        greeting = f"retry: {RETRY_MS}\n\n".encode()
        try:
            await response.prepare(request)
            await response.write(_GZIP_HEAD + _block(greeting) if viewer.zipped else greeting)
            viewer.transport = request.transport
            self._viewers.add(viewer)
            self._put(viewer, self._whole(viewer.language, moment))
            await viewer.ended.wait()
        except ConnectionError:
            return response  # it went away
        finally:
            self._viewers.discard(viewer)
        return response

    def close(self) -> None:
        """Everybody's stream ends, after what was said."""
        for viewer in self._viewers:
            viewer.ended.set()


def _headers(zipped: bool) -> dict[str, str]:
    said = {
        "Content-Type": "text/event-stream; charset=utf-8",
        "X-Accel-Buffering": "no",
        "Vary": "Accept-Encoding",
    }
    return {**said, "Content-Encoding": "gzip"} if zipped else said


def _event(number: int, said: Mapping[str, Any]) -> bytes:
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: parts\ndata: {text}\n\n".encode()


def _frame(octets: bytes) -> Frame:
    """What a viewer is sent, whichever way it takes it."""
    return _chunk(octets), _chunk(_block(octets))


def _chunk(octets: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(octets), octets)


def _block(octets: bytes) -> bytes:
    """Of a raw deflate stream: it looks at nothing before it, and ends at an octet."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(octets) + packer.flush(zlib.Z_FULL_FLUSH)
