"""The database goes away and comes back amid a campaign: nothing is lost, nothing doubled, and nobody starts anew."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from acting import make_people
from integration import steps
from integration.arrivals import arrivals
from integration.database_way import way_to_database
from integration.rig import Rig, Smsc, make_rig
from waiting import PATIENCE_S, until

from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Config, Engine
from broadcast.errors import FencedError
from broadcast.ledger.writer import Writer
from broadcast.store import migrations
from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

SMALL = {"shared_buffers": "64MB", "fsync": "off"}
TPS = 500
AWAY_S = 2.0
LEASE_S = 3.0
HANGS_S = 4.0
FULL_AGAIN_S = 5.0


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that may be stopped."""
    with scratch_home("away") as home:
        running = Server(home, {**SETTINGS, **SMALL}, passwords=False)
        running.start()
        yield running


@pytest.fixture
async def own_rig(tmp_path: Path, own_server: Server, config: Config) -> AsyncIterator[Rig]:
    """A rig on it, with an empty database."""
    admin = await connect(own_server.url("postgres"), check_schema=False)
    await admin.execute("DROP DATABASE IF EXISTS away WITH (FORCE)")
    await admin.execute("CREATE DATABASE away")
    await admin.close()
    url = own_server.url("away")
    conn = await connect(url, check_schema=False)
    await migrations.migrate(conn)
    await make_people(conn)
    async with make_rig(tmp_path, url, conn, config) as made:
        yield made
    await made.conn.close()


@dataclass
class Running:
    """A campaign under way at one carrier. binds: that there were before the database went away, which was
    later than `until` (POSIX)."""

    smsc: Smsc
    campaign: Campaign
    seconds: float
    binds: int
    until: float


async def under_way(rig: Rig, url: str, workers: int, seconds: float) -> Running:
    """So many seconds at full speed, by workers that reach the database at `url`."""
    smsc = await rig.smsc("viettel", tps=TPS, receipt_delay_s=0.1, record=100_000)
    rig.connect("viettel", TPS, sessions=2, window=200)
    rig.config = replace(rig.config, engine=Engine(lease_s=LEASE_S))
    await rig.subscribers("viettel", int(TPS * seconds))
    for _ in range(workers):
        rig.worker(url)

    async def shared() -> bool:
        held = await rig.conn.fetch("SELECT worker_no, granted_tps FROM bind_slot WHERE bound")
        return (
            len({row["worker_no"] for row in held}) == workers
            and sum(row["granted_tps"] for row in held) == TPS
        )

    await until(shared, "the workers hold the TPS")
    campaign = await rig.launch()
    await rig.reached(campaign, TPS, "accepted", "delivered")
    return Running(smsc, campaign, seconds, (await smsc.book())["binds"], time.time())


async def check(rig: Rig, running: Running, back_at: float) -> None:
    """Everybody got it once, by the same workers, over the same links, soon as fast again as before."""
    states = await rig.finish(running.campaign)
    book, seen = await running.smsc.book(), await arrivals(running.smsc)
    everybody = int(TPS * running.seconds)
    before = seen.fullest(running.until)
    full_s = seen.full_from(back_at, before) - back_at
    print(f"{before} a second again {full_s:.1f} s after it was back")
    assert states == {"delivered": everybody}
    assert await rig.conn.fetchval("SELECT count(*) FROM in_doubt") == 0
    assert await rig.conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NOT NULL") == 0
    assert (book["extra_copies"], book["binds"], book["throttled"]) == (0, running.binds, 0)
    assert book["receipts"]["sent"] == book["receipts"]["acked"] == everybody
    assert await rig.conn.fetchval("SELECT sum(received) FROM carrier_tally") == book["receipts"]["acked"]
    assert full_s < FULL_AGAIN_S


@pytest.mark.alone
async def test_stopped_at_once_and_started_again(own_server: Server, own_rig: Rig) -> None:
    running = await under_way(own_rig, own_rig.url, 1, 5)
    await asyncio.to_thread(own_server.stop, "immediate")
    await asyncio.sleep(AWAY_S)
    await asyncio.to_thread(own_server.start)
    back_at = time.time()
    own_rig.conn = await connect(own_rig.url)
    await check(own_rig, running, back_at)


@pytest.mark.alone
async def test_a_server_that_hangs_for_longer_than_a_lease(own_server: Server, own_rig: Rig) -> None:
    """Nobody could renew meanwhile: nobody is taken for dead."""
    running = await under_way(own_rig, own_rig.url, 2, 5)
    gone_at = time.time()
    pids = _processes(own_server)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(HANGS_S)
        stopped = (await running.smsc.book())["segments"]
        assert (await arrivals(running.smsc)).at[-1] < gone_at + 2
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert stopped < TPS * 5
    await check(own_rig, running, time.time())


def _processes(server: Server) -> list[int]:
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


@pytest.mark.alone
async def test_a_network_that_forgets_its_connections(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer and no end: every wait has an end of its own."""
    monkeypatch.setattr("broadcast.engine.tidier.WORK_S", 3.0)
    async with way_to_database(rig.folder, rig.url) as way:
        running = await under_way(rig, way.url, 1, 5)
        way.swallow()
        await asyncio.sleep(3.0)
        way.speak()
        await check(rig, running, time.time())
        await rig.stop(next(iter(rig.workers)))


@pytest.mark.alone
async def test_connections_that_end_between_a_commit_and_its_answer(rig: Rig) -> None:
    """The groups are in the ledger once; their receipts are acked."""
    async with way_to_database(rig.folder, rig.url) as way:
        running = await under_way(rig, way.url, 1, 3)
        way.cut_commits = 5
        await until(lambda: way.cut_commits == 0, "five commits are cut off")
        await check(rig, running, time.time())
        await rig.stop(next(iter(rig.workers)))


async def test_a_worker_that_alone_is_cut_off(rig: Rig) -> None:
    """It stops by itself, another does its work, and when it hears again it knows that its life is over."""
    async with way_to_database(rig.folder, rig.url) as way:
        running = await under_way(rig, way.url, 1, 8)
        cut_off = next(iter(rig.workers))
        rig.worker()
        await until(lambda: len(cut_off._shift._sessions.bound) == 1, "they share the links")
        await asyncio.sleep(1.5)
        silent_at = time.time()
        way.silence()
        await asyncio.sleep(LEASE_S + 2.0)
        way.speak()
        spoke_at = time.time()
        with pytest.raises(FencedError):
            await asyncio.wait_for(rig.workers.pop(cut_off), PATIENCE_S)
        states = await rig.finish(running.campaign)
        seen, book = await arrivals(running.smsc), await running.smsc.book()
        resent = await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE ended_as = 'resent'")
        its = seen.sessions_between(silent_at - 1.0, silent_at) - seen.sessions_between(
            silent_at + LEASE_S, spoke_at
        )
        assert len(its) == 1
        assert seen.last_of(its.pop()) < silent_at + LEASE_S
        assert states == {"delivered": TPS * 8}
        assert book["extra_copies"] <= resent <= 2 * 200 + TPS
        assert (book["max_per_second"] <= TPS, book["throttled"]) == (True, 0)


@pytest.mark.alone
async def test_a_pause_that_a_cut_off_worker_cannot_hear(rig: Rig) -> None:
    """Law 7: at a slow carrier it has recipients for seconds, and a lease for nearly as long; it stops all the same."""
    smsc = await rig.smsc("viettel", receipt_delay_s=0.1, response_delay_s=0.25, record=100_000)
    rig.connect("viettel", 1000, sessions=1, window=5)
    await rig.subscribers("viettel", 2000)
    async with way_to_database(rig.folder, rig.url) as way:
        made = rig.worker(way.url)
        campaign = await rig.launch()
        await rig.reached(campaign, 20, "accepted", "delivered")
        way.silence()
        await asyncio.sleep(0.1)
        await steps.pause(rig.conn, await campaigns.get(rig.conn, campaign.campaign_id), "binh")
        paused_at = time.time()
        await asyncio.sleep(3.5)
        way.speak()
        await asyncio.sleep(1.0)
        last = (await arrivals(smsc)).at[-1]
        print(f"last submit {last - paused_at:.2f} s after the pause")
        assert 0.3 < last - paused_at < 2.0
        await rig.stop(made)


async def test_receipts_without_end_while_nothing_can_be_written(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SMSC without a window: what is too much is left to it, the links stay, and in the end every receipt is in."""
    monkeypatch.setattr("broadcast.engine.incoming.KEPT_MOST", 200)
    monkeypatch.setattr("broadcast.engine.incoming.AWAY_S", 0.3)
    smsc = await rig.smsc(
        "viettel", receipt_delay_s=12.0, receipt_window=1_000_000, **{"session.enquire_link_s": 0.2}
    )
    rig.connect("viettel", 1500, window=1000)
    await rig.subscribers("viettel", 3000)
    async with way_to_database(rig.folder, rig.url) as way:
        made = rig.worker(way.url)
        campaign = await rig.launch()
        await rig.reached(campaign, 3000, "accepted")
        way.silence()
        lane = next(iter(made._shift._lanes.values()))

        async def all_sent() -> bool:
            return bool((await smsc.book())["receipts"]["sent"] == 3000 and lane._incoming._kept >= 200)

        async def answered() -> bool:
            accounts = (await smsc.get("/book/sessions"))["sessions"]
            return all(each["answered"] >= each["enquired"] - 1 > 15 for each in accounts)

        await until(all_sent, "the SMSC has sent every receipt, and more of them are kept than may be")
        await asyncio.sleep(1.0)
        await until(answered, "the links answer, whatever they leave unread")
        assert 200 <= lane._incoming._kept < 1500
        before = await smsc.book()
        assert (before["receipts"]["sent"], before["receipts"]["acked"], before["binds"]) == (3000, 0, 2)
        assert len(lane.links) == 2
        way.speak()
        assert await rig.finish(campaign) == {"delivered": 3000}
        book = await smsc.book()
        assert book["receipts"]["pending"] == 0
        assert book["binds"] > 2
        assert lane._incoming._kept == 0
        assert (book["extra_copies"], await rig.conn.fetchval("SELECT count(*) FROM in_doubt")) == (0, 0)
        await rig.stop(made)


async def test_a_writer_ends_in_the_middle_of_a_connect(tmp_path: Path) -> None:
    """A worker that is over must not wait for a server that never answers: it has a new life to begin."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / ".s.PGSQL.5432"))
        silent.listen()
        writer = Writer(
            lambda: connect(f"postgresql://broadcast@/away?host={tmp_path}"), 1, 0.0, lambda *_: None
        )
        writing = asyncio.create_task(writer.run())
        writer.journal.on_commit(lambda: None)
        await asyncio.sleep(0.2)
        writing.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert time.monotonic() - began < 8  # of the 10 that the connect has
