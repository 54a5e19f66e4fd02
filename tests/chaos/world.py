"""The processes of one run: databases, three SMSCs, workers and resolvers, where its topology has them.

Whatever a world starts has ended when its context ends. Times are of the monotonic clock, which all processes of a
machine share.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from chaos.database import Database, environment
from chaos.hosts import Network
from chaos.nation import CARRIERS, COUNTRY, Carrier, carriers_toml, personality
from chaos.schedule import Schedule
from chaos.topology import CHILD, Topology
from waiting import until

START_S: Final = 60.0  # for processes to be ready, on a machine that has much to do
RESOLVED_S: Final = 120.0  # whatever else is broken meanwhile
PORT: Final = 5432
STARTED: Final = re.compile(r"\b(?:worker|resolver)_started\b")  # in a log
AGAIN_S: Final = 0.5  # before a process that ended is started again


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
    """databases: all of the topology, not started yet. processes: by place. ways: to databases on hosts of their own.
    ended: processes that ended though nobody killed them."""

    folder: Path
    topology: Topology
    databases: Mapping[str, Database]
    network: Network | None = None
    smscs: dict[str, Smsc] = field(default_factory=dict)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ways: list[asyncio.subprocess.Process] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    starts: int = 0
    launched_at: float = 0.0
    _watching: set["asyncio.Task[None]"] = field(default_factory=set)
    _expected: set[int] = field(default_factory=set)

    @property
    def config(self) -> str:
        return f"{COUNTRY}{os.pathsep}{self.folder / 'carriers.toml'}"

    @property
    def home(self) -> Database:
        return self.databases[self.topology.home]

    @property
    def ledgers(self) -> list[Database]:
        return [self.databases[name] for name in self.topology.ledgers]

    @property
    def urls(self) -> dict[str, str]:
        """Of the ledgers that are not home, for the processes of the run."""
        return {each.name: each.url for each in self.ledgers if each is not self.home}

    async def start(self, plan: Schedule) -> None:
        """Databases, SMSCs and the ways to them; nothing of ours."""
        await asyncio.gather(*(asyncio.to_thread(each.server.start) for each in self.databases.values()))
        await asyncio.gather(*(self._start_smsc(carrier, plan) for carrier in CARRIERS))
        if self.network is not None:
            await asyncio.gather(*(self._start_way(each, self.network) for each in self.databases.values()))
        addresses = {name: (smsc.host, smsc.port) for name, smsc in self.smscs.items()}
        ledgers = self.topology.ledgers if self.topology.several else None
        (self.folder / "carriers.toml").write_text(carriers_toml(addresses, ledgers, plan.home_away))

    async def at(self, seconds: float) -> None:
        """Wait until so long after the launch."""
        await asyncio.sleep(max(0.0, self.launched_at + seconds - time.monotonic()))

    async def work(self) -> None:
        """Every slot bound and the whole TPS of every carrier granted; nothing is sent yet."""
        for place in self.topology.places:
            await self.start_in(place)
        await until(self._all_granted, "all workers bound, all TPS granted", START_S)
        await until(self._all_resolving, "every carrier has a resolver", START_S)
        await asyncio.sleep(1.1)  # grants are in force after a window

    async def _start_smsc(self, carrier: Carrier, plan: Schedule) -> None:
        path, ready = self.folder / f"{carrier.name}.toml", self.folder / f"{carrier.name}.ready"
        path.write_text(personality(carrier, plan.habits[carrier.name], plan.seed))
        host = self.network.hosts[carrier.name] if self.network else "127.0.0.1"
        words = ["-m", "chaos.smsc", "--personality", str(path), "--ready-file", str(ready), "--host", host]
        words += [f"--account={account}" for account in self.topology.accounts(carrier.name)]
        process = await self._spawn(carrier.name, carrier.name, words, stdin=asyncio.subprocess.PIPE)
        await until(ready.exists, f"the simulator of {carrier.name} is ready", START_S)
        told = json.loads(ready.read_text())
        self.smscs[carrier.name] = Smsc(carrier, process, host, told["port"], told["book_port"])

    async def _start_way(self, database: Database, network: Network) -> None:
        """The database's host."""
        name, host = database.name, network.hosts[database.name]
        socket = database.server.socket_folder / f".s.PGSQL.{PORT}"
        self.ways.append(await self._spawn(name, name, ["-m", "chaos.way", host, str(PORT), str(socket)]))
        database.url = f"postgresql://broadcast@{host}:{PORT}/broadcast"
        await until((self.folder / f"{name}.log").read_text, f"the way to {name} is open", START_S)

    async def start_in(self, place: str) -> None:
        """A new process in this place."""
        self.starts += 1
        name = f"{place}-{self.starts}"
        words = ["-m", "broadcast", *self.topology.places[place].words]
        if self.topology.resolvers and place in self.topology.workers:
            words.append("--no-resolver")
        process = await self._spawn(name, place, words)
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
        if STARTED.search((self.folder / f"{name}.log").read_text(errors="replace")):
            self.ended.append(f"{name} ended by itself with {code}")
        await asyncio.sleep(AGAIN_S)
        await self.start_in(place)

    async def _spawn(
        self, name: str, host: str, words: Sequence[str], stdin: int = asyncio.subprocess.DEVNULL
    ) -> asyncio.subprocess.Process:
        """name: of its log. host: where it runs, if there are hosts."""
        with (self.folder / f"{name}.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *self.python(host), *words, stdin=stdin, stdout=log, stderr=log,
                env={
                    **environment(self.home.url, self.config, self.urls),
                    "PYTHONPATH": str(Path(__file__).parents[1]),
                    "BROADCAST_TRACE": "1",
                },
            )  # fmt: skip

    def python(self, host: str) -> tuple[str, ...]:
        """The words before a command's there."""
        return (*(self.network.inside(host) if self.network else ()), sys.executable)

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
        child, _, ledger = target.partition(" ")
        workers = self.topology.workers_of(ledger) if ledger else self.topology.workers
        parents = workers if child == CHILD else (target,)

        def found() -> bool:
            alive.clear()
            for process in (self.processes[place] for place in parents):
                if process.returncode is None:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        known = psutil.Process(process.pid)
                        alive.extend(known.children() if child == CHILD else [known])
            return bool(alive)

        alive: list[psutil.Process] = []
        await until(found, f"there is a resolver ({target})", RESOLVED_S)
        return alive[0]

    async def resolved_until(self, moment: datetime) -> None:
        """Wait until whatever was committed before has been dealt with."""

        async def resolved() -> bool:
            rows = await self.everywhere(
                "SELECT bool_and(resolved_until >= $1) AS resolved FROM resolver", moment
            )
            return all(row["resolved"] for row in rows)

        await until(resolved, "receipts are resolved again", RESOLVED_S)

    async def everywhere(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of all ledgers; again until they are there."""
        found = await asyncio.gather(*(each.fetch(query, *values) for each in self.ledgers))
        return [row for rows in found for row in rows]

    async def _all_granted(self) -> bool:
        rows = await self.everywhere(
            """SELECT carrier.tps, sum(granted_tps) AS granted, bool_and(bound) AS bound
                 FROM bind_slot JOIN carrier USING (carrier_no) GROUP BY carrier.carrier_no"""
        )
        return len(rows) == self._parts and all(row["bound"] and row["granted"] == row["tps"] for row in rows)

    async def _all_resolving(self) -> bool:
        rows = await self.everywhere("SELECT count(holder) AS held FROM resolver")
        return sum(row["held"] for row in rows) >= self._parts

    @property
    def _parts(self) -> int:
        """Carriers, one that is split counted in each of its ledgers."""
        return sum(map(len, self.topology.ledgers.values()))

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
        await _killed(self.ways)


async def _ended(process: asyncio.subprocess.Process, what: str) -> None:
    try:
        await asyncio.wait_for(process.wait(), 20)
    except TimeoutError:
        print(f"{what} had to be killed")
        await _killed([process])


async def _killed(processes: Iterable[asyncio.subprocess.Process]) -> None:
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()
