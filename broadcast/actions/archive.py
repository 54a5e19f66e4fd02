"""A finished alert's recipients moved out of the database."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcast.actions.session import Session
from broadcast.archive import move
from broadcast.archive.move import Archived
from broadcast.campaign.campaigns import Campaign, by_name
from broadcast.campaign.ruled import limits_for
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.rules import limits
from broadcast.rules.limits import Limits
from broadcast.store.ledgers import Part
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.words import time_words


async def archive(session: Session, name: str, folder: Path, *, drop: bool, anyway: bool = False) -> Archived:
    """As `move.archive`; of one that is archived already and whose files are in `folder` now, that is noted.

    Of several ledgers each has a folder of its name in it. One that fails leaves those before it archived; the next
    try goes on with the rest. anyway: its rows are dropped though a cap counts whom it told: others may then tell them
    sooner than that allows. Raises RefusedError otherwise.
    """
    found = await by_name(session.connection, name)
    campaign_id = found.campaign_id
    async with session.parts(campaign_id) as parts:
        if drop and not anyway and found.finished_at is not None:  # of others it is refused anyhow
            await _check_uncounted(session, found, parts.all())
        done = [
            await _of(part.connection, campaign_id, folder / part.name, drop=drop, again=bool(part.name))
            for part in parts.all()
        ]
    if len(done) == 1:
        return done[0]
    octets, recipients = sum(each.octets for each in done), sum(each.recipients for each in done)
    return Archived(folder, recipients, octets, all(each.dropped for each in done))


async def _check_uncounted(session: Session, found: Campaign, parts: Iterable[Part]) -> None:
    """Raises RefusedError while a cap counts the alert: what it told is read from its rows, and from nowhere else."""
    known = [limits.read(found.rules)]
    if session.configuration is not None:
        known.append(limits_for(session.configuration, found.content))
    longest = max((cap.seconds for each in known for cap in each.caps), default=0.0)
    until = [
        await part.connection.fetchval(sql("archive_counted_until"), found.campaign_id, longest)
        for part in parts
    ]
    if counted := [each for each in until if each is not None]:
        raise RefusedError(
            _(
                "a cap counts whom {name} told until {until}, from its rows: drop them after that; --anyway drops "
                "them, and people may hear alerts of the category {category} more often than its rule allows",
                name=found.name,
                until=time_words(max(counted), lambda: _zone(session, known[0])),
                category=found.category,
            )
        )


def _zone(session: Session, own: Limits) -> ZoneInfo:
    """Of the country, as the file says or the alert's rules."""
    return ZoneInfo(session.configuration.country.time_zone if session.configuration else own.zone)


async def _of(
    connection: Connection, campaign_id: CampaignId, folder: Path, *, drop: bool, again: bool
) -> Archived:
    """again: one whose files are in `folder` already is done."""
    if again:
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
    found = await move.moved(connection, campaign_id, folder)
    found = found or (await move.there(connection, campaign_id, folder) if again else None)
    return found or await move.archive(connection, campaign_id, folder, drop=drop)
