"""A queue goes on when one thing in it fails: the rest is done one by one, and what fails alone is set aside."""

import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, TypeVar

from broadcast.errors import FencedError
from broadcast.ledger.writer import LOST
from broadcast.monitor.metrics import Metrics
from broadcast.store.failures import kind

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Hashable)
KNOWN_MOST: Final = 10_000  # of what failed and could not be marked


class Apart:
    """That of one queue. What failed is told once, by its number and the kind of the failure; never its content."""

    def __init__(self, queue: str, metrics: Metrics) -> None:
        self._queue = queue
        self._metrics = metrics
        self._known: set[Hashable] = set()

    async def run(
        self,
        all_at_once: Callable[[], Awaitable[int]],
        names: Callable[[], Awaitable[Sequence[T]]],
        one: Callable[[T], Awaitable[int]],
        set_aside: Callable[[T, str], Awaitable[None]] | None = None,
    ) -> int:
        """How many were done. names: of what `all_at_once` would take. set_aside(name, why): not to be met again.

        Each of these is a transaction of its own. Raises LOST, FencedError, as they do.
        """
        try:
            return await all_at_once()
        except (*LOST, FencedError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            log.warning("%s: %s, looking for what fails", self._queue, kind(error))
        done = 0
        for name in await names():
            try:
                done += await one(name)
            except (*LOST, FencedError):
                raise
            except Exception as error:  # noqa: BLE001 - as above
                if set_aside is not None:
                    await set_aside(name, kind(error))
                self._tell(name, kind(error))
        return done

    def _tell(self, name: Hashable, reason: str) -> None:
        if name in self._known:
            return
        if len(self._known) < KNOWN_MOST:
            self._known.add(name)
        self._metrics.set_aside.labels(self._queue).inc()
        log.error("%s: one was set aside, %s", self._queue, reason)
