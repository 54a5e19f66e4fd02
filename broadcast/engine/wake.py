"""What a round of a task waits for: to be woken, or for its time to come."""

import asyncio
import contextlib


class Wake:
    """That of one task. `set` from the running loop, as often as one likes."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """The next `wait`, or the one under way, ends at once."""
        self._event.set()

    async def wait(self, most_s: float) -> None:
        """Until it is set, at most so long; then it is no longer set."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._event.wait()
        self._event.clear()
