"""Our side of a comparison with the SMSCs' own accounts, read."""

from collections import Counter

from broadcast.ids import CampaignId
from broadcast.ledger.books import RESENT, Books
from broadcast.reports.comparison import Ours
from broadcast.reports.progress import progress
from broadcast.reports.received import received
from broadcast.store.types import Connection


async def ours(connection: Connection, campaign_id: CampaignId, books: Books) -> dict[str, Ours]:
    """By carrier of the campaign, whose books these are. Raises ArchiveError."""
    now = await progress(connection, campaign_id)
    never_sent, by_name = await books.never_sent(), await books.resent()
    doubts: Counter[str] = Counter()
    resent: Counter[str] = Counter()
    for each in await books.doubts():
        doubts[each.carrier] += each.recipients
        resent[each.carrier] += each.recipients if each.ended_as == RESENT else 0
    return {
        line.carrier: Ours(
            line=line,
            never_sent=never_sent.get(line.carrier, 0),
            doubts=doubts[line.carrier],
            resent=resent[line.carrier],
            segments_a_message=now.segments or 1,
            by_name=by_name.get(line.carrier, {}),
            acked=await _acked(connection, line.carrier),
        )
        for line in now.carriers
    }


async def _acked(connection: Connection, carrier: str) -> int:
    """Whatever the campaign: as receipts, or as what could not be read."""
    known = await received(connection, carrier)
    return 0 if known is None else known.received + known.unreadable_times
