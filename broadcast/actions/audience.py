"""Whether the list of people is whole: said where it matters, and nothing waits for it."""

from broadcast.actions.session import Session
from broadcast.audience import unfinished


async def tell_of_unfinished(session: Session) -> None:
    """While an import is unfinished, the audience is half of what somebody meant."""
    found = await unfinished.find(session.connection)
    if found is not None:
        session.tell(found)
