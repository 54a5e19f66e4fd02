"""The snapshot conserves: audience = slices + exclusions = tallies, and everybody is in it exactly once."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import asyncpg
from acting import acting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.audience.carriers import sync_carriers
from broadcast.audience.snapshot import Cutter, Snapshot, audience, take_snapshot
from broadcast.config import Config
from broadcast.ids import CampaignId
from broadcast.rules.standing import EVERYBODY, Reasons, reasons
from broadcast.store.pool import connect
from broadcast.store.queries import sql

USUAL = reasons()
ALL = ("viettel", "vinaphone", "mobifone", "vietnamobile", "gmobile")


async def campaign(conn: asyncpg.Connection) -> int:
    made: int = await conn.fetchval(
        "INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,"
        " in_doubt_policy, grace_s, expires_at, drafted_by)"
        " VALUES (gen_random_uuid(), 'health', 5, 'BOYTE', 'a', 'gsm0338',"
        " '{}', false, 'hold', 60, now() + interval '1 h', 'ann') RETURNING campaign_id"
    )
    return made


async def people(conn: asyncpg.Connection, carrier_no: int, count: int, opted_out: int) -> None:
    await conn.execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, opted_out_at)"
        " SELECT m, m % 64, $1, 1, CASE WHEN m - $2::bigint < $4::bigint THEN now() END"
        " FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) AS m",
        carrier_no,
        84_000_000_000 + carrier_no * 10_000_000,
        count,
        opted_out,
    )


async def check_conserved(
    conn: asyncpg.Connection, campaign_id: int, taken: Snapshot, numbers: list[int]
) -> None:
    slices = await conn.fetch("SELECT * FROM slice WHERE campaign_id = $1", campaign_id)
    exclusions = await conn.fetch("SELECT * FROM exclusion WHERE campaign_id = $1", campaign_id)
    tallies = await conn.fetch("SELECT * FROM tally WHERE campaign_id = $1", campaign_id)
    assert all(row["total"] == len(row["msisdns"]) for row in slices)
    assert all(
        (row["state"], row["mark"], row["shard_free"]) == ("ready", 0, True) for row in map(_plain, slices)
    )
    placed = [msisdn for row in (*slices, *exclusions) for msisdn in row["msisdns"]]
    assert sorted(placed) == sorted(numbers)
    assert taken.audience == len(numbers) == taken.waiting + sum(taken.excluded.values())
    waiting, excluded = Counter[int](), Counter[int]()
    for row in slices:
        waiting[row["carrier_no"]] += row["total"]
    for row in exclusions:
        excluded[row["carrier_no"]] += len(row["msisdns"])
    assert Counter({row["carrier_no"]: row["waiting"] for row in tallies}) == waiting
    assert Counter({row["carrier_no"]: row["excluded"] for row in tallies}) == excluded
    assert {row["shard"] for row in tallies} <= {0}
    rest = "in_doubt + accepted + unknown + expired + rejected + undeliverable + delivered + segments"
    assert not await conn.fetchval(f"SELECT sum({rest}) FROM tally WHERE campaign_id = $1", campaign_id)


async def take(
    conn: asyncpg.Connection,
    campaign_id: int,
    carriers: Sequence[str],
    size: int,
    left_out: Reasons = USUAL,
) -> Snapshot:
    """Into the same database, as a launch does where home is the only ledger."""
    rows = await conn.fetch(sql("audience_carriers"), list(carriers))
    sizes = {row["carrier_no"]: min(size, max(row["tps"], 20)) for row in rows if row["tps"] is not None}
    cutter = Cutter(conn, CampaignId(campaign_id), sizes)
    wanted = [row["carrier_no"] for row in rows]
    groups = audience(conn, wanted, left_out)
    async with conn.transaction(isolation="repeatable_read"):
        await conn.execute(
            "UPDATE campaign SET launching = pg_current_xact_id() WHERE campaign_id = $1", campaign_id
        )
        async with acting(conn, "an"):
            await take_snapshot(groups, lambda carrier_no, _: (cutter, carrier_no))
            return await cutter.tallied()


def _plain(row: asyncpg.Record) -> dict[str, object]:
    return {**row, "shard_free": row["worker_no"] is None and row["token"] == 0}


async def test_slices_and_exclusions(conn: asyncpg.Connection, config: Config) -> None:
    numbers = await sync_carriers(conn, config)
    await people(conn, numbers["viettel"], 4_501, 500)
    await people(conn, numbers["mobifone"], 10, 0)
    await people(conn, numbers["vinaphone"], 7, 0)  # not in the campaign
    await people(conn, numbers["gmobile"], 30_001, 3)
    campaign_id = await campaign(conn)
    taken = await take(conn, campaign_id, ("viettel", "mobifone", "gmobile"), 2_000)
    assert taken == Snapshot(34_512, 4_011, {"opted_out": 500, "not_connected": 30_001})
    sizes = await conn.fetch("SELECT name, total FROM slice JOIN carrier USING (carrier_no)")
    assert sorted(map(tuple, sizes)) == [
        ("mobifone", 10),
        ("viettel", 1),
        *[("viettel", 1_000)] * 4,  # its TPS, which is less than the 2,000 asked for
    ]
    rows = await conn.fetch("SELECT reason, cardinality(msisdns) FROM exclusion")
    assert sorted(map(tuple, rows)) == [("not_connected", 1), ("not_connected", 30_000), ("opted_out", 500)]
    audience = await conn.fetch(
        "SELECT msisdn FROM subscriber WHERE carrier_no <> $1 ORDER BY msisdn", numbers["vinaphone"]
    )
    await check_conserved(conn, campaign_id, taken, [row["msisdn"] for row in audience])


async def test_an_emergency_reaches_those_who_opted_out(conn: asyncpg.Connection, config: Config) -> None:
    numbers = await sync_carriers(conn, config)
    await people(conn, numbers["viettel"], 10, 4)
    await people(conn, numbers["gmobile"], 5, 2)
    taken = await take(conn, await campaign(conn), ALL, 2_000, EVERYBODY)
    assert taken == Snapshot(15, 10, {"not_connected": 5})


async def test_nobody(conn: asyncpg.Connection, config: Config) -> None:
    await sync_carriers(conn, config)
    assert await take(conn, await campaign(conn), ALL, 10) == Snapshot(0, 0, {})
    assert await conn.fetchval("SELECT count(*) FROM tally") == 0


async def test_an_import_meanwhile_is_not_seen(
    database_url: str, conn: asyncpg.Connection, config: Config
) -> None:
    numbers = await sync_carriers(conn, config)
    await people(conn, numbers["viettel"], 100, 10)
    other = await connect(database_url)
    async with conn.transaction(isolation="repeatable_read"):
        assert await conn.fetchval("SELECT count(*) FROM subscriber") == 100
        await other.execute("UPDATE subscriber SET opted_out_at = now()")
        await people(other, numbers["mobifone"], 50, 0)
        taken = await take(conn, await campaign(conn), ALL, 30)
    assert taken == Snapshot(100, 90, {"opted_out": 10})
    await other.close()


people_of_a_carrier = st.integers(0, 60).flatmap(
    lambda count: st.tuples(st.just(count), st.integers(0, count))
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    counts=st.lists(people_of_a_carrier, min_size=5, max_size=5),
    chosen=st.sets(st.sampled_from(ALL), min_size=1),
    size=st.integers(1, 70),
    emergency=st.booleans(),
)
def test_conservation(
    database_url: str,
    config: Config,
    counts: list[tuple[int, int]],
    chosen: set[str],
    size: int,
    emergency: bool,
) -> None:
    async def run() -> None:
        conn = await connect(database_url)
        await conn.execute("TRUNCATE subscriber")
        numbers = await sync_carriers(conn, config)
        for name, (count, opted_out) in zip(ALL, counts, strict=True):
            await people(conn, numbers[name], count, opted_out)
        campaign_id = await campaign(conn)
        taken = await take(conn, campaign_id, sorted(chosen), size, EVERYBODY if emergency else USUAL)
        rows = await conn.fetch(
            "SELECT msisdn FROM subscriber WHERE carrier_no = ANY($1)", [numbers[name] for name in chosen]
        )
        await check_conserved(conn, campaign_id, taken, [row["msisdn"] for row in rows])
        biggest = await conn.fetchval("SELECT max(total) FROM slice WHERE campaign_id = $1", campaign_id)
        assert (biggest or 0) <= size
        await conn.close()

    asyncio.run(run())
