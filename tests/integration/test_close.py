"""The end of things: who is resent, who expires, when a campaign waits no longer, when it is finished."""

import asyncio

import asyncpg
import pytest
from integration.close_world import CloseWorld, make_close_world
from waiting import until

from broadcast.campaign.orders import end_stopped
from broadcast.ledger.close import RESENDS_MOST, Steady, tidy
from broadcast.store.locks import Lock
from broadcast.store.pool import connect
from broadcast.store.queries import sql

NUMBER = 84321000001


@pytest.fixture
async def world(conn: asyncpg.Connection) -> CloseWorld:
    return await make_close_world(conn)


class Always(Steady):
    """What a worker has seen that has run for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def seen(self, lags: dict[int, float], now: float | None = None) -> dict[int, float]:  # type: ignore[override]
        return dict.fromkeys(lags, self.seconds)


# ------------------------------------------------------------------ who is resent


async def test_within_the_grace_period_nobody_is_resent_and_after_it_only_by_policy(
    world: CloseWorld,
) -> None:
    await world.set("grace_s = 3600")
    await world.doubted([NUMBER])
    await world.resolved()
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"in_doubt": 1}
    for held in ("in_doubt_policy = 'hold'", "in_doubt_policy = 'resend', state = 'paused'"):
        await world.set(f"grace_s = 0, {held}")
        await tidy(world.conn, 100, 1000.0)
        assert await world.balanced() == {"in_doubt": 1}
    await world.set("state = 'running'")
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"waiting": 1}
    named = await world.conn.fetch("SELECT msisdn FROM in_doubt WHERE ended_as = 'resent'")
    assert [row["msisdn"] for row in named] == [NUMBER]


async def test_who_is_resent_is_cut_into_slices(world: CloseWorld) -> None:
    await world.doubted([NUMBER + each for each in range(5)])
    await world.resolved()
    await tidy(world.conn, 2, 1000.0)
    rows = await world.conn.fetch("SELECT total, msisdns FROM slice WHERE resends ORDER BY slice_id")
    assert sorted(row["total"] for row in rows) == [1, 2, 2]
    assert sorted(number for row in rows for number in row["msisdns"]) == [NUMBER + each for each in range(5)]
    assert await world.balanced() == {"waiting": 5}


async def test_nobody_is_resent_while_receipts_wait_to_be_resolved(world: CloseWorld) -> None:
    """What came within the grace period may end the doubt: it counts once all of it is dealt with."""
    await world.resolved(ago="2 seconds")
    await world.doubted([NUMBER])
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"in_doubt": 1}
    await world.resolved()
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"waiting": 1}


async def test_a_resolver_that_is_behind_holds_up_its_own_carrier_only(world: CloseWorld) -> None:
    await world.doubted([NUMBER])
    await world.doubted([NUMBER + 1], carrier_no=world.other_no)  # that nobody ever resolved
    await world.resolved()
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"waiting": 1, "in_doubt": 1}
    await world.resolved(world.other_no)
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"waiting": 2}


async def test_an_outage_does_not_count_as_grace(world: CloseWorld) -> None:
    """Whoever was in doubt before it: receipts come when it is over, and are resolved a little later."""
    await world.set("grace_s = 30")
    await world.doubted([NUMBER])
    await world.conn.execute("UPDATE in_doubt SET since = now() - interval '2 minutes'")
    await world.resolved()
    await tidy(world.conn, 100, 1000.0, Always(29.0))
    assert await world.balanced() == {"in_doubt": 1}
    await tidy(world.conn, 100, 1000.0, Always(30.0))
    assert await world.balanced() == {"waiting": 1}


async def test_nobody_is_resent_for_ever(world: CloseWorld) -> None:
    """A carrier that takes everything and answers nothing: a bounded number of copies, then it is held."""
    await world.doubted([NUMBER])
    for _ in range(RESENDS_MOST):
        await world.resolved()
        await tidy(world.conn, 100, 1000.0)
        assert await world.balanced() == {"waiting": 1}
        assert await world.second_copies() == 1
    await world.resolved()
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"in_doubt": 1}


async def test_who_was_refused_and_is_in_doubt_over_another_messages_receipt_is_sent_again(
    world: CloseWorld,
) -> None:
    """Whatever the policy: a refusal is an answer, and the receipt belonged to a submission of another campaign."""
    await world.set("in_doubt_policy = 'hold'")
    await world.doubted([NUMBER], "receipt_after_refusal")
    await world.doubted([NUMBER + 1])
    await world.resolved()
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"in_doubt": 2}
    await world.conn.execute("UPDATE in_doubt SET since = now() - interval '31 seconds'")
    await tidy(world.conn, 100, 1000.0, Always(29.0))
    assert await world.balanced() == {"in_doubt": 2}
    await tidy(world.conn, 100, 1000.0)
    assert await world.balanced() == {"waiting": 1, "in_doubt": 1}
    assert await world.conn.fetchval("SELECT msisdns FROM slice WHERE resends") == [NUMBER]


def test_resolving_is_steady_since_a_carriers_last_gap() -> None:
    steady = Steady()
    seen = [
        steady.seen({1: lag}, now)[1] for lag, now in ((0.3, 100.0), (0.3, 101.0), (3.0, 104.0), (0.3, 105.0))
    ]
    assert seen == [0.0, 1.0, 4.0, 5.0]  # a moment behind, as it is now and then
    assert steady.seen({1: 0.3}, 111.0) == {1: 0.0}  # the database was away
    assert [steady.seen({1: 9.0, 2: 0.0}, now) for now in (112.0, 117.0, 118.0)] == [
        {1: 1.0, 2: 0.0},
        {1: 0.0, 2: 5.0},  # behind for long
        {1: 0.0, 2: 6.0},
    ]
    assert steady.seen({1: 0.3, 2: 0.0}, 119.0) == {1: 0.0, 2: 7.0}
    assert steady.seen({1: 0.3}, 120.0) == {1: 1.0}


# ------------------------------------------------------------------ who expires, who is excluded


@pytest.mark.parametrize(
    ("change", "state", "ended"),
    [
        ("state = 'cancelled'", "excluded", "cancelled"),
        ("expires_at = now() - interval '1 minute'", "expired", "expired"),
    ],
)
async def test_who_still_waits_has_an_end_without_any_worker(
    world: CloseWorld, change: str, state: str, ended: str
) -> None:
    await world.waiting([NUMBER, NUMBER + 1])
    await world.doubted([NUMBER + 2])
    await world.set(change)
    await end_stopped(world.conn)
    assert await world.balanced() == {state: 2, "in_doubt": 1}
    states = await world.conn.fetch("SELECT state FROM slice ORDER BY slice_id")
    assert [row["state"] for row in states] == [ended, "done"]


# ------------------------------------------------------------------ when it waits no longer


async def overdue(world: CloseWorld) -> None:
    await world.set("expires_at = now() - interval '1 hour', in_doubt_policy = 'hold'")


async def test_a_campaign_that_waits_no_longer_knows_nothing_of_the_rest(world: CloseWorld) -> None:
    await world.accepted([NUMBER, NUMBER + 1], segments=3)
    await world.doubted([NUMBER + 2])
    await world.waiting([NUMBER + 3])
    await overdue(world)
    assert await tidy(world.conn, 100, 7200.0) == []
    assert await world.balanced() == {"accepted": 2, "in_doubt": 1, "expired": 1}
    assert await tidy(world.conn, 100, 1800.0) == [world.campaign_id]
    assert await world.balanced() == {"unknown": 3, "expired": 1}
    ended = await world.conn.fetchrow("SELECT ended_as, ended_at FROM in_doubt")
    campaign = await world.conn.fetchrow("SELECT state, closed_at, finished_at FROM campaign")
    assert ended is not None and campaign is not None
    assert ended["ended_as"] == "closed"
    assert campaign["state"] == "finished" and campaign["closed_at"] <= campaign["finished_at"]
    assert await tidy(world.conn, 100, 1800.0) == []
    assert await world.conn.fetchval("SELECT closed_at FROM campaign") == campaign["closed_at"]


async def test_who_is_accepted_or_in_doubt_after_it_closed_is_unknown_a_round_later(
    world: CloseWorld,
) -> None:
    """Somebody whose answer was on its way is in doubt by the slice's mark, so it is not finished."""
    await world.accepted([NUMBER])
    await overdue(world)
    await world.conn.execute("UPDATE tally SET in_doubt = 2")  # in flight
    assert await tidy(world.conn, 100, 1.0) == []
    closed_at = await world.conn.fetchval("SELECT closed_at FROM campaign")
    await world.conn.execute("UPDATE tally SET in_doubt = in_doubt - 2 WHERE shard = 1")
    await world.accepted([NUMBER + 1])
    await world.doubted([NUMBER + 2])
    assert await tidy(world.conn, 100, 1.0) == [world.campaign_id]
    assert await world.balanced() == {"unknown": 3}
    assert await world.conn.fetchval("SELECT closed_at FROM campaign") == closed_at


async def test_no_campaign_is_closed_amid_a_resolvers_commit(world: CloseWorld, database_url: str) -> None:
    """Whether what it ends was accepted or unknown is the same from its first statement to its commit."""
    await world.accepted([NUMBER])
    await overdue(world)
    resolver, watcher = await connect(database_url), await connect(database_url)
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_locks"
        f" WHERE locktype = 'advisory' AND objid = {Lock.CLOSING.value} AND NOT granted)"
    )
    async with resolver.transaction():
        await resolver.execute(sql("resolving_claim"))
        closing = asyncio.create_task(tidy(world.conn, 100, 1.0), name="tidy")
        await until(lambda: watcher.fetchval(waiting), "it waits for the resolver")
        assert await resolver.fetchval("SELECT closed_at FROM campaign") is None
        await resolver.execute(
            "UPDATE in_doubt SET ended_as = ended_as"
        )  # it wants rows, and nobody has them
        await resolver.execute("UPDATE tally SET accepted = accepted - 1, delivered = delivered + 1")
    assert await closing == [world.campaign_id]
    assert await watcher.fetchval("SELECT sum(unknown) FROM tally") == 0
    for connection in (resolver, watcher):
        await connection.close()


async def test_one_tidies_at_a_time(world: CloseWorld, database_url: str) -> None:
    other = await connect(database_url)
    async with other.transaction():
        assert await other.fetchval(sql("tidier_claim"))
        assert await tidy(world.conn, 100, 1.0) is None
    assert await tidy(world.conn, 100, 1.0) == []
    await other.close()
