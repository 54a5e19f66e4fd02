"""The primary dies amid a campaign and its standby is promoted: the same URL, and nothing that was acked is missing."""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from acting import make_people
from integration.arrivals import arrivals
from integration.rig import make_rig
from waiting import until

from broadcast.config import Config, Engine
from broadcast.errors import DatabaseDownError, TooSlowError
from broadcast.store import binaries, migrations, pool, system_user
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home
from broadcast.store.system_user import Owner

TPS = 500
SECONDS = 5
LEASE_S = 5.0
FULL_AGAIN_S = 5.0
OPTIONS = "-c fsync=off -c shared_buffers=64MB -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"


@dataclass
class Node:
    """A PostgreSQL of its own, on a TCP port."""

    folder: Path
    owner: Owner
    programs: Path
    port: int

    def run(self, program: str, *words: object) -> None:
        """One of PostgreSQL's programs; raises when it fails."""
        done = self.owner.run(
            [self.programs / program, *map(str, words)], folder=self.folder.parent, timeout_s=60
        )
        assert done.returncode == 0, done.stderr

    def start(self, more: str = "") -> None:
        options = f"-p {self.port} {OPTIONS} {more}"
        self.run("pg_ctl", "start", "-w", "-D", self.folder, "-l", f"{self.folder}.log", "-o", options)

    def control(self, *words: str) -> None:
        self.run("pg_ctl", *words, "-w", "-D", self.folder)


@pytest.fixture
def pair() -> Iterator[tuple[Node, Node]]:
    """A primary that commits when its standby has it too, and the standby."""
    with scratch_home("standby") as home:
        owner = system_user.owner()
        owner.make_folder(home / "pg")
        programs = binaries.copied_to(home) if owner.switch else binaries.in_wheel()
        if not (programs / "pg_basebackup").is_file():
            pytest.skip("no pg_basebackup with this PostgreSQL")
        primary, standby = (Node(home / "pg" / name, owner, programs, _port()) for name in ("one", "two"))
        primary.run("initdb", "-D", primary.folder, "-U", "boyte", "-A", "trust", "-E", "UTF8", "--no-locale")
        primary.start("-c synchronous_standby_names=*")
        source = f"host=127.0.0.1 port={primary.port} user=boyte"
        standby.run("pg_basebackup", "-D", standby.folder, "-d", source, "-R", "-c", "fast", "-X", "stream")
        standby.start()
        try:
            yield primary, standby
        finally:
            for node in (primary, standby):
                if (node.folder / "postmaster.pid").exists():
                    node.control("stop", "-m", "immediate")


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@pytest.mark.alone
async def test_a_campaign_goes_on_at_the_promoted_standby(
    pair: tuple[Node, Node], tmp_path: Path, config: Config
) -> None:
    primary, standby = pair
    url = f"postgresql://boyte@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    conn = await connect(url, check_schema=False)
    await migrations.migrate(conn)
    await make_people(conn)
    rig = None
    try:
        async with make_rig(tmp_path, url, conn, config) as rig:
            smsc = await rig.smsc("viettel", tps=TPS, receipt_delay_s=0.1, record=100_000)
            rig.connect("viettel", TPS, window=200)
            rig.config = replace(rig.config, engine=Engine())
            await rig.subscribers("viettel", TPS * SECONDS)
            for _ in range(2):
                rig.worker(url)

            async def shared() -> bool:
                held = await conn.fetch("SELECT worker_no FROM bind_slot WHERE bound AND granted_tps > 0")
                return len({row["worker_no"] for row in held}) == 2

            await until(shared, "both hold a part of the TPS")
            binds = (await smsc.book())["binds"]
            campaign = await rig.launch()
            await rig.reached(campaign, TPS, "accepted", "delivered")
            gone_at = time.time()
            await asyncio.to_thread(primary.control, "stop", "-m", "immediate")
            with pytest.raises(DatabaseDownError, match="accepts writes"):
                await connect(url)
            await asyncio.sleep(LEASE_S)
            await asyncio.to_thread(standby.control, "promote")
            back_at = time.time()
            conn.terminate()
            rig.conn = await connect(url)
            states = await rig.finish(campaign)
            book, seen = await smsc.book(), await arrivals(smsc)
            before = seen.fullest(gone_at)
            full_s = seen.full_from(back_at, before) - back_at
            print(f"{before} a second again {full_s:.1f} s after the promotion")
            assert states == {"delivered": TPS * SECONDS}
            assert await rig.conn.fetchval("SELECT count(*) FROM in_doubt") == 0
            assert await rig.conn.fetchval("SELECT count(*) FROM worker WHERE ended_at IS NOT NULL") == 0
            assert (book["extra_copies"], book["binds"], book["throttled"]) == (0, binds, 0)
            assert book["receipts"]["sent"] == book["receipts"]["acked"] == TPS * SECONDS
            assert await rig.conn.fetchval("SELECT sum(received) FROM carrier_tally") == TPS * SECONDS
            assert full_s < FULL_AGAIN_S
    finally:
        conn.terminate()
        if rig is not None:
            rig.conn.terminate()


async def test_a_first_host_that_is_silent_does_not_keep_us_from_the_second(pair: tuple[Node, Node]) -> None:
    primary, _ = pair
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://boyte@127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{primary.port}/postgres"
        began = time.monotonic()
        connection = await connect(url, check_schema=False, timeout_s=0.5)
        assert time.monotonic() - began < 8  # of the 10 that a connect has
        peer = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4000
        await connection.close()


async def test_a_wait_has_an_end_even_in_a_transaction(database_url: str) -> None:
    """A cancellation would have asyncpg wait for the server once more."""
    connection, other = await connect(database_url), await connect(database_url)
    await other.execute("BEGIN; LOCK TABLE worker")
    began = time.monotonic()
    with (
        pytest.raises(TooSlowError),
        pool.within(connection, 0.3),
    ):
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM worker")
    assert time.monotonic() - began < 20  # it would for ever
    assert connection.is_closed()
    await other.close()
