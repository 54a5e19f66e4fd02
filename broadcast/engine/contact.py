"""A worker's ways to the database: a connection for each task, made anew when it was lost. No wait is endless."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from broadcast.errors import DatabaseDownError, DatabaseError, SchemaError
from broadcast.ledger.writer import LOST
from broadcast.store import plans, pool

log = logging.getLogger(__name__)

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


class Contact:
    """Those of one worker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: set[asyncpg.Connection] = set()

    async def connect(self) -> asyncpg.Connection:
        """Raises one of LOST, whatever is in the way, for it worked before; SchemaError after a migration."""
        try:
            connection = await pool.connect(self._url, timeout_s=CONNECT_S)
        except SchemaError:
            raise
        except DatabaseError as error:
            raise DatabaseDownError(str(error)) from error
        try:
            with pool.within(connection, ANSWER_S):
                await connection.execute(_SESSION)
        except BaseException:  # also a cancellation: nobody else knows of it
            connection.terminate()
            raise
        return connection

    async def always(self, task: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        """Run a task on a connection of its own, again when the database was away. An outage is told once a task."""
        name, lost_at = task.__name__.strip("_"), None
        while True:
            connection = None
            try:
                connection = await self.connect()
                self._open.add(connection)
                if lost_at is not None:
                    log.info("%s: the database is back after %.1f s", name, time.monotonic() - lost_at)
                    lost_at = None
                await task(connection)
            except LOST as error:
                if lost_at is None:
                    log.warning("%s: database lost (%s), trying again", name, type(error).__name__)
                    lost_at = time.monotonic()
                await asyncio.sleep(AGAIN_S)
            except asyncpg.PostgresError as error:  # one task's trouble must not stop the sending (law 8)
                log.error("%s: %s %s, trying again", name, type(error).__name__, error.sqlstate)
                await asyncio.sleep(FAILED_S)
            finally:
                if connection is not None:
                    self._open.discard(connection)
                    connection.terminate()

    def cut(self) -> None:
        """End the tasks' connections: nobody waits for an answer any more."""
        for connection in self._open:
            connection.terminate()
