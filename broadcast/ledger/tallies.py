"""The tallies of a campaign as its people are compared with them: running totals, kept with every commit (law 1)."""

from collections.abc import Iterable, Sequence

import asyncpg

from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def tallies(connection: Connection, campaign_id: CampaignId) -> Sequence[asyncpg.Record]:
    """A row a carrier: carrier_no, a column a state, segments."""
    return await connection.fetch(sql("audit_tallied"), campaign_id)


def by_state(rows: Iterable[asyncpg.Record]) -> dict[tuple[CarrierNo, RecipientState], int]:
    """(carrier_no, state) -> recipients, no zeros."""
    return {
        (row["carrier_no"], state): row[state.column]
        for row in rows
        for state in RecipientState
        if row[state.column]
    }
