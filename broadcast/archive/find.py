"""One number in an archived campaign's files."""

from typing import Any

import pyarrow.compute as pc

from broadcast.archive.place import place_of
from broadcast.archive.read import file_batches, load_at
from broadcast.archive.rows import unpack
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState
from broadcast.store.types import Connection


async def find(connection: Connection, campaign_id: CampaignId, msisdn: int) -> list[dict[str, Any]]:
    """What its rows say of this number; times in us. Raises ArchiveError."""
    place = await place_of(connection, campaign_id)
    if place is None:
        return []
    archive, found = load_at(place), []
    for part in archive.parts:
        for batch in file_batches(archive, part.file):
            here = batch.filter(pc.equal(batch.column("msisdn"), msisdn))
            if here.num_rows:
                found += [
                    {
                        "campaign": archive.name,
                        "carrier": part.carrier,
                        "state": RecipientState(row[3]).column,
                        "submitted_at": row[5],
                        "settled_at": row[6],
                        "reason": row[7],
                        "smsc_ids": row[8],
                    }
                    for row in unpack(part.shape, part.carrier_no, part.carrier, here).rows()
                ]
    return found
