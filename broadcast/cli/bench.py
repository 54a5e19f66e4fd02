"""`broadcast bench`: the whole pipeline on this machine, all laws on, and what it costs each process."""

import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Literal

import asyncpg
import click
import psutil

from broadcast import config as configuration
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns
from broadcast.campaign.content import content
from broadcast.cli.output import json_option, print_json, print_table
from broadcast.cli.runner import run
from broadcast.cli.shell import Shell
from broadcast.config import Config
from broadcast.errors import AuditError, BroadcastError
from broadcast.ledger.audit import audit
from broadcast.ledger.progress import progress
from broadcast.store import migrations
from broadcast.store.embedded import Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

UNLIMITED_TPS = 1_000_000
WINDOW = 5000
SESSIONS = 2
LOOK_S = 0.1
MOST_S = 3600
COUNTRY = Path(__file__).parents[2] / "config" / "vietnam.toml"
_SEGMENT = 153


@dataclass(frozen=True, slots=True)
class Load:
    """What one run sends. tps: per carrier, 0: as fast as it goes."""

    messages: int
    segments: int
    carriers: int
    workers: int
    tps: int
    ids: Literal["counter", "uuid"]
    receipt_delay_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """Rates in messages per second from the launch on: sent and accepted; with its receipt, settled.

    cpu: seconds per million messages. worker_mib: the peak of the largest worker.
    """

    sent_rate: float
    settled_rate: float
    cpu: dict[str, float]
    worker_mib: float
    octets_per_message: float


@click.command(epilog="Example: broadcast bench --messages 2000000 --ids uuid --runs 3")
@click.option("--messages", type=click.IntRange(1000, 200_000_000), default=500_000, show_default=True)
@click.option("--segments", type=click.IntRange(1, 10), default=1, show_default=True, help="Of one message.")
@click.option("--carriers", type=click.IntRange(1, 3), default=1, show_default=True, help="Each a process.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Each a process.")
@click.option("--tps", type=click.IntRange(0, UNLIMITED_TPS), default=0, help="Per carrier; 0: no limit.")
@click.option("--ids", type=click.Choice(["counter", "uuid"]), default="counter", show_default=True)
@click.option("--receipt-delay", "delay_s", type=click.FloatRange(0, 60), default=0.0, show_default=True)
@click.option("--runs", type=click.IntRange(1, 20), default=1, show_default=True, help="Medians of so many.")
@json_option
def bench(
    messages: int, segments: int, carriers: int, workers: int, tps: int,
    ids: Literal["counter", "uuid"], delay_s: float, runs: int, as_json: bool,
) -> None:  # fmt: skip
    """Measure how fast this machine sends.

    An embedded Postgres with fsync on, simulated carriers and workers as processes; every message gets a receipt;
    the audit must balance. Quote medians: machines are noisy.
    """
    load = Load(messages, segments, carriers, workers, tps, ids, delay_s)
    results = [_once(load) for _ in range(runs)]
    if as_json:
        print_json({"load": load, "runs": results})
        return
    rows = [
        ("sent and accepted", "messages/s", median(each.sent_rate for each in results)),
        ("sent, receipted and settled", "messages/s", median(each.settled_rate for each in results)),
        *(
            (f"CPU of {who}", "s per million messages", median(each.cpu[who] for each in results))
            for who in results[0].cpu
        ),
        ("peak memory of a worker", "MiB", median(each.worker_mib for each in results)),
        ("database per settled message", "octets", median(each.octets_per_message for each in results)),
    ]
    print_table(
        f"{messages:,} messages of {segments} segment(s), median of {runs}", ("what", "unit", "median"), rows
    )


def _once(load: Load) -> Result:
    with scratch_home("bench") as home, tempfile.TemporaryDirectory() as folder:
        server = Server(home)
        server.start()
        environment = {**os.environ, "BROADCAST_DATABASE_URL": server.url()}
        with Shell(environment, Path(folder), quiet=True) as shell:
            config = _carriers(shell, Path(folder), load)
            return run(_measure(shell, server, config, load))


def _carriers(shell: Shell, folder: Path, load: Load) -> Config:
    """Start the simulated carriers; the configuration that reaches them, for this process and the workers."""
    names = sorted(configuration.load([COUNTRY]).country.prefixes)[: load.carriers]
    for name in names:
        (folder / f"{name}.toml").write_text(
            f'name = "{name}"\nsystem_id = "{name}"\ntps = {load.tps}\nwindow = {WINDOW}\nid_kind = "{load.ids}"\n'
            f"receipt_delay_s = {load.receipt_delay_s}\n"
        )
        words = ("--personality", folder / f"{name}.toml", "--ready-file", folder / f"{name}.ready", "--json")
        shell.start(name, "carrier", "simulate", *words)
    shell.wait_for("the carriers", lambda: all((folder / f"{name}.ready").exists() for name in names))
    ids = "text" if load.ids == "uuid" else "decimal"
    (folder / "carriers.toml").write_text(
        "".join(
            f'[carriers.{name}]\ntps = {load.tps or UNLIMITED_TPS}\nresponse_id = "{ids}"\nreceipt_id = "{ids}"\n'
            f'[[carriers.{name}.binds]]\nhost = "127.0.0.1"\nport = {_port(folder / f"{name}.ready")}\n'
            f'system_id = "{name}"\nsessions = {max(SESSIONS, load.workers)}\nwindow = {WINDOW}\n'
            for name in names
        )
    )
    return configuration.load([COUNTRY, folder / "carriers.toml"])


def _port(ready: Path) -> int:
    return int(json.loads(ready.read_text())["port"])


async def _measure(shell: Shell, server: Server, config: Config, load: Load) -> Result:
    connection = await connect(server.url(), check_schema=False)
    try:
        await migrations.migrate(connection)
        await _subscribers(connection, config, load)
        for number in range(load.workers):
            shell.start(
                f"worker-{number}", "--config", COUNTRY, "--config", shell.logs / "carriers.toml", "worker"
            )
        await _links(connection, load)
        return await _campaign(shell, server, connection, config, load)
    finally:
        await connection.close()


async def _subscribers(connection: asyncpg.Connection, config: Config, load: Load) -> None:
    """So many numbers that look like a carrier's, in one statement each."""
    numbers = await sync_carriers(connection, config)
    for place, name in enumerate(config.carriers):
        share = load.messages * (place + 1) // load.carriers - load.messages * place // load.carriers
        first = int(f"{config.country.country_code}{place + 1}{'0' * 8}")
        await connection.execute(
            "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no) "
            "SELECT m, m % 64, $1, 1 FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) AS m",
            numbers[name], first, share,
        )  # fmt: skip
    await connection.execute("VACUUM ANALYZE subscriber")


async def _links(connection: asyncpg.Connection, load: Load) -> None:
    """Wait until every slot is bound and every carrier's whole TPS is granted."""
    wanted = load.carriers * max(SESSIONS, load.workers)
    for _ in range(300):
        row = await connection.fetchrow(
            "SELECT count(*) FILTER (WHERE bound) AS bound, min(granted_tps) AS least FROM bind_slot"
        )
        if row is not None and row["bound"] == wanted and row["least"] > 0:
            await asyncio.sleep(1.5)  # grants come into force a second after they are given
            return
        await asyncio.sleep(LOOK_S)
    raise BroadcastError("the workers did not bind to the simulated carriers in 30 s")


async def _campaign(
    shell: Shell, server: Server, connection: asyncpg.Connection, config: Config, load: Load
) -> Result:
    text = "x" * (_SEGMENT * (load.segments - 1) + 100)
    made = content(
        text=text, sender="BENCH", carriers=tuple(config.carriers), category="emergency",
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip
    drafted = await campaigns.draft(connection, "bench", made, "drafter")
    approved = await campaigns.approve(connection, drafted, "approver")
    launched = await campaigns.launch(connection, config, approved, "approver")
    meters = Meters(shell, server)
    began = time.monotonic()
    sent_s = 0.0
    while True:
        await asyncio.sleep(LOOK_S)
        meters.look()
        now = await progress(connection, launched.campaign_id)
        if not sent_s and not now.total.states["waiting"] and not now.total.states["in_doubt"]:
            sent_s = time.monotonic() - began
        if now.finished:
            break
        if time.monotonic() - began > MOST_S:
            raise BroadcastError(f"the campaign did not finish in {MOST_S} s")
    took = time.monotonic() - began
    cpu = meters.per_million(load.messages)
    balance = await audit(connection, launched.campaign_id)
    if not balance.balanced:
        raise AuditError(f"the books do not balance: {'; '.join(balance.problems)}")
    await connection.execute("VACUUM outcome")
    octets = await connection.fetchval("SELECT pg_total_relation_size('outcome')") / load.messages
    return Result(load.messages / (sent_s or took), load.messages / took, cpu, meters.worker_mib, octets)


class Meters:
    """CPU of the processes of a run, from its start on, and the workers' peak memory."""

    def __init__(self, shell: Shell, server: Server) -> None:
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        self._groups: dict[str, list[psutil.Process]] = {
            "workers": [],
            "simulators": [],
            "postgres": [psutil.Process(pid)],
        }
        for name, pid in shell.running():
            self._groups["workers" if name.startswith("worker") else "simulators"].append(psutil.Process(pid))
        self._began = self._now()
        self.worker_mib = 0.0

    def look(self) -> None:
        """Take the memory's peak."""
        for process in self._groups["workers"]:
            self.worker_mib = max(self.worker_mib, process.memory_info().rss / 2**20)

    def per_million(self, messages: int) -> dict[str, float]:
        """Seconds of CPU per million messages since the start, by group."""
        now = self._now()
        return {group: (now[group] - self._began[group]) / messages * 1e6 for group in now}

    def _now(self) -> dict[str, float]:
        return {group: sum(map(_cpu_s, processes)) for group, processes in self._groups.items()}


def _cpu_s(process: psutil.Process) -> float:
    """Of a process, its living children, and those that it has waited for."""
    own = process.cpu_times()
    total: float = own.user + own.system + own.children_user + own.children_system
    return total + sum(_cpu_s(child) for child in process.children())
