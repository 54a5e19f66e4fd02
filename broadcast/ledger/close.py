"""The end of things: who is resent, who expires, when a campaign stops waiting, when it is finished.

One tidies at a time, under a lock that ends with its transaction. What receipts say is the resolvers' business: here
counts only how far they are.
"""

import math
import time
from collections.abc import Mapping
from typing import Final

from broadcast.ids import CampaignId, CarrierNo
from broadcast.rules import letting_go
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

RESENDS_MOST: Final = 4  # of one recipient: a message that ends whoever sends it must not go for ever
REFUSED_S: Final = 30.0  # a receipt for who was refused may settle it; then it was of another message
LAG_MOST_S: Final = 2.0  # of a resolver that keeps up: it looks several times a second
GAP_S: Final = 5.0
LET_GO_MOST: Final = 2000  # slices of a campaign in a round


class Steady:
    """For how long this process has seen each carrier's receipts resolved in time. A grace period counts only then:
    receipts that came during an outage of the database, or behind a backlog, are resolved after it."""

    def __init__(self) -> None:
        self._since: dict[CarrierNo, float] = {}
        self._last: dict[CarrierNo, float] = {}

    def seen(self, lags: Mapping[CarrierNo, float], now: float | None = None) -> dict[CarrierNo, float]:
        """After a look at the resolvers: carrier_no -> seconds since its last gap.

        lags: carrier_no -> seconds since everything committed was resolved. now: monotonic.
        """
        now = time.monotonic() if now is None else now
        for carrier_no, lag_s in lags.items():
            if now - self._last.get(carrier_no, -math.inf) > GAP_S:
                self._since[carrier_no] = now
            if lag_s <= LAG_MOST_S:
                self._last[carrier_no] = now
        return {carrier_no: now - self._since[carrier_no] for carrier_no in lags}


async def tidy(
    connection: Connection, slice_size: int, receipt_wait_s: float, steady: Steady | None = None
) -> list[CampaignId] | None:
    """One round. Returns the campaigns that finished in it; None, and nothing done, while somebody else tidies.

    steady: what the caller has seen; whose grace period is longer is not resent. None: it was always so.
    """
    async with connection.transaction():
        if not await connection.fetchval(sql("tidier_claim")):
            return None
        await connection.execute(plans.LOOK_UP)
        await connection.execute(sql("let_go_due"), LET_GO_MOST)
        await connection.execute(plans.SETS)
        await _resend(connection, slice_size, steady)
        await connection.execute(sql("end_waiting"))
        overdue = await connection.fetch(sql("overdue_campaigns"), receipt_wait_s)
    await letting_go.look(connection)
    for row in overdue:
        await _close(connection, row["campaign_id"])
    async with connection.transaction():
        if not await connection.fetchval(sql("tidier_claim")):
            return None
        await connection.execute(plans.SETS)
        await connection.execute(sql("chain_acts"))
        return [row["campaign_id"] for row in await connection.fetch(sql("finish_campaigns"))]


async def _resend(connection: Connection, slice_size: int, steady: Steady | None) -> None:
    lags = {row["carrier_no"]: row["lag_s"] for row in await connection.fetch(sql("resolver_lags"))}
    seen = dict.fromkeys(lags, math.inf) if steady is None else steady.seen(lags)
    await connection.execute(
        sql("resend_doubts"), slice_size, RESENDS_MOST, list(seen), list(seen.values()), REFUSED_S
    )


async def _close(connection: Connection, campaign_id: CampaignId) -> None:
    """In a transaction of its own, and this lock before any other: resolvers hold it shared while they want rows."""
    async with connection.transaction():
        await connection.execute(sql("closing_claim"))
        await connection.execute(plans.SETS)
        await connection.execute(sql("mark_closed"), campaign_id)
        await connection.execute(sql("close_campaign"), campaign_id)
