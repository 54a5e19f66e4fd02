"""How soon a campaign's receipts came: read from its books once, be they rows or files, and kept for forecasts."""

from datetime import datetime
from typing import Final

import asyncpg

from broadcast.archive.books import books_of, snapshot
from broadcast.errors import BroadcastError
from broadcast.forecast import history
from broadcast.forecast.delays import LONGEST_S
from broadcast.ids import CampaignId
from broadcast.monitor import events
from broadcast.monitor.logger import logger
from broadcast.store.queries import sql

log = logger(__name__)

_NEWEST: Final = 20  # campaigns; older ones would say little, and were perhaps forgotten


class Learning:
    """One worker's. It tries a campaign whose files are not on this machine once."""

    def __init__(self) -> None:
        self._in_vain: list[CampaignId] = []

    async def learn(self, connection: asyncpg.Connection) -> CampaignId | None:
        """The newest campaign of which it is to be learnt, if there is one; `connection` is in no transaction."""
        row = await connection.fetchrow(sql("handset_time_wanted"), _NEWEST, self._in_vain)
        if row is None:
            return None
        try:
            await _learn(connection, row["campaign_id"], row["launched_at"], final=row["final"])
        except BroadcastError as error:
            self._in_vain.append(row["campaign_id"])
            log(events.HANDSET_TIME_UNKNOWN, campaign=CampaignId(row["campaign_id"]), why=error)
            return None
        return CampaignId(row["campaign_id"])


async def _learn(
    connection: asyncpg.Connection, campaign_id: CampaignId, launched_at: datetime, *, final: bool
) -> None:
    async with snapshot(connection):
        ends = await (await books_of(connection, campaign_id)).ends(launched_at, LONGEST_S)
        rows = await connection.fetch(sql("handset_time_unknown"), campaign_id)
    found = history.of_ends(ends, {row["carrier"]: row["recipients"] for row in rows})
    await history.note(connection, campaign_id, launched_at, found, final=final)
