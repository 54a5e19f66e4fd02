"""Our side of a comparison with the SMSCs' own accounts, read."""

from collections import Counter

from broadcast.ledger.books import RESENT, Books
from broadcast.reports.comparison import Ours
from broadcast.reports.progress import progress
from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def ours(connection: Connection, campaign_id: int, books: Books) -> dict[str, Ours]:
    """By carrier of the campaign, whose books these are. Raises ArchiveError."""
    now = await progress(connection, campaign_id)
    never_sent, by_name = await books.never_sent(), await books.resent()
    doubts: Counter[str] = Counter()
    resent: Counter[str] = Counter()
    for each in await books.doubts():
        doubts[each.carrier] += each.recipients
        resent[each.carrier] += each.recipients if each.ended_as == RESENT else 0
    acked = {
        row["carrier"]: row["received"] + row["unreadable"]
        for row in await connection.fetch(sql("receipts_acked"))
    }
    return {
        line.carrier: Ours(
            line=line,
            never_sent=never_sent.get(line.carrier, 0),
            doubts=doubts[line.carrier],
            resent=resent[line.carrier],
            segments_a_message=now.segments or 1,
            by_name=by_name.get(line.carrier, {}),
            acked=acked[line.carrier],
        )
        for line in now.carriers
    }
