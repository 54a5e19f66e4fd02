"""The processes of one run: a database, three SMSCs, three workers, resolvers; and a campaign to send.

Whatever a world starts has ended when its context ends. Times are of the monotonic clock, which all processes of a
machine share.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import psutil
from chaos.database import environment
from chaos.hosts import Network
from chaos.nation import CARRIERS, COUNTRY, TEXT, Carrier, carriers_toml, personality
from chaos.schedule import CHILD, RESOLVER_PLACES, WORKERS, Schedule
from waiting import until

from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import content
from broadcast.campaign.launch import launch
from broadcast.config import load
from broadcast.store.embedded import Server
from broadcast.store.failures import MENDABLE
from broadcast.store.pool import connect

START_S: Final = 60.0  # for processes to be ready, on a machine that has much to do
RESOLVED_S: Final = 120.0  # whatever else is broken meanwhile
LIFETIME_S: Final = 600.0  # of a campaign that does not expire: longer than any run
GRACE_S: Final = 1
DATABASE: Final = "database"  # its host
PORT: Final = 5432
AGAIN_S: Final = 0.5  # before a process that ended is started again
# Two have a supervisor, which takes over from a killed worker at once; the lease of the third must run out.
PLACES: Final = {
    "w1": ("worker", "--place", str(UUID(int=1))),
    "w2": ("worker", "--place", str(UUID(int=2))),
    "w3": ("worker",),
    "r1": ("resolver",),
    "r2": ("resolver",),
}


@dataclass
class Smsc:
    """A simulator's process."""

    carrier: Carrier
    process: asyncio.subprocess.Process
    host: str
    port: int
    book_port: int

    def tell(self, *words: object) -> None:
        """A command of smsc.py."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")


@dataclass
class World:
    """processes: by place: workers, w1 to w3, and resolvers that are no child of one. alone: workers start no resolver.
    ended: processes that ended though nobody killed them."""

    folder: Path
    server: Server
    network: Network | None = None
    smscs: dict[str, Smsc] = field(default_factory=dict)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    alone: bool = False
    starts: int = 0
    url: str = ""  # of the database, for workers on hosts of their own
    way: asyncio.subprocess.Process | None = None
    launched_at: float = 0.0
    _watching: set["asyncio.Task[None]"] = field(default_factory=set)
    _expected: set[int] = field(default_factory=set)

    @property
    def config(self) -> str:
        return f"{COUNTRY}{os.pathsep}{self.folder / 'carriers.toml'}"

    async def start(self, plan: Schedule) -> None:
        """Everything up, every slot bound and the whole TPS of every carrier granted; nothing is sent yet."""
        await asyncio.to_thread(self.server.start)
        await asyncio.gather(*(self._start_smsc(carrier, plan) for carrier in CARRIERS))
        if self.network is not None:
            await self._start_way(self.network)
        addresses = {name: (smsc.host, smsc.port) for name, smsc in self.smscs.items()}
        (self.folder / "carriers.toml").write_text(carriers_toml(addresses))
        resolvers = RESOLVER_PLACES[plan.resolvers]
        self.alone = bool(resolvers)
        for place in (*resolvers, *(f"w{place}" for place in range(1, WORKERS + 1))):
            await self.start_in(place)
        await until(self._all_granted, "all workers bound, all TPS granted", START_S)
        await until(self._all_resolving, "every carrier has a resolver", START_S)
        await asyncio.sleep(1.1)  # grants are in force after a window

    async def _start_smsc(self, carrier: Carrier, plan: Schedule) -> None:
        path, ready = self.folder / f"{carrier.name}.toml", self.folder / f"{carrier.name}.ready"
        path.write_text(personality(carrier, plan.habits[carrier.name], plan.seed))
        host = self.network.hosts[carrier.name] if self.network else "127.0.0.1"
        words = ["-m", "chaos.smsc", "--personality", str(path), "--ready-file", str(ready), "--host", host]
        process = await self._spawn(carrier.name, carrier.name, words, stdin=asyncio.subprocess.PIPE)
        await until(ready.exists, f"the simulator of {carrier.name} is ready", START_S)
        told = json.loads(ready.read_text())
        self.smscs[carrier.name] = Smsc(carrier, process, host, told["port"], told["book_port"])

    async def _start_way(self, network: Network) -> None:
        """The database's host."""
        host = network.hosts[DATABASE]
        socket = self.server.socket_folder / f".s.PGSQL.{PORT}"
        self.way = await self._spawn(DATABASE, DATABASE, ["-m", "chaos.way", host, str(PORT), str(socket)])
        self.url = f"postgresql://broadcast@{host}:{PORT}/broadcast"
        await until((self.folder / f"{DATABASE}.log").read_text, "the way to the database is open", START_S)

    async def start_in(self, place: str) -> None:
        """A new process in this place."""
        self.starts += 1
        name = f"{place}-{self.starts}"
        more = ["--no-resolver"] if self.alone and place.startswith("w") else []
        process = await self._spawn(name, place, ["-m", "broadcast", *PLACES[place], *more])
        self.processes[place] = process
        watching = asyncio.create_task(self._watch(place, name, process), name=f"watch {name}")
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)

    async def _watch(self, place: str, name: str, process: asyncio.subprocess.Process) -> None:
        """None ever ends by itself, unless there is no database when it starts: it says so, and who supervises it
        tries again. If one ends all the same the run goes on with another, and fails."""
        code = await process.wait()
        if process.pid in self._expected:
            return
        if " started\n" in (self.folder / f"{name}.log").read_text(errors="replace"):
            self.ended.append(f"{name} ended by itself with {code}")
        await asyncio.sleep(AGAIN_S)
        await self.start_in(place)

    async def _spawn(
        self, name: str, host: str, words: Sequence[str], stdin: int = asyncio.subprocess.DEVNULL
    ) -> asyncio.subprocess.Process:
        """name: of its log. host: where it runs, if there are hosts."""
        inside = self.network.inside(host) if self.network else ()
        with (self.folder / f"{name}.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *inside, sys.executable, *words, stdin=stdin, stdout=log, stderr=log,
                env={
                    **environment(self.url or self.server.url(), self.config),
                    "PYTHONPATH": str(Path(__file__).parents[1]),
                    "BROADCAST_TRACE": "1",
                },
            )  # fmt: skip

    async def kill(self, place: str) -> bool:
        """-9. False when it had ended, for want of a database, and comes back by itself."""
        process = self.processes[place]
        if process.returncode is not None:
            return False
        self._expected.add(process.pid)
        process.kill()
        await process.wait()
        return True

    async def resolver(self, target: str) -> psutil.Process:
        """In this place, or the child of whichever worker has one; waited for, if it is not there."""

        def found() -> bool:
            alive.clear()
            for process in self.processes.values() if target == CHILD else [self.processes[target]]:
                if process.returncode is None:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        known = psutil.Process(process.pid)
                        alive.extend(known.children() if target == CHILD else [known])
            return bool(alive)

        alive: list[psutil.Process] = []
        await until(found, f"there is a resolver ({target})", START_S)
        return alive[0]

    async def resolved_until(self, moment: datetime) -> None:
        """Wait until whatever was committed before has been dealt with."""

        async def resolved() -> bool:
            rows = await self.fetch("SELECT bool_and(resolved_until >= $1) AS resolved FROM resolver", moment)
            return bool(rows[0]["resolved"])

        await until(resolved, "receipts are resolved again", RESOLVED_S)

    async def launch(self, plan: Schedule) -> Campaign:
        """One campaign to everybody, from now on."""
        config = load([Path(each) for each in self.config.split(os.pathsep)])
        made = content(
            text=TEXT,
            sender="BOYTE",
            carriers=tuple(config.carriers),
            category="emergency",
            expires_at=datetime.now(UTC) + timedelta(seconds=plan.expires_s or LIFETIME_S),
            in_doubt_policy=plan.policy,
            grace_s=GRACE_S,
        )
        async with self.connected() as conn:
            drafted = await campaigns.draft(conn, "chaos", made, "an")
            approved = await campaigns.approve(conn, drafted, "binh", drafted.code)
            launched = await launch(conn, config, approved, "an")
        self.launched_at = time.monotonic()
        return launched

    @asynccontextmanager
    async def connected(self) -> "AsyncIterator[asyncpg.Connection]":
        connection = await connect(self.server.url())
        try:
            yield connection
        finally:
            connection.terminate()

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """The rows; again until the database is there."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                async with self.connected() as conn:
                    rows: list[asyncpg.Record] = await conn.fetch(query, *values)
                    return rows
            except MENDABLE:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _all_granted(self) -> bool:
        rows = await self.fetch(
            """SELECT carrier.tps, sum(granted_tps) AS granted, bool_and(bound) AS bound
                 FROM bind_slot JOIN carrier USING (carrier_no) GROUP BY carrier.carrier_no"""
        )
        return len(rows) == len(CARRIERS) and all(
            row["bound"] and row["granted"] == row["tps"] for row in rows
        )

    async def _all_resolving(self) -> bool:
        rows = await self.fetch("SELECT count(holder) AS held FROM resolver")
        return bool(rows[0]["held"] >= len(CARRIERS))

    async def close(self) -> None:
        """End all processes, the frozen ones too."""
        for place, process in self.processes.items():
            self._expected.add(process.pid)
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                await _ended(process, place)
        for smsc in self.smscs.values():
            assert smsc.process.stdin is not None
            if smsc.process.returncode is None:
                smsc.process.send_signal(signal.SIGCONT)
                smsc.process.stdin.close()
                await _ended(smsc.process, smsc.carrier.name)
        if self.way is not None and self.way.returncode is None:
            self.way.kill()
            await self.way.wait()


async def _ended(process: asyncio.subprocess.Process, what: str) -> None:
    try:
        await asyncio.wait_for(process.wait(), 20)
    except TimeoutError:
        print(f"{what} had to be killed")
        process.kill()
        await process.wait()
