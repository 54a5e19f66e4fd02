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

from aiohttp import web

from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Count
from broadcast.monitor.logger import logger
from broadcast.web import pages
from broadcast.web.view import View
from broadcast.web.watching import Moment

MOST: Final = 1_000  # streams
MOST_EACH: Final = 20  # of one login
BEHIND: Final = 5  # frames that wait for one viewer; more, and it is dropped
RETRY_MS: Final = 2_000
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
OVER: Final = b"event: over\ndata: {}\n\n"

log = logger(__name__)


@dataclass(slots=True, eq=False)
class Viewer:
    """One stream. frames: to be written, in order; None: it ends. zipped: it takes gzip. is_over: its login ended."""

    language: str
    zipped: bool
    is_over: Callable[[], bool]
    frames: "asyncio.Queue[bytes | None]" = field(default_factory=lambda: asyncio.Queue(BEHIND))
    dropped: bool = False
    writing: "asyncio.Task[None] | None" = None

    def drop(self) -> None:
        """It does not take what is sent: nothing more is."""
        self.dropped = True
        if self.writing is not None:
            self.writing.cancel()


@dataclass(frozen=True, slots=True)
class _Frame:
    """One moment in one language, as it is and compressed: what changed, and everything."""

    changed: tuple[bytes, bytes]
    whole: tuple[bytes, bytes]


@dataclass(slots=True)
class _Spoken:
    """What was said last in one language."""

    parts: Mapping[str, str] = field(default_factory=dict)
    number: int = -1
    frame: _Frame | None = None


class Hub:
    """Of one board. clock: seconds, as of Moment.read_at. view: in which figures are rendered, but for its language."""

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
            frame = self._frame(language, moment)
            for viewer in [each for each in self._viewers if each.language == language]:
                self._put(viewer, frame.changed)

    def _put(self, viewer: Viewer, frame: tuple[bytes, bytes]) -> None:
        if viewer.is_over():
            frame, last = (OVER, _block(OVER)), True
        else:
            last = False
        try:
            viewer.frames.put_nowait(frame[viewer.zipped])
            if last:
                viewer.frames.put_nowait(None)
        except asyncio.QueueFull:
            viewer.drop()

    def _frame(self, language: str, moment: Moment) -> _Frame:
        """Rendered once for each moment, whoever asks."""
        spoken = self._spoken.setdefault(language, _Spoken())
        if spoken.frame is None or spoken.number != moment.number:
            view = View(language=language, zone=self._view.zone, training=self._view.training)
            age_s = max(0.0, self._clock() - moment.read_at) if moment.document is not None else 0.0
            parts = spoken.parts
            if moment.document is not None and (not moment.trouble or not parts):
                parts = pages.parts(moment.document, view, moment.outlines)
            changed = {name: text for name, text in parts.items() if spoken.parts.get(name) != text}
            said: dict[str, Any] = {"at": (moment.document or {}).get("at"), "age_s": round(age_s, 1)}
            if moment.trouble:
                said["trouble"] = moment.trouble
            pair = [_event(moment.number, {**said, "parts": each}) for each in (changed, parts)]
            frame = _Frame(*((each, _block(each)) for each in pair))
            spoken.parts, spoken.number, spoken.frame = parts, moment.number, frame
        return spoken.frame

    async def serve(self, request: web.Request, viewer: Viewer, moment: Moment) -> web.StreamResponse:
        """Until one of both ends it. moment: with which it begins. What a browser says that it heard last is not asked
        for: it begins with everything."""
        response = web.StreamResponse(headers=_headers(viewer.zipped))
        viewer.writing = asyncio.current_task()
        first = self._frame(viewer.language, moment).whole[viewer.zipped]
        greeting = f"retry: {RETRY_MS}\n\n".encode()
        self._viewers.add(viewer)
        try:
            await response.prepare(request)
            await response.write(_GZIP_HEAD + _block(greeting) if viewer.zipped else greeting)
            await response.write(first)
            while (frame := await viewer.frames.get()) is not None:
                await response.write(frame)
        except ConnectionError:
            return response  # it went away
        except asyncio.CancelledError:
            if not viewer.dropped:
                raise
            log(events.BOARD_VIEWER_DROPPED, frames=Count(BEHIND))
            if viewer.writing is not None:
                viewer.writing.uncancel()
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._viewers.discard(viewer)
        return response

    def close(self) -> None:
        """Everybody's stream ends, with what waits for it."""
        for viewer in list(self._viewers):
            try:
                viewer.frames.put_nowait(None)
            except asyncio.QueueFull:
                viewer.drop()


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


def _block(octets: bytes) -> bytes:
    """Of a raw deflate stream: it looks at nothing before it, and ends at an octet."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(octets) + packer.flush(zlib.Z_FULL_FLUSH)
