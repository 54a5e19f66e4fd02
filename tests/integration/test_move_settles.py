"""Who was under way in the ledger of before is settled by the resolver, as everybody else."""

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID, uuid5

import pytest
from integration.old_ledger import AT, NAMES, PEOPLE, OldLedger, make_schema
from integration.resolver_world import ResolverWorld, packed_receipts

from broadcast.ledger import recount
from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.states import RecipientState
from broadcast.store import migrations, plans
from broadcast.store.pool import connect
from broadcast.store.queries import sql

LATER = int(AT.timestamp() * 1_000_000) + 4 * 86_400 * 1_000_000
OPEN = """SELECT o.carrier_no, o.smsc_id, s.msisdns[o.ordinal + 1] AS msisdn
            FROM (SELECT carrier_no, slice_id, ordinal, segments, smsc_id FROM open_submission WHERE state IS NULL
                   UNION ALL SELECT carrier_no, slice_id, ordinal, segments, smsc_id FROM submission) AS o
            JOIN slice AS s USING (slice_id) WHERE o.segments > 0"""


async def resolve(world: ResolverWorld, profile: IdProfile | None = None) -> None:
    """By resolvers that have just started, until nothing is left to do."""
    await world.conn.execute(sql("resolver_rows"))
    for carrier in world.carriers:
        await world.resolve(await world.desk(carrier, profile))


async def counted(old: OldLedger, campaign_id: int) -> Counter[int]:
    """Its people by state."""
    found: Counter[int] = Counter()
    async with old.conn.transaction(isolation="repeatable_read", readonly=True):
        await old.conn.execute(plans.SETS)
        async for rows in recount.slices(old.conn, campaign_id):
            people = recount.folded(rows)
            assert people.problems == ()
            found.update(state for state in people.state.tolist() if state)
    return found


async def states(old: OldLedger, campaign_id: int) -> dict[int, int]:
    """Everybody's, by number."""
    found: dict[int, int] = {}
    async with old.conn.transaction(isolation="repeatable_read", readonly=True):
        await old.conn.execute(plans.SETS)
        async for rows in recount.slices(old.conn, campaign_id):
            people = recount.folded(rows)
            assert people.problems == ()
            found |= {n: s for n, s in zip(people.msisdn.tolist(), people.state.tolist(), strict=True) if s}
    return found


def hexes() -> Iterator[str]:
    """Numbers as the ledger before had them, be they told in decimal or hex; some with letters, some with none."""
    return (str(number) for number in range(16, 1_000_000, 7))


def uuids() -> Iterator[str]:
    return (str(uuid5(UUID(int=1), str(number))) for number in range(1_000_000))


def hex_of(smsc_id: str) -> str:
    return f"{int(smsc_id):08X}"


async def tallied(old: OldLedger, campaign_id: int) -> Counter[int]:
    row = await old.conn.fetchrow(
        f"SELECT {', '.join(f'sum({each.column})' for each in RecipientState)} FROM tally WHERE campaign_id = $1",
        campaign_id,
    )
    assert row is not None
    return +Counter({int(state): int(count) for state, count in zip(RecipientState, row, strict=True)})


async def test_receipts_that_come_after_the_move_settle_who_was_under_way(empty_database_url: str) -> None:
    """Those of the ring, which came before it, do so at once; and of no segment two are needed."""
    conn = await connect(empty_database_url, check_schema=False)
    await make_schema(conn)
    old = OldLedger(conn, 1)
    await old.make_carriers()
    running = [await old.campaign(f"of {segments}", segments) for segments in (1, 2, 5)]
    over = await old.campaign("over", 5, closed=True, finished=True)
    await old.park(20)
    was = {
        number: Counter(row["state"] for row in await conn.fetch(PEOPLE, number))
        for number in (*running, over)
    }
    opened = await conn.fetch(OPEN)
    ring = {receipt[-1] for receipt in old.unmet}
    await conn.execute(
        "INSERT INTO carrier_tally (carrier_no, shard, received) SELECT carrier_no, 0, n"
        " FROM unnest($1::int[], $2::int[]) AS new (carrier_no, n)",
        old.carriers, [sum(receipt[0] == number for receipt in old.unmet) for number in old.carriers],
    )  # fmt: skip

    await migrations.migrate(conn)
    world = ResolverWorld(conn, empty_database_url, dict(zip(NAMES, old.carriers, strict=True)), 0, [])
    await resolve(world)

    for number in (*running, over):
        assert await counted(old, number) == await tallied(old, number)
    assert (await counted(old, running[0]))[3] < was[running[0]][
        3
    ]  # of one segment: the ring's receipts ended some
    assert await conn.fetchval("SELECT sum(receipts) FROM parked") == 20

    worker = await conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at, last_batch) VALUES ('here', 1, now() + interval '1 h', 1)"
        " RETURNING worker_no"
    )
    for carrier_no in old.carriers:
        receipts = [
            (row["smsc_id"], row["msisdn"], 8)
            for row in opened
            if row["carrier_no"] == carrier_no and row["smsc_id"] not in ring
        ]
        await conn.execute(
            "INSERT INTO received VALUES ($1, $2, 1, $3, $4)",
            carrier_no, worker, len(receipts), packed_receipts(receipts, LATER),
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO carrier_tally (carrier_no, shard, received) VALUES ($1, $2, $3)",
            carrier_no, worker, len(receipts),
        )  # fmt: skip
    await resolve(world)

    for number in (*running, over):
        found = await counted(old, number)
        assert found == await tallied(old, number)
        assert found[3] == 0 and found[4] == 0
        assert found.total() == was[number].total()
        assert all(found[state] == was[number][state] for state in (1, 2, 5, 6, 9))
        assert found[7] + found[8] == was[number][7] + was[number][8] + was[number][3] + was[number][4]
    assert await conn.fetchval("SELECT count(*) FROM received") == 0
    await conn.close()


@pytest.mark.parametrize(
    ("profile", "ids", "told"),
    [
        (IdProfile(response_id="hex", receipt_id="decimal"), hexes, lambda smsc_id: f"{int(smsc_id):012}"),
        (IdProfile(response_id="decimal", receipt_id="hex"), hexes, hex_of),
        (IdProfile(response_id="hex", receipt_id="hex"), hexes, hex_of),
        (IdProfile(), uuids, str.upper),
        (IdProfile(id_zeros="strip"), hexes, lambda smsc_id: f"000{smsc_id}"),
    ],
)
async def test_ids_that_an_smsc_spells_otherwise_settle_who_moved_person_by_person(
    empty_database_url: str, profile: IdProfile, ids: Callable[[], Iterator[str]], told: Callable[[str], str]
) -> None:
    """Moved ids are in one spelling already; receipts come after the move as the SMSC spells them, and restarts between
    them change nothing."""
    conn = await connect(empty_database_url, check_schema=False)
    await make_schema(conn)
    old = OldLedger(conn, 5)
    old.ids = ids()
    await old.make_carriers()
    running = await old.campaign("running", 2)
    was = {row["msisdn"]: row["state"] for row in await conn.fetch(PEOPLE, running)}
    opened = [row for row in await conn.fetch(OPEN) if row["smsc_id"] not in {each[-1] for each in old.unmet}]
    await migrations.migrate(conn)
    worker = await conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at, last_batch) VALUES ('here', 1, now() + interval '1 h', 0)"
        " RETURNING worker_no"
    )
    failed = {row["msisdn"] for row in opened if row["msisdn"] % 3 == 0}
    world = ResolverWorld(conn, empty_database_url, dict(zip(NAMES, old.carriers, strict=True)), 0, [])
    for batch in (1, 2):
        for carrier_no in old.carriers:
            receipts = [
                (told(row["smsc_id"]), row["msisdn"], 7 if row["msisdn"] in failed else 8)
                for row in opened[batch - 1 :: 2]
                if row["carrier_no"] == carrier_no
            ]
            await conn.execute(
                "INSERT INTO received VALUES ($1, $2, $3, $4, $5)",
                carrier_no, worker, batch, len(receipts), packed_receipts(receipts, LATER),
            )  # fmt: skip
        await conn.execute("UPDATE worker SET last_batch = $1", batch)
        await resolve(world, profile)

    found = await states(old, running)
    assert found.keys() == was.keys() and 3 not in found.values()
    for msisdn, state in was.items():
        if state != 3:
            assert found[msisdn] == state
        elif msisdn in failed:
            assert found[msisdn] == 7
        else:  # its first segment may have had another receipt before the move
            assert found[msisdn] in (7, 8)
    assert await conn.fetchval("SELECT count(*) FROM parked") == 0
    await conn.close()
