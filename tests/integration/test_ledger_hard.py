"""The ledger when Postgres refuses a statement for the moment: the same group again, exactly once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from integration.ledger_world import AT, World, make_world
from waiting import PATIENCE_S

from broadcast.reports.audit import audit
from broadcast.store.pool import connect

_WAITS = """SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO tally%'"""

MANY = 20_000  # rows: more than a socket takes at once


@pytest.mark.parametrize("query", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_a_group_cut_off_at_the_tally_is_written_once(
    database_url: str, conn: asyncpg.Connection, query: str
) -> None:
    world = await make_world(database_url, conn)
    leased = await world.slice([84320000001])
    leased.intend_next(1)
    await world.writer.flush()
    leased.accept(0, "a", AT)
    leased.touched()
    other = await connect(database_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE tally IN SHARE MODE")
            flushing = asyncio.create_task(world.writer.flush())
            while (pid := await conn.fetchval(_WAITS)) is None and not flushing.done():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await conn.fetchval(f"SELECT {query}($1)", pid)
            await asyncio.sleep(0.1)
        await asyncio.wait_for(flushing, PATIENCE_S)
    finally:
        await other.close()
        await world.writer._drop()
    assert await world.tally() == {"accepted": 1}
    assert (await audit(conn, world.campaign_id)).problems == ()


@pytest.mark.parametrize("after_s", [0, 0.1])
async def test_a_connection_that_ends_in_the_middle_of_a_copy(
    world: World, monkeypatch: pytest.MonkeyPatch, after_s: float
) -> None:
    """The group is written again, on another connection and at once."""
    leased = await world.slice(range(84320000001, 84320000001 + MANY))
    leased.intend_next(MANY)
    await world.writer.flush()
    cut = []

    async def cut_once(octets: bytes) -> AsyncIterator[bytes]:
        if not cut:
            writing = await world.writer._connected()
            cut.append(await world.conn.fetchval("SELECT pg_terminate_backend($1)", writing.get_server_pid()))
            await asyncio.sleep(after_s)
        yield octets

    monkeypatch.setattr("broadcast.store.copying._once", cut_once)
    for ordinal in range(MANY):
        leased.accept(ordinal, f"id{ordinal}", AT)
    leased.touched()
    async with asyncio.timeout(PATIENCE_S):
        await world.writer.flush()
    assert cut == [True]
    assert await world.conn.fetchval("SELECT count(*) FROM submission") == MANY
    assert await world.tally() == {"accepted": MANY}
