"""An event loop on a thread of its own, for what must not wait until the main loop has worked off a burst.

Between two turns of the main loop lie 20 ms when receipts pour in; a group is packed, sent and answered meanwhile. The
interpreter's lock is no hindrance: what takes time here is the database and the socket.
"""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from broadcast.monitor import events
from broadcast.monitor.loggable import Word
from broadcast.monitor.logger import logger

log = logger(__name__)

T = TypeVar("T")
END_S = 2.0


class SideLoop:
    """Runs coroutines one after the other or side by side while it is entered."""

    def __init__(self, name: str) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        self._thread.join(END_S)
        if self._thread.is_alive():
            log(events.HANGING_THREAD, thread=Word(self._thread.name))

    def _live(self) -> None:
        """uvloop may wait for ever for a connection that was being opened: here that keeps nobody."""
        self._loop.run_forever()
        self._loop.close()

    async def _end(self) -> None:
        """Whatever is left gives up: nobody waits for it any more."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=END_S / 2)
        self._loop.stop()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns or raises; cancelled, `work` is cancelled too."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
