"""The audience of a campaign, fixed at launch: cut into slices and exclusions inside Postgres.

No recipient passes through this process: one scan of the table, part by part, turns rows into arrays of `slice_size`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.store.queries import sql
from broadcast.store.types import Connection

# An array of MSISDNs that is only kept, not sent: as long as is handy.
_EXCLUSION_SIZE = 30_000

# 64 MiB, about a million subscribers: what Postgres holds in memory at once. Each part ends with a shorter slice
# for each carrier.
_PART_PAGES = 8192


@dataclass(frozen=True, slots=True)
class Snapshot:
    """audience = waiting + the sum of excluded (by reason). Counted in recipients."""

    audience: int
    waiting: int
    excluded: dict[str, int]


async def take_snapshot(
    connection: Connection,
    campaign_id: CampaignId,
    carriers: Sequence[str],
    slice_size: int,
    *,
    hears_opted_out: bool,
) -> Snapshot:
    """Write slices (at most `slice_size`, and a second's worth of a slower carrier), exclusions and first tallies.

    One repeatable-read transaction, so that an import meanwhile changes nothing. Carriers without TPS are not
    connected: their subscribers are excluded. hears_opted_out: an emergency reaches those too.
    """
    async with connection.transaction(isolation="repeatable_read"):
        rows = await connection.fetch(sql("audience_carriers"), list(carriers))
        connected = [row["carrier_no"] for row in rows if row["tps"] is not None]
        others = [row["carrier_no"] for row in rows if row["tps"] is None]
        pages = await connection.fetchval(sql("subscriber_pages"))
        for first in range(0, pages, _PART_PAGES):
            await connection.execute(
                sql("snapshot_part"),
                campaign_id,
                (first, 0),
                (first + _PART_PAGES, 0),
                connected,
                others,
                slice_size,
                _EXCLUSION_SIZE,
                hears_opted_out,
            )
        tallied = await connection.fetchrow(sql("snapshot_tallies"), campaign_id)
        reasons = {
            row["reason"]: row["recipients"] for row in await connection.fetch(sql("excluded"), campaign_id)
        }
    if tallied is None or tallied["excluded"] != sum(reasons.values()):
        raise BroadcastError("the snapshot does not conserve its audience: nothing was launched")
    return Snapshot(tallied["waiting"] + tallied["excluded"], tallied["waiting"], reasons)
