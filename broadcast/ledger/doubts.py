"""Who was ever in doubt, and who got a second copy, by the rows of in_doubt: also after the campaign is finished."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from broadcast.ids import CampaignId
from broadcast.ledger.books import Doubt, Doubted, SecondCopies
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_FETCH = 8_192


async def counts(connection: Connection, campaign_id: CampaignId) -> list[Doubt]:
    """As `Books.doubts`."""
    return [Doubt(**row) for row in await connection.fetch(sql("doubt_counts"), campaign_id)]


async def doubted(connection: Connection, campaign_id: CampaignId, ended_as: str | None) -> list[Doubted]:
    """As `Books.doubted`."""
    rows = await connection.fetch(sql("doubted_recipients"), campaign_id, ended_as)
    return [named(dict(row)) for row in rows]


def named(row: Mapping[str, Any]) -> Doubted:
    """row: a Doubted, with first_state (a RecipientState or None) in the place of first_copy."""
    known = dict(row)
    state = known.pop("first_state")
    return Doubted(**known, first_copy=None if state is None else RecipientState(state).column)


async def resent(connection: Connection, campaign_id: CampaignId) -> dict[str, dict[int, int]]:
    """As `Books.resent`."""
    found: dict[str, dict[int, int]] = {}
    for row in await connection.fetch(sql("resent_recipients"), campaign_id):
        found.setdefault(row["carrier"], {})[row["msisdn"]] = row["resends"]
    return found


async def second_copies(connection: Connection, campaign_id: CampaignId) -> list[SecondCopies]:
    """As `Books.second_copies`."""
    return [SecondCopies(**row) for row in await connection.fetch(sql("second_copies"), campaign_id)]


async def history(
    connection: Connection, campaign_id: CampaignId
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """As `LiveBooks.doubt_history`."""
    rows = await connection.cursor(sql("doubt_history"), campaign_id)
    while batch := await rows.fetch(_FETCH):
        yield [dict(row) for row in batch]
