"""A worker's ways to the database: a connection for each task, made anew when it was lost. No wait is endless."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import asyncpg

from broadcast.engine.told import TELL_S
from broadcast.errors import BroadcastError, DatabaseDownError, SchemaError, TooSlowError
from broadcast.monitor import events
from broadcast.monitor.loggable import Seconds, Sentence, Word
from broadcast.monitor.logger import logger
from broadcast.store import failures, plans, pool
from broadcast.store.failures import MENDABLE

log = logger(__name__)

AGAIN_S: Final = 0.5
FAILED_S: Final = 5.0
CONNECT_S: Final = 4.0
ANSWER_S: Final = 2.0  # to a question that waits for nobody's lock
WORK_S: Final = 6.0  # to what does more than look, and may wait for a lock
# Who hangs inside a transaction must not hold its locks for long, nor one whom the network has lost, nor one who gave
# up: its server goes on working, and holding them, until it looks.
_SESSION: Final = plans.LOOKS_UP + (
    "SET idle_in_transaction_session_timeout = '2s'; SET tcp_user_timeout = '5s'; "
    "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; "
    "SET client_connection_check_interval = '1s'"
)


@dataclass(slots=True)
class _Told:
    """What the log knows of a task's trouble. lost_at: since when there is no connection, None: there is; loss_told:
    the log has that. A task with two databases finds the one each time and loses the other: that is no news.
    """

    words: str = ""
    at: float = -math.inf
    lost_at: float | None = None
    loss_told: bool = False

    def anew(self, error: BaseException) -> bool:
        """Whether this is to be told: something else, or not for a while."""
        now, words = time.monotonic(), failures.retrying(error)
        known = self.words == words and now - self.at < TELL_S
        if failures.is_loss(error):
            self.lost_at = self.lost_at or now
            known = known or self.loss_told
            self.loss_told = self.loss_told or not known
        if not known:
            self.words, self.at = words, now
        return not known

    def back(self) -> float | None:
        """There is a connection again. Since when there was none, if that was told."""
        told_of = self.lost_at if self.loss_told else None
        self.lost_at, self.loss_told = None, False
        return told_of


def _over(error: BaseException, again_s: float = AGAIN_S) -> Callable[[], bool] | None:
    """Whether a trouble is past; None: when there is a connection again. again_s: until the next try."""
    if failures.is_loss(error):
        return None
    if isinstance(error, TooSlowError) and error.over is not None:
        return error.over
    until = time.monotonic() + 2 * again_s + (error.seconds if isinstance(error, TooSlowError) else 0.0)
    return lambda: time.monotonic() > until


class Connections:
    """Those of one worker to one database. slack: see `pool.connect`."""

    def __init__(self, url: str, slack: int = 0) -> None:
        self.url = url
        self._slack = slack
        self._open: set[asyncpg.Connection] = set()
        self._troubles: dict[
            str, tuple[str, Callable[[], bool] | None]
        ] = {}  # by task: words, whether it is over
        self._ended = False

    async def connect(self) -> asyncpg.Connection:
        """Raises one of MENDABLE, whatever is in the way, for it worked before; SchemaError after a migration."""
        try:
            # Before its tasks began, the worker has looked whether sessions are its own.
            connection = await pool.connect(
                self.url, check_session=False, slack=self._slack, timeout_s=CONNECT_S
            )
        except (SchemaError, TooSlowError):
            raise
        except BroadcastError as error:  # a certificate that is being renewed, say, is no wrong configuration
            raise DatabaseDownError(str(error)) from error
        try:
            with pool.within(connection, ANSWER_S):
                await connection.execute(_SESSION)
        except BaseException:  # also a cancellation: nobody else knows of it
            connection.terminate()
            raise
        return connection

    async def always(
        self, task: Callable[[asyncpg.Connection], Awaitable[None]], name: str = "", *, vital: bool = True
    ) -> None:
        """Run a task on a connection of its own, again when the database was away, or too slow, or full; until it
        returns, unless its connection ended meanwhile.

        The same is told once in TELL_S. Our own time limit is no outage: what is told is the time that it gets next.
        vital: the worker is not ready while it cannot.
        """
        name = name or task.__name__.strip("_")
        told = _Told()
        while True:
            connection = None
            try:
                connection = await self.connect()
                self._open.add(connection)
                if told.lost_at is not None:
                    self._back(name, told.back())
                await task(connection)
                if not connection.is_closed():
                    return
            except MENDABLE as error:
                if vital:
                    self._troubles[name] = (failures.retrying(error), _over(error))
                if told.anew(error) and not self._ended:
                    log(events.DATABASE_TROUBLE, task=Word(name), why=Sentence(told.words))
                await asyncio.sleep(AGAIN_S)
            except BroadcastError:  # the lease is lost, the schema is another
                raise
            except Exception as error:  # noqa: BLE001 - one task's trouble must not stop the sending (law 8)
                if vital:
                    self._troubles[name] = (failures.retrying(error), _over(error, FAILED_S))
                if told.anew(error):
                    log(events.TASK_FAILED, task=Word(name), why=Sentence(told.words))
                await asyncio.sleep(FAILED_S)
            finally:
                if connection is not None:
                    self._open.discard(connection)
                    connection.terminate()

    def _back(self, name: str, lost_at: float | None) -> None:
        if lost_at is not None:
            log(events.DATABASE_BACK, task=Word(name), after_s=Seconds(time.monotonic() - lost_at))
        self._troubles.pop(name, None)

    def trouble(self) -> str | None:
        """What keeps the vital tasks from their work, for `/readyz`; None: nothing does."""
        self._troubles = {name: each for name, each in self._troubles.items() if not (each[1] and each[1]())}
        tasks: dict[str, list[str]] = {}
        for name, (words, _) in self._troubles.items():
            tasks.setdefault(words, []).append(name)
        return "; ".join(f"{', '.join(names)}: {words}" for words, names in tasks.items()) or None

    def cut(self) -> None:
        """End the tasks' connections: nobody waits for an answer any more."""
        self._ended = True
        for connection in self._open:
            connection.terminate()
