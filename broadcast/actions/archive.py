"""A finished alert's recipients moved out of the database."""

from pathlib import Path

from broadcast.actions.session import Actor, Session
from broadcast.archive import move
from broadcast.archive.move import Archived
from broadcast.campaign.campaigns import by_name


async def archive(session: Session, actor: Actor, name: str, folder: Path, *, drop: bool) -> Archived:
    """As `move.archive`; of one that is archived already and whose files are in `folder` now, that is noted."""
    campaign_id = (await by_name(session.connection, name)).campaign_id
    found = await move.moved(session.connection, campaign_id, folder)
    return found or await move.archive(session.connection, campaign_id, folder, actor.name, drop=drop)
