"""A database as a server holds it: its size, its disk, who keeps an old transaction open. Not what is in it."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broadcast.store.queries import sql
from broadcast.store.types import Connection

# those that grow with what is sent and with the people
TABLES: Final = ("sent", "received", "result", "parked", "slice", "tally", "subscriber")


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """size: octets of this database alone. disk_free, disk_size: of the file system that its server keeps it on; None
    where that is another machine's, or this login may not know where it is. oldest_transaction_s: of the sessions that
    this login may look at; 0: none has one. partitions: by table, the pieces in which it lies; 1: it is whole."""

    size: int
    oldest_transaction_s: float
    disk_free: int | None = None
    disk_size: int | None = None
    partitions: Mapping[str, int] = field(default_factory=dict)

    @property
    def disk_free_share(self) -> float | None:
        return self.disk_free / self.disk_size if self.disk_free is not None and self.disk_size else None


async def figures(connection: Connection) -> DatabaseFigures:
    """Some milliseconds of the server: for every few seconds. Raises what asyncpg does."""
    row = await connection.fetchrow(sql("database_figures"))
    assert row is not None  # no table is asked
    partitions = await connection.fetch(sql("database_partitions"), TABLES)
    free, size = await asyncio.to_thread(_disk, row["directory"]) if row["here"] else (None, None)
    return DatabaseFigures(
        row["size"],
        row["oldest_s"],
        free,
        size,
        {each["name"]: each["partitions"] for each in partitions},
    )


def _disk(directory: str | None) -> tuple[int | None, int | None]:
    """Free to the server, and all of it, in octets. A server that is in a container has its directory there alone."""
    if directory is None or not _is_there(directory):
        return None, None
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def _is_there(directory: str) -> bool:
    try:
        return Path(directory).is_dir()
    except PermissionError:  # it is somebody else's
        return False
