"""A queue goes on when one thing in it fails: the rest is done one by one, and what fails alone is set aside.

When everything fails alike, it is nothing in the queue that is at fault: it all stays, and is tried again.
"""

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, TypeVar

import asyncpg

from broadcast.engine.told import Told
from broadcast.errors import FencedError
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Sentence, Word
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics
from broadcast.store.failures import MENDABLE, kind

log = logger(__name__)

T = TypeVar("T", bound=Hashable)
KNOWN_MOST: Final = 10_000  # of what failed and could not be marked
AGAIN_S: Final = 5.0  # until what could not be marked is tried again
# The schema's or the rights' fault: it would meet whatever comes next, a STOP too.
SYSTEMIC: Final = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
)


class Apart:
    """That of one queue. A failure is told once in a while, with the number of what failed, never its content."""

    def __init__(self, queue: str, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._told = Told()
        self._known: set[Hashable] = set()
        self._resting: dict[Hashable, float] = {}  # what failed and could not be marked: until when

    @property
    def resting(self) -> int:
        """How many that failed are left alone now: so many more `names` must give, for others to be among them."""
        return len(self._resting)

    async def run(
        self,
        all_at_once: Callable[[], Awaitable[int]],
        names: Callable[[], Awaitable[Sequence[T]]],
        one: Callable[[T], Awaitable[int]],
        set_aside: Callable[[T, str], Awaitable[None]] | None = None,
    ) -> int:
        """How many were done. names: of what `all_at_once` would take. set_aside(name, why): not to be met again;
        without it what failed is left alone for AGAIN_S, and the rest is done singly meanwhile.

        Each of these is a transaction of its own. Raises MENDABLE, FencedError, as they do; and what all of several
        fail with alike, or SYSTEMIC, when there is a `set_aside`: then nothing was.
        """
        now = self._clock()
        self._resting = {name: until for name, until in self._resting.items() if until > now}
        if not self._resting:
            try:
                return await all_at_once()
            except (*MENDABLE, FencedError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
                if self._told.anew(f"looking {kind(error)}", now):
                    log(events.QUEUE_SINGLY, queue=Word(self._queue), why=kind(error))
        singly = [name for name in await names() if name not in self._resting]
        if set_aside is None:
            return await self._leaving(singly, one)
        return await self._setting_aside(singly, one, set_aside)

    async def _leaving(self, names: Sequence[T], one: Callable[[T], Awaitable[int]]) -> int:
        done = 0
        for name in names:
            try:
                done += await one(name)
            except (*MENDABLE, FencedError):
                raise
            except Exception as error:  # noqa: BLE001 - as above
                if len(self._resting) < KNOWN_MOST:
                    self._resting[name] = self._clock() + AGAIN_S
                self._tell(name, f"could not be done and stays, {kind(error)}")
        return done

    async def _setting_aside(
        self,
        names: Sequence[T],
        one: Callable[[T], Awaitable[int]],
        set_aside: Callable[[T, str], Awaitable[None]],
    ) -> int:
        done, alike, systemic = 0, True, None
        failed: list[tuple[T, Exception]] = []  # and not set aside yet
        kinds: set[str] = set()
        for name in names:
            try:
                done += await one(name)
            except (*MENDABLE, FencedError):
                raise
            except SYSTEMIC as error:
                systemic = error
            except Exception as error:  # noqa: BLE001 - as above
                failed.append((name, error))
                kinds.add(kind(error))
            alike = alike and not done and len(kinds) < 2
            if not alike:
                await self._set_aside(failed, set_aside)
        if systemic is not None:
            raise systemic
        if len(failed) > 1:
            raise failed[-1][1]
        await self._set_aside(failed, set_aside)
        return done

    async def _set_aside(
        self, failed: list[tuple[T, Exception]], set_aside: Callable[[T, str], Awaitable[None]]
    ) -> None:
        while failed:
            name, error = failed[0]
            await set_aside(name, kind(error))
            del failed[0]
            self._tell(name, f"was set aside, {kind(error)}")

    def _tell(self, name: Hashable, what: str) -> None:
        """A name that is no number of ours may hold a person's."""
        if name not in self._known:
            if len(self._known) < KNOWN_MOST:
                self._known.add(name)
            self._metrics.set_aside.labels(self._queue).inc()
        if self._told.anew(what, self._clock()):
            number = Count(name) if isinstance(name, int) else None
            log(events.ROW_SET_ASIDE, queue=Word(self._queue), number=number, what=Sentence(what))


class Turns:
    """Queues that are looked after one after another: one that cannot go on holds up none after it."""

    def __init__(self) -> None:
        self._failed: list[Exception] = []

    async def tried(self, queue: Awaitable[int]) -> int:
        """What it gives; 0 where it failed. Raises what the next would fail with as well."""
        try:
            return await queue
        except (*MENDABLE, FencedError):
            raise
        except Exception as error:  # noqa: BLE001 - raised when all had their turn
            self._failed.append(error)
            return 0

    def over(self) -> None:
        """All had their turn. Raises the first failure."""
        if self._failed:
            raise self._failed[0]
