"""Workers that are late, dead, or frozen with a lock in their hands."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from waiting import PATIENCE_S, until

from broadcast.audience.carriers import sync_carriers
from broadcast.config import Config
from broadcast.engine.leases import Leases
from broadcast.errors import FencedError
from broadcast.store.pool import connect
from broadcast.store.queries import sql


async def overdue(conn: asyncpg.Connection, config: Config) -> Leases:
    """A worker whose lease ended 2 s ago."""
    late = await Leases.register(conn, config, "there", 1)
    await conn.execute(
        "UPDATE worker SET expires_at = now() - interval '2 s' WHERE worker_no = $1", late.worker_no
    )
    return late


async def reaped(conn: asyncpg.Connection, by: Leases, late: Leases) -> None:
    """Not before the server itself is a lease old."""
    while await conn.fetchval("SELECT ended_at FROM worker WHERE worker_no = $1", late.worker_no) is None:
        await by.renew(conn)
        await by.reap(conn)
        await asyncio.sleep(0.1)


async def test_who_is_late_after_an_outage_is_not_reaped(conn: asyncpg.Connection, config: Config) -> None:
    """However old the server is: a promoted standby may have run for months."""
    late = await overdue(conn, config)
    other = await Leases.register(conn, config, "here", 2)
    await other.reap(conn)
    await late.renew(conn)
    assert await conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NULL") == 2


async def test_who_is_late_itself_reaps_nobody(conn: asyncpg.Connection, config: Config) -> None:
    """After a failover its next round of reaping may come before its own renewal."""
    other = await Leases.register(conn, config, "here", 2)
    await overdue(conn, config)
    other.reaps_from = other.valid_until = 0.0
    await conn.execute("UPDATE worker SET expires_at = now() - interval '1 hour'")
    while await conn.fetchval(  # noqa: ASYNC110
        "SELECT pg_postmaster_start_time() > clock_timestamp() - make_interval(secs => $1)", 6.0
    ):
        await asyncio.sleep(0.1)
    await other.reap(conn)
    assert await conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NULL") == 2


async def test_who_stays_away_is_reaped_and_told(
    conn: asyncpg.Connection, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = await overdue(conn, config)
    other = await Leases.register(conn, config, "here", 2)
    other.reaps_from = 0.0
    await asyncio.wait_for(reaped(conn, other, late), PATIENCE_S)
    with pytest.raises(FencedError):
        await late.renew(conn)


async def test_who_is_started_in_its_place_takes_what_a_dead_one_held(
    conn: asyncpg.Connection, config: Config
) -> None:
    """Nobody else's, and nobody's who said goodbye."""
    place, elsewhere = uuid4(), uuid4()
    dead = await Leases.register(conn, config, "here", 1, place)
    others = [
        await Leases.register(conn, config, "here", 2, elsewhere),
        await Leases.register(conn, config, "here", 3),
    ]
    await Leases.register(conn, config, "here", 4, place)
    ended = await conn.fetch("SELECT worker_no FROM worker WHERE ended_at IS NOT NULL")
    assert [row["worker_no"] for row in ended] == [dead.worker_no]
    with pytest.raises(FencedError):
        await dead.renew(conn)
    for other in others:
        await other.renew(conn)


async def shared(conn: asyncpg.Connection, workers: list[Leases], rounds: int) -> set[int]:
    """Rounds of heartbeats; links are bound and closed at once. The numbers of those that gave a slot up."""
    gave_up = set()
    for _ in range(rounds):
        for leases in workers:
            await leases.reap(conn)
            bound = {
                (carrier_no, slot_no) for carrier_no, slot_no, _ in await slots_of(conn, leases.worker_no)
            }
            for change in await leases.share_slots(conn, bound, lambda *_: None, {}):
                for slot_no in change.given_up:
                    gave_up.add(leases.worker_no)
                    await leases.release_slot(conn, change.carrier_no, slot_no)
    return gave_up


def with_sessions(config: Config, sessions: Mapping[str, int]) -> Config:
    """By carrier."""
    carriers = {
        name: replace(carrier, binds=(replace(carrier.binds[0], sessions=sessions[name]),))
        for name, carrier in config.carriers.items()
    }
    return replace(config, carriers=carriers)


async def slots_of(conn: asyncpg.Connection, worker_no: int) -> list[asyncpg.Record]:
    return await conn.fetch(
        "SELECT carrier_no, slot_no, granted_tps FROM bind_slot WHERE worker_no = $1 ORDER BY 1, 2", worker_no
    )


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_who_is_started_in_a_place_gets_the_slots_and_nobody_else_moves(
    conn: asyncpg.Connection, config: Config, which: int
) -> None:
    """Every slot that moves costs its TPS a window, and a bind."""
    sessions = {"viettel": 4, "vinaphone": 5, "mobifone": 3}
    config = with_sessions(config, sessions)
    await sync_carriers(conn, config)
    places = [uuid4() for _ in range(3)]
    workers = [await Leases.register(conn, config, "here", pid, place) for pid, place in enumerate(places, 1)]
    await shared(conn, workers, 6)
    before = [await slots_of(conn, worker.worker_no) for worker in workers]
    assert sorted(map(len, before)) == [3, 4, 5]
    workers[which] = await Leases.register(conn, config, "here", 4, places[which])
    turns = [*workers[which + 1 :], *workers[: which + 1]]
    assert await shared(conn, turns, 3) == set()
    assert [await slots_of(conn, worker.worker_no) for worker in workers] == before


async def test_a_grant_is_lowered_before_the_commit_that_gives_it_away(
    conn: asyncpg.Connection, config: Config
) -> None:
    """Law 4: what cannot be lowered is not given away."""
    await sync_carriers(conn, config)
    first = await Leases.register(conn, config, "here", 1)
    await shared(conn, [first], 2)
    before = await slots_of(conn, first.worker_no)
    assert [row["granted_tps"] for row in before] == [1000, 1000, 1000]
    await Leases.register(conn, config, "there", 2)

    def lower(carrier_no: int, tps: int) -> None:
        if tps < 1000:
            raise RuntimeError("not lowered")

    with pytest.raises(RuntimeError, match="not lowered"):
        await first.share_slots(conn, {(row["carrier_no"], row["slot_no"]) for row in before}, lower, {})
    assert await slots_of(conn, first.worker_no) == before


async def test_a_worker_frozen_amid_a_group_does_not_keep_its_leases(
    database_url: str, conn: asyncpg.Connection, config: Config
) -> None:
    """Its group holds its row, and a server waits for the next statement without an end."""
    frozen = await overdue(conn, config)
    other = await Leases.register(conn, config, "here", 2)
    other.reaps_from = 0.0
    its = await connect(database_url)
    await its.fetchval(sql("name_session"), f"broadcast writer {frozen.worker_no}")
    await its.execute("BEGIN")
    assert await its.fetchrow(sql("hold_worker"), frozen.worker_no, 1) is not None
    await asyncio.wait_for(reaped(conn, other, frozen), PATIENCE_S)
    await until(its.is_closed, "its session has ended")


async def test_the_last_slices_get_the_whole_tps(conn: asyncpg.Connection, config: Config) -> None:
    """A worker that finds nothing more to send leaves its part to those that have some, and gets it back."""
    config = with_sessions(config, dict.fromkeys(config.carriers, 6))
    await sync_carriers(conn, config)
    workers = [await Leases.register(conn, config, "here", pid) for pid in (1, 2, 3)]
    await shared(conn, workers, 6)
    carrier_nos = {row["carrier_no"] for each in workers for row in await slots_of(conn, each.worker_no)}

    async def granted(*idle: Leases) -> list[int]:
        for _ in range(3):
            for leases in workers:
                held = await slots_of(conn, leases.worker_no)
                bound = {(carrier_no, slot_no) for carrier_no, slot_no, _ in held}
                nothing = dict.fromkeys(carrier_nos, 0) if leases in idle else {}
                await leases.share_slots(conn, bound, lambda *_: None, nothing)
        slots = [await slots_of(conn, each.worker_no) for each in workers]
        return [sum(row["granted_tps"] for row in held) for held in slots]

    even = await granted()
    assert sum(even) == 3000 and min(even) > 900
    assert await granted(*workers[1:]) == [3000, 0, 0]
    assert await granted(workers[0]) == [0, 1500, 1500]
    assert await granted(*workers) == even
    assert await granted() == even
