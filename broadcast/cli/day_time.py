"""The time of day that counts: the database's, and a line where this machine's is another."""

from datetime import datetime

from broadcast.cli.output import duration, note
from broadcast.clock import machine_time
from broadcast.store.clock import database_time
from broadcast.store.types import Connection

_OFF_S = 60.0  # less, and nobody is misled by the clock on the wall


async def database_now(conn: Connection) -> datetime:
    """Asked for the line alone too, before an expiry decides: whoever is refused looks at the wrong clock."""
    now = await database_time(conn)
    ahead_s = (machine_time() - now).total_seconds()
    if abs(ahead_s) > _OFF_S:
        note(
            f"this machine's clock is {duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} the"
            " database's: times count by the database's"
        )
    return now
