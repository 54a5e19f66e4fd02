"""How fast a choice among many subscribers is counted, and taken: as ratios in one run. Not a test; by hand:

    PYTHONPATH=. python tests/bench/bench_selection.py URL [PEOPLE]

URL: of a migrated, empty database, by its owner; it is filled, and not emptied. Told are the bare count(*) of the list,
the count by areas, a filter and languages, and people a second of the snapshot's read and write, of everybody and of a
choice; before there are statistics of the list and after.
"""

import asyncio
import sys
import time
from pathlib import Path

import asyncpg

from broadcast.audience.snapshot import Cutter, audience, take_snapshot
from broadcast.campaign import choosing
from broadcast.campaign.plan import Plan
from broadcast.config import Config, load
from broadcast.ids import CampaignId
from broadcast.rules.standing import reasons
from broadcast.store.pool import connect

LANGUAGES = ("vi", "en", "km", "zh-Hans", "cjm")
AREAS = tuple(f"A{number}" for number in range(1, 41))
CHOICE = Plan(areas=AREAS, where="age_band <= 60 and not institution = 'school'", own_language=True)
FILL = (
    "INSERT INTO carrier (name, tps) VALUES ('viettel', 1000), ('vinaphone', 1000), ('mobifone', 1000)",
    "INSERT INTO area (code, name, kind, source, as_of) SELECT 'A' || n, 'P ' || n, 'province', 'bench', now()"
    " FROM generate_series(1, 40) AS n",
    "INSERT INTO attribute VALUES ('age_band', 'number'), ('institution', 'text'), ('pregnant', 'boolean')",
    """INSERT INTO profile (area, language, attributes)
       SELECT 'A' || a, l, jsonb_build_object('age_band', b * 20, 'institution', i, 'pregnant', p)
         FROM generate_series(1, 40) AS a, unnest('{vi,en,km,zh-Hans,cjm}'::text[]) AS l, generate_series(1, 4) AS b,
              unnest('{school,hospital,none}'::text[]) AS i, unnest('{true,false}'::boolean[]) AS p""",
)


async def main(url: str, people: int) -> None:
    conn, config = await connect(url), load([Path("config/vietnam.toml")])
    for each in FILL:
        await conn.execute(each)
    await conn.execute(
        """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, opted_out_at, profile_no)
           SELECT m, m % 64, 1 + m % 3, 1, CASE WHEN m % 50 = 0 THEN now() END, (m * 48271 % 2147483647) % 4801
             FROM generate_series(84320000000::bigint, 84320000000 + $1::bigint - 1) AS m""",
        people,
    )
    for what in ("never analysed", "after VACUUM ANALYZE"):
        print(what)
        for label, plan in (("everybody", Plan()), ("a choice", CHOICE)):
            await measure(conn, config, label, plan)
        await conn.execute("VACUUM ANALYZE subscriber")
    await conn.close()


async def measure(conn: asyncpg.Connection, config: Config, label: str, plan: Plan) -> None:
    began = time.perf_counter()
    await conn.fetchval("SELECT count(*) FROM subscriber")
    bare = time.perf_counter() - began
    began = time.perf_counter()
    found = await choosing.counted_by(conn, config, plan, ("viettel", "vinaphone", "mobifone"), LANGUAGES)
    counted = time.perf_counter() - began
    taken, seconds = await snapshot(conn, config, plan)
    assert taken == sum(each.people for each in found)
    print(
        f"  {label}: count {counted:.3f} s, {counted / bare:.2f} of a bare count(*) ({bare:.2f} s); "
        f"snapshot {taken / seconds:,.0f} people/s"
    )


async def snapshot(conn: asyncpg.Connection, config: Config, plan: Plan) -> tuple[int, float]:
    """Taken, and undone. How many, and seconds."""
    transaction = conn.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        number = await conn.fetchval(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                     in_doubt_policy, grace_s, expires_at, drafted_by, launching)
               VALUES ('bench', 'health', 5, 'BOYTE', 'a', 'gsm0338', '{}', false, 'hold', 60, now() + interval '1 h',
                       'an', pg_current_xact_id()) RETURNING campaign_id"""
        )
        began = time.perf_counter()
        choice = await choosing.chosen(conn, config, plan, LANGUAGES)
        rows = await conn.fetch("SELECT carrier_no FROM carrier")
        carriers = [row["carrier_no"] for row in rows]
        cutter = Cutter(conn, CampaignId(number), dict.fromkeys(carriers, config.engine.slice_size))
        groups = audience(conn, carriers, reasons(), choice)
        await take_snapshot(groups, lambda carrier_no, _: (cutter, carrier_no))
        seconds = time.perf_counter() - began
        slices = await conn.fetchval("SELECT sum(total)::bigint FROM slice WHERE campaign_id = $1", number)
        left = await conn.fetchval(
            "SELECT coalesce(sum(cardinality(msisdns)), 0)::bigint FROM exclusion WHERE campaign_id = $1",
            number,
        )
        return slices + left, seconds
    finally:
        await transaction.rollback()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000_000))
