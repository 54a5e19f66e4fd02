"""What is said before a campaign is shown."""

from broadcast.actions.notices import NotActual
from broadcast.actions.session import Session
from broadcast.campaign import campaigns


async def tell_status(session: Session, name: str) -> None:
    """For screens that show something of a campaign, and not the campaign itself. Raises InputError: there is none."""
    found = await campaigns.by_name(session.connection, name)
    if found.status != "actual":
        session.tell(NotActual(found.name, found.status))
