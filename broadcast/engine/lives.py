"""One life of a worker or a resolver after the other, in one process: lost leases, or a database that is away, end a
life and not the process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from broadcast.engine.connections import AGAIN_S
from broadcast.errors import DatabaseDownError, FencedError
from broadcast.monitor import events
from broadcast.monitor.logger import logger

log = logger(__name__)


class Life(Protocol):
    """From its beginning to its stop."""

    async def run(self) -> None:
        """Raises DatabaseDownError where it cannot begin, FencedError when its leases were given away."""

    def stop(self) -> None:
        """Its staged shutdown, after which `run` returns."""

    @property
    def begun(self) -> bool:
        """The database let it."""

    async def database(self) -> str | None:
        """None when it gets from the database what it needs; else why not."""

    def words(self) -> str:
        """How it stands, in a line."""


L = TypeVar("L", bound=Life)


class Lives(Generic[L]):
    """begin(): makes the next. wait: the first one too may find the database away; else that is an error."""

    def __init__(self, begin: Callable[[], L], *, wait: bool = False) -> None:
        self._begin = begin
        self._wait = wait
        self._away: str | None = None  # why the last one could not begin
        self.life = begin()

    async def run(self, stop: asyncio.Event) -> None:
        """Until the stop. Raises DatabaseDownError, see `wait`; others as a life does."""
        while not stop.is_set():
            passing_on = asyncio.create_task(self._pass_on(stop, self.life), name="stop")
            try:
                await self.life.run()
            except FencedError as error:
                log(events.WORKER_FENCED, why=error)
                self._wait, self._away, self.life = True, None, self._begin()
            except DatabaseDownError as error:
                if not self._wait:
                    raise
                self._tell(error)
                await _until(stop, AGAIN_S)
                self.life = self._begin()
            finally:
                passing_on.cancel()

    def of(self, condition: Callable[[L], Awaitable[str | None]]) -> Callable[[], Awaitable[str | None]]:
        """A condition of readiness, of the life that it is then."""

        async def asked() -> str | None:
            return await condition(self.life)

        return asked

    async def database(self) -> str | None:
        """As that of the life that it is then, and why none could begin."""
        return await self.life.database() if self.life.begun else self._away

    def words(self) -> str:
        """Of the life that it is then."""
        return self.life.words()

    def _tell(self, error: DatabaseDownError) -> None:
        """Once, not at each try."""
        if str(error) != self._away:
            log(events.WORKER_WAITS, why=error)
        self._away = str(error)

    async def _pass_on(self, stop: asyncio.Event, life: L) -> None:
        await stop.wait()
        life.stop()


async def _until(stop: asyncio.Event, most_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await stop.wait()
