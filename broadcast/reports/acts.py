"""Entries of the audit chain, as the database has them."""

from datetime import datetime

from broadcast.acts.entry import Entry
from broadcast.acts.heads import Head
from broadcast.campaign import campaigns
from broadcast.store.ledgers import identity
from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def entries(connection: Connection) -> list[Entry]:
    """The whole chain: some hundred octets for each act of a person."""
    return [Entry(**row) for row in await connection.fetch(sql("act_entries"))]


async def head(connection: Connection) -> Head | None:
    """Where the chain ends now."""
    row = await connection.fetchrow(sql("act_head"))
    return (
        None
        if row is None
        else Head((await identity(connection)).name, row["act_no"], row["at"], row["hash"])
    )


async def log(
    connection: Connection, since: datetime | None, campaign: str | None, latest: int
) -> list[Entry]:
    """The newest entries, in their order. campaign: by name. Raises InputError when there is none of that name."""
    subject = (
        None
        if campaign is None
        else f"campaign {(await campaigns.by_name(connection, campaign)).campaign_id}"
    )
    return [Entry(**row) for row in await connection.fetch(sql("act_log"), since, subject, latest)]
