"""Where a campaign's people are, if an archive holds them: what the database remembers of it."""

from dataclasses import dataclass
from pathlib import Path

from broadcast.ids import CampaignId
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of an archive, and how many people and which sum of hashes it must have."""

    folder: Path
    recipients: int
    checksum: int


async def place_of(connection: Connection, campaign_id: CampaignId) -> Place | None:
    """None: they are in the database."""
    row = await connection.fetchrow(sql("archive_place"), campaign_id)
    return None if row is None else Place(Path(row["place"]), row["recipients"], int(row["checksum"]))
