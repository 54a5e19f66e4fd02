"""What a ledger has noted of how soon its carriers' receipts come."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from broadcast.forecast.delays import Delays, of_seconds, together
from broadcast.ids import CampaignId
from broadcast.ledger.books import Ends
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

KEPT: Final = 50  # campaigns of each carrier

Newest = Mapping[str, Sequence[Delays]]


async def read(connection: Connection) -> dict[str, list[Delays]]:
    """By carrier, of the newest campaigns first."""
    found: dict[str, list[Delays]] = {}
    for row in await connection.fetch(sql("handset_times")):
        found.setdefault(row["carrier"], []).append(Delays.read(row["known"], json.loads(row["within"])))
    return found


def joined(ledgers: Iterable[Newest]) -> dict[str, Delays]:
    """By carrier, over all ledgers. Pure."""
    by_carrier: dict[str, list[Delays]] = {}
    for newest in ledgers:
        for carrier, each in newest.items():
            by_carrier.setdefault(carrier, []).extend(each)
    found = {carrier: together(each) for carrier, each in by_carrier.items()}
    return {carrier: each for carrier, each in found.items() if each.known}


def of_ends(ends: Ends, unknown: Mapping[str, int]) -> dict[str, Delays]:
    """By carrier. unknown: recipients by carrier of whom no receipt told. Pure."""
    known: dict[str, int] = dict(unknown)
    seconds: dict[str, dict[int, int]] = {}
    for each in ends.outcomes:
        if not each.sent or each.state == RecipientState.UNKNOWN:
            continue
        known[each.carrier] = known.get(each.carrier, 0) + each.recipients
        if each.state == RecipientState.DELIVERED:
            mine = seconds.setdefault(each.carrier, {})
            mine[each.delay_s] = mine.get(each.delay_s, 0) + each.recipients
    return {carrier: of_seconds(count, seconds.get(carrier, {})) for carrier, count in known.items()}


async def note(
    connection: Connection,
    campaign_id: CampaignId,
    launched_at: datetime,
    found: Mapping[str, Delays],
    *,
    final: bool,
) -> None:
    """Keep what was found of a campaign; of too many the oldest go."""
    columns = (
        list(found),
        [each.known for each in found.values()],
        [json.dumps(each.document()) for each in found.values()],
    )
    async with connection.transaction():
        await connection.execute(sql("handset_time_note"), campaign_id, launched_at, final, *columns)
        await connection.execute(sql("handset_time_forget"), KEPT)
