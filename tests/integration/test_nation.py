"""The national figures are those of the tallies, cost little however much was before, and go on without a ledger."""

from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest
from integration.close_world import CloseWorld, make_close_world
from integration.nation_world import NationWorld, ledger
from integration.steps import by
from integration.visited import counted, explained
from waiting import until

from broadcast.actions import launch as launching
from broadcast.diagnosis.finding import Code
from broadcast.engine.handset import HandsetTimes
from broadcast.ids import CarrierNo
from broadcast.reports import nation_reading
from broadcast.reports.audit import record
from broadcast.reports.nation import Audited
from broadcast.reports.nation_databases import HOME
from broadcast.reports.nation_reading import NationReading, read
from broadcast.reports.whole import Whole
from broadcast.store.failures import MENDABLE


@pytest.fixture
async def people(conn: asyncpg.Connection) -> CloseWorld:
    """Some of each."""
    world = await make_close_world(conn)
    await world.accepted(range(84320000000, 84320000030))
    await world.waiting(range(84320000030, 84320000050))
    await world.doubted(range(84320000050, 84320000055), carrier_no=world.other_no)
    await world.set("audience = 55")
    return world


async def test_a_campaign_is_what_its_tallies_say(people: CloseWorld) -> None:
    now = await read(people.conn)
    (typhoon,) = now.campaigns
    assert (typhoon.name, typhoon.state, typhoon.category, typhoon.audience) == (
        "typhoon", "running", "emergency", 55,
    )  # fmt: skip
    assert {state: count for state, count in typhoon.states.items() if count} == await people.balanced()
    assert typhoon.carriers["mobifone"]["in_doubt"] == 5
    watched = (await Whole(people.conn, None, typhoon.campaign_id).progress()).total
    assert typhoon.states == watched.states
    assert (typhoon.sent, typhoon.to_send) == (watched.sent, watched.to_send)
    assert typhoon.sent_share == 35 / 55
    assert (typhoon.audited, typhoon.forecast_end_at) == (None, None)
    assert Code.NO_WORKER in {each.code for each in typhoon.findings}
    assert [each.name for each in now.carriers] == ["viettel", "mobifone"]
    assert (now.carriers[0].tps, now.carriers[0].states["accepted"]) == (1000, 30)
    (home,) = now.ledgers
    assert (home.name, home.home, home.up, home.workers) == (HOME, True, True, 0)
    assert home.database is not None
    assert home.database.size > 1_000_000
    assert home.database.partitions["tally"] == 1


async def test_a_campaign_is_shown_for_an_hour_after_its_end(people: CloseWorld) -> None:
    ended = await people.conn.fetchval(
        "UPDATE campaign SET finished_at = now(), state = 'finished' RETURNING finished_at"
    )
    assert len((await read(people.conn, None, ended + timedelta(minutes=59))).campaigns) == 1
    late = await read(people.conn, None, ended + timedelta(minutes=61))
    assert late.campaigns == ()
    assert sum(late.carriers[0].states.values()) == 0


async def test_the_last_recount_is_told(people: CloseWorld) -> None:
    number = (await read(people.conn)).campaigns[0].campaign_id
    await record(people.conn, number, ["one", "two"])
    await record(people.conn, number, ["one"])
    at = await people.conn.fetchval("SELECT max(at) FROM campaign_event")
    assert (await read(people.conn)).campaigns[0].audited == Audited(1, at)


async def test_the_end_is_foreseen_by_what_leaves(
    people: CloseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = NationReading(people.conn)
    now = await people.conn.fetchval("SELECT now()")
    await reading.read(now)
    await people.conn.execute("UPDATE tally SET waiting = 10, accepted = accepted + 10 WHERE waiting > 0")
    later = await reading.read(now + timedelta(seconds=10))
    assert later.campaigns[0].forecast_end_at == now + timedelta(seconds=20)


async def test_former_campaigns_cost_nothing(people: CloseWorld) -> None:
    """Nor what they left: recounts, tallies, slices, link tests, receipts that fitted nothing."""
    await explained(people.conn)
    visits = []
    for former in (0, 100, 1000):
        await add_former(people.conn, former)
        with counted(people.conn) as found:
            assert len((await read(people.conn)).campaigns) == 1
        visits.append(
            {name: rows for name, rows in found.items() if name.startswith(("nation_", "database_"))}
        )
    assert len(visits[0]) >= 7
    for fewer, more in pairwise(visits):
        assert more.keys() == fewer.keys()
        for name in fewer:
            assert more[name] <= fewer[name] + 10, name


async def add_former(conn: asyncpg.Connection, count: int) -> None:
    """Campaigns that ended long ago, never analysed."""
    await conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at, finished_at)
           SELECT gen_random_uuid()::text, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                  in_doubt_policy, grace_s, expires_at, 'finished', drafted_by, now() - interval '9 days',
                  now() - interval '8 days'
             FROM campaign, generate_series(1, $1::integer) AS n WHERE finished_at IS NULL""",
        count,
    )
    await conn.execute(
        """INSERT INTO campaign_event (campaign_id, actor, event, details)
           SELECT campaign_id, 'w', 'audited', '{"differences": 0}' FROM campaign WHERE finished_at IS NOT NULL"""
    )
    await conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, delivered)
           SELECT campaign_id, 1, 1, 1 FROM campaign WHERE finished_at IS NOT NULL ON CONFLICT DO NOTHING"""
    )
    await conn.execute(
        """INSERT INTO worker (host, pid, expires_at, ended_at)
           SELECT 'x', n, now(), now() FROM generate_series(1, $1::integer) AS n""",
        count,
    )
    await conn.execute(
        """INSERT INTO link_test (carrier_no, bind_no, address, at, state)
           SELECT 1, n, 'x', now() - interval '2 days' - n * interval '1 second', 'open'
             FROM generate_series(1, $1::integer) AS n ON CONFLICT DO NOTHING""",
        count,
    )


async def test_how_soon_receipts_came_of_late(people: CloseWorld) -> None:
    """Summed over resolvers and minutes; what is older is not of late."""
    for _ in range(2):
        times = HandsetTimes()
        times.add(CarrierNo(people.carrier_no), {0: 10, 9: 10})
        await times.write(people.conn)
    await people.conn.execute(
        """INSERT INTO handset_minute
           VALUES ($1, now() - interval '6 min', '{"500": 9}'), ($1, now() - interval '11 min', '{"500": 9}')""",
        people.carrier_no,
    )
    viettel, mobifone = (await read(people.conn)).carriers
    assert viettel.handset_s == {0.5: 1.0, 0.9: 9.8, 0.99: pytest.approx(9.98)}
    assert (viettel.usual_handset_s, mobifone.handset_s) == ({}, {})
    times.add(CarrierNo(people.carrier_no), {0: 1})
    await times.write(people.conn)
    assert await people.conn.fetchval("SELECT count(*) FROM handset_minute WHERE within ? '500'") == 1


async def test_only_a_few_are_diagnosed_at_a_time_and_all_in_turn(
    people: CloseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nation_reading, "DIAGNOSED", 1)
    monkeypatch.setattr(nation_reading, "DIAGNOSE_S", 0.0)
    await people.conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at)
           SELECT 'flood', category, priority, sender, text, alphabet, carriers, hears_opted_out,
                  in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at FROM campaign"""
    )
    await people.conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, waiting)
           SELECT campaign_id, 1, 7, 3 FROM campaign WHERE name = 'flood'"""
    )
    reading = NationReading(people.conn)
    assert [bool(each.findings) for each in (await reading.read()).campaigns] == [True, False]
    assert [bool(each.findings) for each in (await reading.read()).campaigns] == [True, True]


async def test_what_is_wrong_is_asked_for_every_other_second(
    people: CloseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = NationReading(people.conn)
    first = (await reading.read()).campaigns[0].findings
    assert first
    await people.conn.execute("UPDATE campaign SET state = 'paused'")
    assert (await reading.read()).campaigns[0].findings == first
    monkeypatch.setattr(nation_reading, "DIAGNOSE_S", 0.0)
    assert (await reading.read()).campaigns[0].findings != first


async def test_home_away_is_told_to_the_caller(people: CloseWorld) -> None:
    reading = NationReading(people.conn)
    await reading.read()
    people.conn.terminate()
    with pytest.raises(MENDABLE):
        await reading.read()


async def test_two_ledgers_are_one_nation_also_while_one_is_away(nation: NationWorld) -> None:
    await nation.simulate("viettel", "mobifone", people=20)
    await nation.begin({"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")})
    for name in ("north", "south"):
        nation.work(name)
    campaign = await by("an", launching.launch, nation.session, (await nation.rig.approved()).name)
    await nation.finish(campaign)
    reading = NationReading(nation.rig.conn, nation.rig.config)
    whole = await reading.read()
    (alert,) = whole.campaigns
    assert (alert.audience, sum(alert.states.values())) == (40, 40)
    assert {name: sum(states.values()) for name, states in alert.carriers.items()} == {
        "viettel": 20, "mobifone": 20,
    }  # fmt: skip
    assert [(each.name, each.up) for each in whole.ledgers] == [
        (HOME, True),
        ("north", True),
        ("south", True),
    ]

    south = await nation.conn("south").fetchval("SELECT current_database()")
    await nation.rig.conn.execute(f"ALTER DATABASE {south} ALLOW_CONNECTIONS false")
    await nation.rig.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", south
    )
    try:

        async def away() -> bool:
            return (await reading.read()).away == ("south",)

        await until(away, "the south is away")
        assert (await reading.read()).campaigns[0].states == alert.states
        reading.renew(nation.rig.conn)  # as after a loss of home: what the south said stands
        again = await reading.read()
        assert (again.away, again.campaigns[0].states) == (("south",), alert.states)
        new = await read(nation.rig.conn, nation.rig.config)
        assert (new.away, new.campaigns[0].whole, again.campaigns[0].whole) == (("south",), False, True)
    finally:
        await nation.rig.conn.execute(f"ALTER DATABASE {south} ALLOW_CONNECTIONS true")

    async def back() -> bool:
        return (await reading.read()).away == ()

    await until(back, "the south is back")
    reading.close()
