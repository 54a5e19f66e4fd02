"""Everything that is committed is resolved: what tests say between a group and what became of it."""

import asyncpg
from integration.resolver_world import ResolverWorld

from broadcast.ledger import recount
from broadcast.ledger.fold import NOBODY
from broadcast.ledger.states import RecipientState
from broadcast.store import plans
from broadcast.store.queries import sql


async def resolve_all(conn: asyncpg.Connection) -> None:
    """By resolvers that have just started, so that each time all is known from rows alone."""
    await conn.execute(sql("resolver_rows"))
    carriers = {
        row["name"]: row["carrier_no"] for row in await conn.fetch("SELECT name, carrier_no FROM carrier")
    }
    world = ResolverWorld(conn, "", carriers, 0, [])
    asked = await conn.fetchval("SELECT clock_timestamp()")
    for carrier in carriers:
        await world.resolve(await world.desk(carrier))
    await conn.execute("UPDATE resolver SET resolved_until = $1", asked)


async def said(conn: asyncpg.Connection, campaign_id: int) -> dict[int, tuple[str, str, str]]:
    """MSISDN -> (state, err, ids of the segments) of everybody, from rows."""
    found = {}
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute(plans.SETS)
        async for rows in recount.slices(conn, campaign_id):
            people = recount.folded(rows)
            columns = zip(
                people.msisdn.tolist(), people.state.tolist(), people.errs.all(), people.ids(), strict=True
            )
            for msisdn, state, err, ids in columns:
                if state != NOBODY:
                    found[msisdn] = (RecipientState(state).column, err, " ".join(ids))
    return found


async def parked(conn: asyncpg.Connection) -> int:
    """Receipts that fit nothing."""
    return int(await conn.fetchval("SELECT coalesce(sum(receipts), 0) FROM parked"))
