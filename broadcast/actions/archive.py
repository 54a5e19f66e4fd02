"""A finished alert's recipients moved out of the database."""

import asyncio
from pathlib import Path

from broadcast.actions.session import Session
from broadcast.archive import move
from broadcast.archive.move import Archived
from broadcast.campaign.campaigns import by_name
from broadcast.ids import CampaignId
from broadcast.store.types import Connection


async def archive(session: Session, name: str, folder: Path, *, drop: bool) -> Archived:
    """As `move.archive`; of one that is archived already and whose files are in `folder` now, that is noted.

    Of several ledgers each has a folder of its name in it. One that fails leaves those before it archived; the next
    try goes on with the rest.
    """
    campaign_id = (await by_name(session.connection, name)).campaign_id
    async with session.parts(campaign_id) as parts:
        done = [
            await _of(part.connection, campaign_id, folder / part.name, drop=drop, again=bool(part.name))
            for part in parts.all()
        ]
    if len(done) == 1:
        return done[0]
    octets, recipients = sum(each.octets for each in done), sum(each.recipients for each in done)
    return Archived(folder, recipients, octets, all(each.dropped for each in done))


async def _of(
    connection: Connection, campaign_id: CampaignId, folder: Path, *, drop: bool, again: bool
) -> Archived:
    """again: one whose files are in `folder` already is done."""
    if again:
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
    found = await move.moved(connection, campaign_id, folder)
    found = found or (await move.there(connection, campaign_id, folder) if again else None)
    return found or await move.archive(connection, campaign_id, folder, drop=drop)
