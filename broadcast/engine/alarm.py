"""A timer that many set and that rings once: at the earliest time that anybody asked for."""

import asyncio
import time
from collections.abc import Callable


class Alarm:
    """Calls `ring` from the running loop. Times are monotonic."""

    __slots__ = ("_at", "_handle", "_ring")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._at = 0.0

    def at(self, when: float) -> None:
        """Ring at `when`, at once if that is over, or earlier if it was to be earlier anyway."""
        if self._handle is not None:
            if self._at <= when:
                return
            self._handle.cancel()
        self._at = when
        delay_s = max(0.0, when - time.monotonic())
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._rung)

    def _rung(self) -> None:
        self._handle = None
        self._ring()
