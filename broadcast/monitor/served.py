"""A process that serves its metrics and health, and tells its service manager how it is, from its start to its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

from broadcast.monitor import events
from broadcast.monitor.health import Check, Exposed, HealthServer
from broadcast.monitor.loggable import Name, Word
from broadcast.monitor.logger import logger
from broadcast.monitor.notify import Notify

log = logger(__name__)

TAKES_PART: Final = ("lease", "database")


def _nothing() -> str:
    return ""


@asynccontextmanager
async def served(
    metrics: Exposed,
    checks: Mapping[str, Check],
    host: str,
    port: int,
    stop: asyncio.Event,
    *,
    takes_part: Collection[str] = TAKES_PART,
    words: Callable[[], str] = _nothing,
) -> AsyncIterator[int]:
    """As long as this is open; gives the port. stop: set when the process is told to end. Raises PortInUseError.

    takes_part, words: as `Notify.follow`.
    """
    health = HealthServer(metrics, checks)
    opened = await health.start(host, port)
    log(events.SERVING, url=Name(f"http://{host}:{opened}/metrics"))
    try:
        async with told(stop, health.readiness, takes_part, words):
            yield opened
    finally:
        await health.stop()


@asynccontextmanager
async def told(
    stop: asyncio.Event,
    readiness: Callable[[], Awaitable[Mapping[str, str]]],
    takes_part: Collection[str],
    words: Callable[[], str] = _nothing,
) -> AsyncIterator[None]:
    """As long as this is open the service manager hears how it is, if there is one; all as of `Notify.follow`."""
    notify = Notify.taken()
    tasks = [
        asyncio.create_task(notify.beat(), name="sign of life"),
        asyncio.create_task(notify.follow(readiness, takes_part, words, stop), name="status"),
    ]
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        notify.close()


def _ended(task: "asyncio.Task[None]") -> None:
    """Nobody else asks: that one failed must not end the sending."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log(events.STATUS_FAILED, task=Word(task.get_name()), error=error)
