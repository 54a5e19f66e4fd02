"""The audience of a campaign, fixed at launch: cut into slices and exclusions inside Postgres.

No recipient passes through this process: one scan per carrier turns rows into arrays of `slice_size`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.errors import BroadcastError
from broadcast.store.queries import sql
from broadcast.store.types import Connection

# An array of MSISDNs that is only kept, not sent: as long as is handy.
_EXCLUSION_SIZE = 30_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """audience = waiting + the sum of excluded (by reason). Counted in recipients."""

    audience: int
    waiting: int
    excluded: dict[str, int]


async def take_snapshot(
    conn: Connection, campaign_id: int, carriers: Sequence[str], slice_size: int, *, hears_opted_out: bool
) -> Snapshot:
    """Write slices, exclusions and the first tallies of a campaign.

    One repeatable-read transaction, so that an import meanwhile changes nothing. Carriers without TPS are not
    connected: their subscribers are excluded. hears_opted_out: an emergency reaches those too.
    """
    async with conn.transaction(isolation="repeatable_read"):
        rows = await conn.fetch(sql("audience_carriers"), list(carriers))
        for row in rows:
            if row["tps"] is None:
                reached, excluded, reason = False, True, "not_connected"
            else:
                reached, excluded, reason = True, not hears_opted_out, "opted_out"
            if reached:
                await conn.execute(
                    sql("snapshot_slices"), campaign_id, row["carrier_no"], slice_size, hears_opted_out
                )
            if excluded:
                await conn.execute(
                    sql("snapshot_exclusions"),
                    campaign_id,
                    row["carrier_no"],
                    _EXCLUSION_SIZE,
                    reason,
                    not reached,
                )
        tallied = await conn.fetchrow(sql("snapshot_tallies"), campaign_id)
        reasons = {row["reason"]: row["recipients"] for row in await conn.fetch(sql("excluded"), campaign_id)}
    if tallied is None or tallied["excluded"] != sum(reasons.values()):
        raise BroadcastError("the snapshot does not conserve its audience: nothing was launched")
    return Snapshot(tallied["waiting"] + tallied["excluded"], tallied["waiting"], reasons)
