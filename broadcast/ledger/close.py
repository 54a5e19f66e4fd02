"""The end of things: who is resent, who expires, when a campaign stops waiting, when it is finished.

Runs beside settlement under the same lock, so that nothing settles while states move in bulk.
"""

from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def tidy(connection: Connection, slice_size: int, receipt_wait_s: float) -> list[int]:
    """One round. Returns the campaigns that finished in it. Does nothing while another settler works."""
    async with connection.transaction():
        if not await connection.fetchval(sql("settler_claim")):
            return []
        await connection.fetch(sql("resend_doubts"), slice_size)
        await connection.execute(sql("end_waiting"))
        for row in await connection.fetch(sql("overdue_campaigns"), receipt_wait_s):
            await connection.execute(sql("close_open"), row["campaign_id"])
            await connection.execute(sql("close_doubts"), row["campaign_id"])
        return [row["campaign_id"] for row in await connection.fetch(sql("finish_campaigns"))]
