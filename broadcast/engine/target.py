"""Where a process serves its metrics, written into its database now and then, for `broadcast metrics targets`."""

import socket
import time
from typing import Final

from broadcast.monitor.catalogue import Job
from broadcast.store.queries import sql
from broadcast.store.types import Connection

EVERY_S: Final = 10.0
LASTS_S: Final = 30.0
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
        self._written_at = -EVERY_S

    def at(self, host: str, port: int) -> None:
        """It listens there."""
        self._address = place(host, port)

    async def write(self, connection: Connection) -> None:
        """When it is time. Raises what asyncpg does."""
        now = time.monotonic()
        if self._address and now - self._written_at >= EVERY_S:
            await connection.execute(sql("metrics_target_keep"), self._job, self._address, LASTS_S)
            self._written_at = now
