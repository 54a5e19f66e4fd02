"""The resolver of workers that nobody supervises: one of them runs it as a child process.

Which one, a lock of its session says. The child ends with its parent, however that ends (`parent.die_with`), and when
the session is lost: another worker has the lock then.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final

import asyncpg

from broadcast.engine.connections import ANSWER_S
from broadcast.engine.restarts import History, ended, in_words
from broadcast.engine.watched import Watched, end_if_hanging
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Seconds, Sentence
from broadcast.monitor.logger import logger
from broadcast.store import pool
from broadcast.store.queries import sql

log = logger(__name__)

LOOK_S: Final = 1.0
STOP_S: Final = 6.0
LONGEST_WAIT_S: Final = 15.0


class Offspring:
    """command: starts a resolver, without the process that it ends with."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._history = History()
        self._watched = Watched()

    async def keep(self, connection: asyncpg.Connection) -> None:
        """Run it while this session has the lock; until cancelled."""
        while True:
            with pool.within(connection, ANSWER_S):
                mine = await connection.fetchval(sql("resolver_child"))
            if mine:
                break
            await asyncio.sleep(LOOK_S)
        while True:
            started = time.monotonic()
            code = await self._live(connection)
            self._history, wait_s = ended(self._history, code, time.monotonic() - started)
            wait_s = LONGEST_WAIT_S if wait_s is None else wait_s
            log(events.RESOLVER_DIED, how=Sentence(in_words(code)), again_s=Seconds(wait_s))
            await asyncio.sleep(wait_s)

    async def _live(self, connection: asyncpg.Connection) -> int:
        """Its exit code. Whatever else ends this ends the child first."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env=self._watched.environment(),
        )
        self._watched.begun(process.pid)
        log(events.RESOLVER_RUNS, child=Count(process.pid))
        waiting = asyncio.create_task(process.wait(), name="wait for the resolver")
        try:
            while not waiting.done():
                await asyncio.wait([waiting], timeout=LOOK_S)
                await end_if_hanging(process, waiting, self._watched)
                with pool.within(connection, ANSWER_S):
                    await connection.fetchval(sql("ping"))
            return waiting.result()
        finally:
            await asyncio.shield(_end(process, waiting))
            self._watched.close()


async def _end(process: asyncio.subprocess.Process, waiting: "asyncio.Task[int]") -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await asyncio.wait([waiting], timeout=STOP_S)
    if not waiting.done():
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await waiting
