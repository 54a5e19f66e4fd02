"""The database's clock: what is stored is dated by it, and campaigns expire by it, whatever a machine's own says."""

from datetime import datetime

from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def database_time(connection: Connection) -> datetime:
    """Now; goes on within a transaction too."""
    now: datetime = await connection.fetchval(sql("database_time"))
    return now
