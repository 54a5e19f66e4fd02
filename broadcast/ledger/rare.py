"""What most groups do not hold: messages from people, what cannot be read, what a profile does not know."""

from broadcast.ledger.journal import Group
from broadcast.store.queries import sql
from broadcast.store.types import Connection

ODDITIES_MOST = 100  # distinct values of a kind that are kept of one carrier; the rest is 'other'


async def write_rare(connection: Connection, group: Group) -> None:
    """Inside the caller's transaction."""
    if group.unreadable:
        await connection.execute(
            sql("keep_unreadable"),
            [unreadable.carrier_no for unreadable in group.unreadable],
            [unreadable.pdu for unreadable in group.unreadable],
            [unreadable.reason for unreadable in group.unreadable],
        )
    if group.oddities:
        await connection.execute(
            sql("keep_oddities"),
            [carrier_no for carrier_no, _, _ in group.oddities],
            [kind for _, kind, _ in group.oddities],
            [value for _, _, value in group.oddities],
            list(group.oddities.values()),
            ODDITIES_MOST,
        )
    if group.inbound:
        await connection.execute(
            sql("keep_inbound"),
            [message.carrier_no for message in group.inbound],
            [message.msisdn for message in group.inbound],
            [message.destination for message in group.inbound],
            [message.esm_class for message in group.inbound],
            [message.data_coding for message in group.inbound],
            [message.payload for message in group.inbound],
            [message.source for message in group.inbound],
            [message.sar and message.sar[0] for message in group.inbound],
            [message.sar and message.sar[1] for message in group.inbound],
            [message.sar and message.sar[2] for message in group.inbound],
        )
