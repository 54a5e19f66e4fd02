"""A worker that stands still for longer than its lease, and wakes up."""

import asyncio
import time

import pytest
from integration.arrivals import arrivals
from integration.rig import Rig, freeze, thaw
from waiting import until

TPS = 600
FROZEN_S = 8.0  # the lease is 5 s
STILL_COMING_S = 2.0  # what was in the sockets when it froze, on a busy machine


@pytest.mark.long
async def test_it_sends_and_writes_nothing_under_its_old_lease(rig: Rig) -> None:
    """Another takes its work over; it begins a new life by itself, and works again."""
    smsc = await rig.smsc("viettel", tps=TPS, receipt_delay_s=0.2, record=100_000)
    rig.connect("viettel", TPS, sessions=2, window=200)
    await rig.subscribers("viettel", int(TPS * (FROZEN_S + 8)))
    victim = await rig.worker_process()
    await rig.worker_process()

    async def shared() -> bool:
        rows = await rig.conn.fetch("SELECT worker_no FROM bind_slot WHERE bound AND granted_tps > 0")
        return len({row["worker_no"] for row in rows}) == 2

    async def taken_over() -> bool:
        return (
            await rig.conn.fetchval(
                "SELECT sum(granted_tps) FROM bind_slot JOIN worker USING (worker_no) WHERE bound AND pid <> $1",
                victim.pid,
            )
            == TPS
        )

    await until(shared, "both hold a part of the TPS")
    campaign = await rig.launch()
    await rig.reached(campaign, 2 * TPS, "accepted", "delivered")
    freeze(victim)
    frozen_at = time.time()
    await asyncio.sleep(FROZEN_S)
    await until(taken_over, "the other holds the whole TPS")
    lives = await rig.conn.fetch("SELECT * FROM worker WHERE pid = $1", victim.pid)
    assert [life["ended_at"] is not None for life in lives] == [True]
    thaw(victim)
    woken_at = time.time()

    states = await rig.finish(campaign, FROZEN_S + 40)
    seen = await arrivals(smsc)
    book = await smsc.book()
    old = seen.sessions_between(0, frozen_at) - seen.sessions_between(frozen_at + STILL_COMING_S, woken_at)
    assert len(old) == 1
    assert seen.last_of(old.pop()) < frozen_at + STILL_COMING_S
    rows = await rig.conn.fetch("SELECT * FROM worker WHERE pid = $1 ORDER BY worker_no", victim.pid)
    assert len(rows) == 2
    assert rows[0]["last_batch"] == lives[0]["last_batch"]
    assert rows[1]["last_batch"] > 0
    assert seen.sessions_between(woken_at, time.time()) - seen.sessions_between(0, woken_at)
    resent = await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'")
    assert states == {"delivered": int(TPS * (FROZEN_S + 8))}
    assert book["extra_copies"] <= resent <= 2 * 200 + TPS
    assert (book["max_per_second"] <= TPS, book["throttled"]) == (True, 0)
