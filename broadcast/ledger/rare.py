"""What most groups do not hold: doubts, messages from people, what cannot be read, what a profile does not know."""

from collections.abc import Sequence

from broadcast.ledger.journal import Doubt, Group
from broadcast.ledger.replies import columns
from broadcast.store.queries import sql
from broadcast.store.types import Connection

ODDITIES_MOST = 100  # distinct values of a kind that are kept of one carrier; the rest is 'other'


async def write_rare(connection: Connection, group: Group) -> None:
    """Inside the caller's transaction."""
    if group.unreadable:
        kept = [(each.carrier_no, each.pdu, each.reason) for each in group.unreadable]
        await connection.execute(sql("keep_unreadable"), *columns(kept))
    if group.oddities:
        counted = [(*oddity, times) for oddity, times in group.oddities.items()]
        await connection.execute(sql("keep_oddities"), *columns(counted), ODDITIES_MOST)
    if group.inbound:
        messages = [
            (
                each.carrier_no, each.msisdn, each.destination, each.esm_class, each.data_coding, each.payload,
                each.source, *(each.sar or (None, None, None)),
            )
            for each in group.inbound
        ]  # fmt: skip
        await connection.execute(sql("keep_inbound"), *columns(messages))


async def add_doubts(connection: Connection, doubts: Sequence[Doubt]) -> None:
    """Inside the caller's transaction, which moves them in the tallies."""
    rows = [
        (
            doubt.campaign_id, doubt.carrier_no, doubt.slice_id, doubt.ordinal, doubt.segments, doubt.msisdn,
            doubt.reason, doubt.sent_after,
        )
        for doubt in doubts
    ]  # fmt: skip
    await connection.execute(sql("add_doubts"), *columns(rows))
