"""Who answered STOP and is no subscriber, a visitor say: heeded by location lists, and by an import that brings them.

A row of `opt_out` is a stranger's until they answer START or are a subscriber, whose own row has it then.
"""

from collections.abc import Iterable

from broadcast.audience.subscribers import by_bucket
from broadcast.store.clock import database_time
from broadcast.store.queries import sql
from broadcast.store.types import Connection


async def among(home: Connection, numbers: Iterable[int]) -> set[int]:
    """Those of them who did."""
    return {row["msisdn"] for row in await home.fetch(sql("strangers_out"), list(numbers))}


async def back_in(home: Connection, numbers: Iterable[int]) -> None:
    """They answered START, or their own row says it. After `opt_out_claim`, within a transaction."""
    await home.execute(sql("strangers_in"), list(numbers))


async def opt_out_imported(home: Connection) -> list[int]:
    """Those of them whom this import's transaction has brought are opted out by their own rows. Returns who is a
    subscriber by now."""
    if not await home.fetchval(sql("strangers_known")):
        return []
    out = [row["msisdn"] for row in await home.fetch(sql("strangers_all"))]
    known = [row["msisdn"] for row in await by_bucket(home, "subscribers_known", out)]
    await by_bucket(home, "set_opt_outs", known, await database_time(home))
    return known


async def settle(home: Connection) -> None:
    """Once that has been committed: who answered STOP meanwhile is opted out too, and a stranger no more. Not in the
    import's transaction: whoever opts a subscriber out has this claim, and may wait for a row of it."""
    async with home.transaction():
        await home.execute(sql("opt_out_claim"))
        await back_in(home, await opt_out_imported(home))
