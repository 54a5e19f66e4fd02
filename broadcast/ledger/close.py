"""The end of things: who is resent, who expires, when a campaign stops waiting, when it is finished.

Runs beside settlement under the same lock, so that nothing settles while states move in bulk.
"""

import math
import time
from typing import Final

from broadcast.ledger import settle
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

RESENDS_MOST: Final = 4  # of one recipient: a message that ends whoever sends it must not go for ever
FIRST_COPY_S: Final = 120.0  # a receipt's own answer may come later than it, by the response timeout at most
GAP_S: Final = 5.0


class Steady:
    """For how long this process has seen settlement keep up. A grace period counts only then: receipts that came during
    an outage of the database, or behind a backlog, are settled after it."""

    def __init__(self) -> None:
        self._since = self._last = -math.inf

    def seen(self, lag_s: float, now: float | None = None) -> float:
        """After a look at the ring: seconds since the last gap. lag_s: of the unsettled rows; now: monotonic."""
        now = time.monotonic() if now is None else now
        if now - self._last > GAP_S:
            self._since = now
        if not lag_s:
            self._last = now
        return now - self._since


async def tidy(
    connection: Connection,
    slice_size: int,
    receipt_wait_s: float,
    first_copy_s: float = FIRST_COPY_S,
    steady_s: float = math.inf,
) -> list[int] | None:
    """One round. Returns the campaigns that finished in it; None, and nothing done, while another settler works.

    first_copy_s: for how long a receipt by number alone may still be of a submission that is under way.
    steady_s: for how long settlement has kept up; whose grace period is longer is not resent.
    """
    async with connection.transaction():
        if not await connection.fetchval(sql("settler_claim")):
            return None
        await connection.execute(plans.SETS)
        if await connection.fetchval(sql("doubts_to_look_at")):
            await connection.execute(sql("settle_doubts"))
        if not await settle.behind(connection):  # their receipts may wait there
            await connection.fetch(sql("resend_doubts"), slice_size, RESENDS_MOST, steady_s)
        await connection.execute(sql("end_waiting"))
        for row in await connection.fetch(sql("overdue_campaigns"), receipt_wait_s):
            await connection.execute(sql("close_open"), row["campaign_id"])
            await connection.execute(sql("close_doubts"), row["campaign_id"])
        if await connection.fetchval(sql("first_copies_parked"), first_copy_s):
            await connection.execute(sql("keep_first_copies"), first_copy_s)
        return [row["campaign_id"] for row in await connection.fetch(sql("finish_campaigns"))]


async def end_stopped(connection: Connection) -> None:
    """What still waits of cancelled and expired campaigns has its end, though no worker may run that tidies."""
    async with connection.transaction():
        if await connection.fetchval(sql("settler_claim")):
            await connection.execute(plans.SETS)
            await connection.execute(sql("end_waiting"))
            await connection.fetch(sql("finish_campaigns"))
