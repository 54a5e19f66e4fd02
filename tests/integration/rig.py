"""An engine test's world: simulated carriers as processes, workers here or as their own, a campaign to send."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg
from integration import steps
from integration.forked import Forked, forked
from waiting import PATIENCE_S, until

from broadcast.archive.books import books_of, snapshot
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import content
from broadcast.channel.channel import Channel
from broadcast.config import Bind, Carrier, Config
from broadcast.engine.resolver import Resolver
from broadcast.engine.worker import Worker
from broadcast.monitor.metrics import Metrics
from broadcast.reports.audit import audit
from broadcast.reports.everybody import compare_people, row
from broadcast.reports.people import Account, read
from broadcast.reports.simulated_book import read_book
from broadcast.smpp.channel import SmppChannel
from broadcast.store.address import as_user

TEXT = "Wash your hands often, wear a mask, stay at home."


@dataclass
class Smsc:
    """A simulator process and where its book is."""

    process: Forked
    port: int
    book_port: int

    async def book(self) -> dict[str, Any]:
        """Its own account, now."""
        return await self.get("/book")

    async def get(self, path: str) -> Any:
        """A page of its book (book_server.py)."""
        return await asyncio.to_thread(self._get, path)

    def people(self, message: int = 0) -> Account:
        """Everybody, as it told of them. message: of this one alone, numbered from 1; 0: of all."""
        url = f"http://127.0.0.1:{self.book_port}/book"
        if not message:
            return read_book(url).people
        with urlopen(f"{url}/people", timeout=PATIENCE_S) as lines:
            return read(line for line in lines if line.split(b" ", 2)[1] == b"%d" % message)

    def _get(self, path: str) -> Any:
        with urlopen(f"http://127.0.0.1:{self.book_port}{path}", timeout=PATIENCE_S) as response:
            return json.load(response)


@dataclass
class Rig:
    """Everything of one test; `finish` waits for the campaign and checks both books."""

    folder: Path
    url: str
    conn: asyncpg.Connection
    config: Config
    channel: Callable[[Carrier], Channel] = SmppChannel
    smscs: dict[str, Smsc] = field(default_factory=dict)
    workers: dict[Worker, "asyncio.Task[None]"] = field(default_factory=dict)
    resolver: tuple[Resolver, "asyncio.Task[None]"] | None = None
    processes: list[Forked] = field(default_factory=list)

    async def smsc(self, name: str, *, like: str = "", port: int = 0, **personality: object) -> Smsc:
        """Start a simulated carrier with this personality. like: a ready-made one that these keys change."""
        path = self.folder / f"{name}.toml"
        lines = {"name": name, "system_id": name, **personality}
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items()))
        ready = self.folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        words: list[object] = ["carrier", "simulate", "--ready-file", ready, "--json", "--port", port]
        words += ["--personality", path]
        if like:
            words[-1] = Path(__file__).parents[2] / "config" / "simulator" / f"{like}.toml"
            for key, value in {"password": "", **lines}.items():
                words += ["--set", f"{key}={json.dumps(value)}"]
        process = await self.command(*words, quiet=True)
        await until(ready.exists, "the simulator is ready")
        told = json.loads(ready.read_text())
        self.smscs[name] = Smsc(process, told["port"], told["book_port"])
        return self.smscs[name]

    async def restart_smsc(self, name: str, **personality: object) -> Smsc:
        """Another one at its port, which knows nothing of before."""
        before = self.smscs[name]
        before.process.terminate()
        await asyncio.wait_for(before.process.wait(), PATIENCE_S)
        return await self.smsc(name, port=before.port, **personality)

    def connect(
        self,
        name: str,
        tps: int,
        *,
        sessions: int = 2,
        window: int = 100,
        response_timeout_s: float = 5.0,
        **carrier: Any,
    ) -> None:
        """The carrier's side of the configuration, for a simulator that was started."""
        bind = Bind(
            "127.0.0.1", self.smscs[name].port, name, sessions=sessions, window=window,
            response_timeout_s=response_timeout_s,
            enquire_link_s=2.0, reconnect_min_s=0.2,
        )  # fmt: skip
        ids: dict[str, Any] = {"response_id": "decimal", "receipt_id": "decimal"}
        carriers = {
            **self.config.carriers,
            name: Carrier(tps=tps, binds=(bind,)).having(**{**ids, **carrier}),
        }
        self.config = replace(self.config, carriers=carriers)

    async def subscribers(self, carrier: str, count: int, first: int = 84320000000) -> None:
        """So many subscribers of a carrier."""
        numbers = await sync_carriers(self.conn, self.config)
        await self.conn.execute(
            """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)
               SELECT m, m % 64, $1, 1 FROM generate_series($2::bigint, $2::bigint + $3 - 1) AS m""",
            numbers[carrier], first, count,
        )  # fmt: skip

    async def launch(self, *, lifetime_s: float = 3600, text: str = TEXT, **more: Any) -> Campaign:
        """Draft, approve and launch."""
        approved = await self.approved(lifetime_s=lifetime_s, text=text, **more)
        return await steps.launch(self.conn, self.config, approved, "an")

    async def approved(
        self, carriers: Sequence[str] = (), *, lifetime_s: float = 3600, text: str = TEXT, **more: Any
    ) -> Campaign:
        """Draft and approve. carriers: none: those that are connected."""
        made = content(
            text=text, sender="BOYTE", carriers=tuple(carriers) or tuple(self.config.carriers),
            expires_at=datetime.now(UTC) + timedelta(seconds=lifetime_s),
            **{"category": "emergency", "grace_s": 1, **more},
        )  # fmt: skip
        drafted = await steps.draft(self.conn, f"alert-{time.monotonic_ns()}", made, "an")
        return await steps.approve(self.conn, drafted)

    def worker(self, url: str | None = None) -> Worker:
        """A worker in this process, and beside the first one a resolver. url: of the worker's way to the database."""
        if self.resolver is None:
            self._resolve()
        made = Worker(self.config, Metrics(), as_user(url or self.url, "w"), self.channel)
        self.workers[made] = asyncio.create_task(made.run(), name="worker")
        return made

    def _resolve(self) -> None:
        life = Resolver(self.config, Metrics(), as_user(self.url, "w"))
        self.resolver = life, asyncio.create_task(life.run(), name="resolver")

    async def restart_resolver(self) -> None:
        """Another one, with the configuration as it is now."""
        assert self.resolver is not None
        life, task = self.resolver
        life.stop()
        await asyncio.wait_for(task, PATIENCE_S)
        self._resolve()

    async def stop(self, worker: Worker) -> None:
        """SIGTERM's way."""
        worker.stop()
        await asyncio.wait_for(self.workers.pop(worker), PATIENCE_S)

    async def worker_process(self) -> Forked:
        """A worker as its own process."""
        return await self.command("worker", config=self.configuration())

    def configuration(self) -> str:
        """BROADCAST_CONFIG for the carriers so far."""
        country = Path(__file__).parents[2] / "config" / "vietnam.toml"
        carriers = self.folder / "carriers.toml"
        engine = "".join(
            f"{key} = {json.dumps(value)}\n" for key, value in asdict(self.config.engine).items()
        )
        tables = "".join(_toml(name, each) for name, each in self.config.carriers.items())
        carriers.write_text(f"[engine]\n{engine}{tables}")
        return f"{country}{os.pathsep}{carriers}"

    async def command(self, *words: object, config: str = "", quiet: bool = False) -> Forked:
        """`broadcast ...` in the background, by a worker's login; with no URL by the embedded server's owner."""
        url = self.url and as_user(self.url, "w")
        log = self.folder / f"process-{len(self.processes)}.log"
        environment = {**os.environ, "BROADCAST_DATABASE_URL": url, "BROADCAST_CONFIG": config}
        process = await forked([*map(str, words)], environment, log)
        self.processes.append(process)
        return process

    async def states(self, campaign: Campaign) -> dict[str, int]:
        """The campaign's tallies that are not zero."""
        row = await self.conn.fetchrow(
            """SELECT sum(waiting) AS waiting, sum(in_doubt) AS in_doubt, sum(accepted) AS accepted,
                      sum(unknown) AS unknown, sum(expired) AS expired, sum(rejected) AS rejected,
                      sum(undeliverable) AS undeliverable, sum(delivered) AS delivered, sum(excluded) AS excluded
                 FROM tally WHERE campaign_id = $1""",
            campaign.campaign_id,
        )
        assert row is not None
        return {name: int(count) for name, count in row.items() if count}

    async def reached(self, campaign: Campaign, count: int, *states: str) -> None:
        """Wait until so many recipients are in these states together."""

        async def there() -> bool:
            found = await self.states(campaign)
            return sum(found.get(state, 0) for state in states) >= count

        await until(there, f"{count} recipients {states}")

    async def finish(self, campaign: Campaign, within_s: float = 2 * PATIENCE_S) -> dict[str, int]:
        """Wait for the end of the campaign; the audit must balance. Returns the states."""

        async def over() -> bool:
            return (await campaigns.get(self.conn, campaign.campaign_id)).finished_at is not None

        try:
            await until(over, "the campaign is finished", within_s)
        finally:
            result = await audit(self.conn, campaign.campaign_id)
            print(await self.states(campaign), result.problems)
        assert result.problems == ()
        return await self.states(campaign)

    async def differing(self, campaign: Campaign, message: int = 0) -> list[str]:
        """What an audit says of people who are not as their simulated carriers told. message: the only one of theirs
        that is looked at, from 1; 0: all."""
        accounts = {name: await asyncio.to_thread(smsc.people, message) for name, smsc in self.smscs.items()}
        async with snapshot(self.conn):
            books = await books_of(self.conn, campaign.campaign_id)
            found = await compare_people(
                [books], accounts, await books.resent(), lambda difference: print(row(difference))
            )
        print({each.carrier: each.counts for each in found.comparisons})
        return found.problems

    async def close(self) -> None:
        for worker in list(self.workers):
            worker.stop()
        tasks = list(self.workers.values())
        if self.resolver is not None:
            self.resolver[0].stop()
            tasks.append(self.resolver[1])
        await asyncio.gather(*tasks, return_exceptions=True)
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            try:
                await asyncio.wait_for(process.wait(), PATIENCE_S)
            except TimeoutError:
                process.kill()
                await process.wait()


def freeze(process: Forked) -> None:
    process.send_signal(signal.SIGSTOP)


def thaw(process: Forked) -> None:
    process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def make_rig(folder: Path, url: str, conn: asyncpg.Connection, config: Config) -> AsyncIterator[Rig]:
    """A rig without any carrier; everything it started has ended when the context ends."""
    made = Rig(folder, url, conn, replace(config, carriers={}))
    try:
        yield made
    finally:
        await made.close()


def _toml(name: str, carrier: Carrier) -> str:
    bind = carrier.binds[0]
    lines: Sequence[str] = (
        f"[carriers.{name}]",
        f"tps = {carrier.tps}",
        f'response_id = "{carrier.smpp.response_id}"',
        f'receipt_id = "{carrier.smpp.receipt_id}"',
        f'id_case = "{carrier.smpp.id_case}"',
        f"cancel_sm = {json.dumps(carrier.smpp.cancel_sm)}",
        f"[[carriers.{name}.binds]]",
        f'host = "{bind.host}"',
        f"port = {bind.port}",
        f'system_id = "{bind.system_id}"',
        f"sessions = {bind.sessions}",
        f"window = {bind.window}",
        f"response_timeout_s = {bind.response_timeout_s}",
        f"enquire_link_s = {bind.enquire_link_s}",
        f"reconnect_min_s = {bind.reconnect_min_s}",
    )
    return "\n".join(lines) + "\n"
