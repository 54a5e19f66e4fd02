"""Who was ever in doubt, and who got a second copy: by name, also after the campaign is finished or archived."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broadcast.archive import read as archive_read
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

RESENT = "resent"


@dataclass(frozen=True, slots=True)
class Doubted:
    """One doubt about one recipient. ended_as: answered, receipt, resent, closed, or None: still is.

    first_copy: the state that receipts told of the copy in doubt after another one was sent; None: they told nothing.
    """

    carrier: str
    msisdn: int
    reason: str
    since: datetime
    ended_at: datetime | None
    ended_as: str | None
    first_copy: str | None = None


@dataclass(frozen=True, slots=True)
class SecondCopies:
    """One carrier's. resends: copies beyond the first that were given to be sent. told: copies before them of which
    a late answer or a receipt told; delivered: that they arrived.
    """

    carrier: str
    recipients: int
    resends: int
    told: int
    delivered: int


async def doubted(connection: Connection, campaign_id: int, ended_as: str | None = None) -> list[Doubted]:
    """Everyone, or those whose doubt ended so; by carrier and number."""
    kept = await archive_read.archived(connection, campaign_id)
    if kept:
        found = [_doubted(row) for row in archive_read.doubted(kept)]
        return [each for each in found if ended_as in (None, each.ended_as)]
    rows = await connection.fetch(sql("doubted_recipients"), campaign_id, ended_as)
    return [_doubted(dict(row)) for row in rows]


def _doubted(row: Mapping[str, Any]) -> Doubted:
    known = dict(row)
    state = known.pop("first_state", None)
    return Doubted(**known, first_copy=None if state is None else RecipientState(state).column)


async def resent(connection: Connection, campaign_id: int) -> Mapping[str, Mapping[int, int]]:
    """carrier -> MSISDN -> how often it was given to be sent again."""
    found: dict[str, Counter[int]] = {}
    if await archive_read.archived(connection, campaign_id):
        for each in await doubted(connection, campaign_id, RESENT):
            found.setdefault(each.carrier, Counter())[each.msisdn] += 1
    for row in await connection.fetch(sql("resent_recipients"), campaign_id):
        found.setdefault(row["carrier"], Counter())[row["msisdn"]] = row["resends"]
    return found


async def second_copies(connection: Connection, campaign_id: int) -> list[SecondCopies]:
    """Per carrier with any; none of a campaign that is archived (see `doubted`)."""
    return [SecondCopies(**row) for row in await connection.fetch(sql("second_copies"), campaign_id)]
