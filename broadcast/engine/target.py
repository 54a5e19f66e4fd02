"""Where a process serves its metrics, written into its database now and then, for `broadcast metrics targets`."""

import asyncio
import socket
import time
from contextlib import suppress
from typing import Final

import asyncpg

from broadcast.errors import BroadcastError
from broadcast.monitor.catalogue import Job
from broadcast.store import pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql
from broadcast.store.types import Connection

EVERY_S: Final = 10.0
LASTS_S: Final = 180.0  # of one that died: BroadcastProcessDown is told before it is forgotten
END_S: Final = 1.0
_ANYWHERE: Final = frozenset({"", "0.0.0.0", "::"})


def place(host: str, port: int) -> str:
    """How others reach what listens there: this machine's name where it listens everywhere."""
    named = socket.gethostname() if host in _ANYWHERE else host
    return f"[{named}]:{port}" if ":" in named else f"{named}:{port}"


class Target:
    """One process's. Nothing is written before it is known where that is."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._address = ""
        self._written_at: float | None = None

    def at(self, host: str, port: int) -> None:
        """It listens there."""
        self._address = place(host, port)

    async def write(self, connection: Connection) -> None:
        """When it is time. Raises what asyncpg does."""
        now = time.monotonic()
        due = self._written_at is None or now - self._written_at >= EVERY_S
        if self._address and due:
            await connection.execute(sql("metrics_target_keep"), self._job, self._address, LASTS_S)
            self._written_at = now

    async def end(self, url: str) -> None:
        """Who was told to stop is missed by nobody. While it listens still, for then another may, and write the same;
        nothing where it never wrote. What cannot be done in a second is left: an alarm too many for some minutes."""
        if self._written_at is None:
            return
        with suppress(BroadcastError, asyncpg.PostgresError, *MENDABLE):
            async with asyncio.timeout(END_S):
                connection = await pool.connect(url, check_schema=False, check_session=False, timeout_s=END_S)
            try:
                with pool.within(connection, END_S):
                    await connection.execute(sql("metrics_target_end"), self._job, self._address)
            finally:
                connection.terminate()
