"""What a look and what follows it visit does not grow with what lies in the tables, whatever the planner believes."""

from collections import Counter

import asyncpg
import pytest
from integration.resolver_world import DELIVERED, NOW, ResolverWorld, make_resolver_world
from integration.visited import counted, explained

from broadcast.engine.resolver import ENDED_S
from broadcast.ledger.resolver import doubts
from broadcast.ledger.resolver.parked_rows import moment
from broadcast.ledger.resolver.reading import heads
from broadcast.store import plans
from broadcast.store.queries import sql

FEW, MANY = 40, 320
AN = 84961000000
# those who are in doubt now; the slices, when a receipt may be for one of these
GROW = {"open_doubts", "make_some_spans"}
TABLES = "sent, received, result, parked, slice, slice_span, in_doubt, worker, resolver, resolver_cursor, misfit, tally"


async def one_more(world: ResolverWorld, before: int) -> Counter[str]:
    """Rows visited, by query, when a message, its receipt and somebody in doubt come after so many of each."""
    conn = world.conn
    desk = await world.desk()
    for each in range(before):
        slice_id = await world.slice(
            [AN + 128 * each, AN + 128 * each + 64]
        )  # next to each other, as in a snapshot
        await world.commit({slice_id: {0: (f"a{each}",)}}, [(f"a{each}", AN + 128 * each, DELIVERED)])
        await world.doubt(slice_id, 1, sent_after=moment(NOW))
        await world.commit(received=[(f"b{each}", None, DELIVERED)], worker=1)
    await world.resolve(desk)
    await conn.execute(sql("make_some_spans"), 10_000)
    await conn.execute(
        """INSERT INTO worker (host, pid, expires_at, ended_at, last_batch)
           SELECT 'x', n, now(), now() - interval '1 day', 5 FROM generate_series(1, $1::integer) AS n""",
        before,
    )
    slice_id = await world.slice([AN + 128 * 9000, AN + 128 * 9000 + 64])
    await world.commit(
        {slice_id: {0: ("new",)}},
        [("new", AN + 128 * 9000, DELIVERED), ("c", AN + 128 * 9000 + 64, DELIVERED)],
    )
    await world.doubt(slice_id, 1, sent_after=moment(NOW))
    with counted(conn) as found:
        seen = await heads(conn, ENDED_S)
        while await desk.looks.look(conn, seen):
            pass
        await desk.ask(conn, seen)
        await conn.fetch(sql("resolver_hold"), desk.looks.holder, 5.0, None, [world.viettel], [seen.at])
    assert await world.receipts() == {"matched": before + 2, "parked": before}
    return found


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed while empty"])
async def test_the_next_look_costs_the_same(
    database_url: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, analysed: bool
) -> None:
    for name in ("EVERY_S", "SHARE", "COPIES_EVERY_S", "COPIES_SHARE"):
        monkeypatch.setattr(doubts, name, 0.0)
    await conn.execute(plans.LOOKS_UP)
    if analysed:
        await conn.execute(f"ANALYZE {TABLES}")
    world = await make_resolver_world(database_url, conn, monkeypatch)
    await explained(conn)
    few = await one_more(world, FEW)
    await conn.execute(f"TRUNCATE {TABLES.replace(', worker, resolver,', ',')}, carrier_tally CASCADE")
    await conn.execute(
        "UPDATE resolver SET no = 0; DELETE FROM worker WHERE host = 'x'; UPDATE worker SET last_batch = 0;"
    )
    world.batches.clear()
    many = await one_more(world, MANY)
    grown = {
        name: (few[name], rows)
        for name, rows in many.items()
        if rows > 2 * few[name] + 20 and name not in GROW
    }
    assert grown == {}
    assert {"read_sent", "read_received", "resolve", "places_of_people", "end_doubts"} <= many.keys()
