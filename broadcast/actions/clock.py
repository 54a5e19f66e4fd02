"""The time of day that counts: the database's; whoever sits at a machine with another one is told."""

from datetime import datetime

from broadcast.actions.notices import ClockOff
from broadcast.actions.session import Session
from broadcast.clock import machine_time
from broadcast.store.clock import database_time

_OFF_S = 60.0  # less, and nobody is misled by the clock on the wall


async def now(session: Session) -> datetime:
    """Asked for the notice alone too, before an expiry decides: whoever is refused looks at the wrong clock."""
    found = await database_time(session.connection)
    ahead_s = (machine_time() - found).total_seconds()
    if abs(ahead_s) > _OFF_S:
        session.tell(ClockOff(ahead_s))
    return found
