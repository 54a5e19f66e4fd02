"""What a part of the bench needs around it: simulated carriers as processes, an embedded Postgres, workers."""

import asyncio
import gc
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from broadcast import config as configuration
from broadcast.bench.load import RECEIPT_WINDOW, UNLIMITED_TPS, WINDOW, Load
from broadcast.cli.collector import collect_seldom
from broadcast.cli.shell import Shell
from broadcast.config import Config
from broadcast.config.profiles import VIETNAM
from broadcast.errors import BroadcastError
from broadcast.simulator.personality import Personality
from broadcast.store.embedded import Server
from broadcast.store.scratch import scratch_home
from broadcast.tables import structure

RESOLVER = "resolver"  # the name of its process
LOOK_S = 0.1
_BIND_S = 30.0
_HELD = """undeliverable_share = 0.05
rejected_share = 0.01
[receipts]
any_session = true
held_share = 1.0
"""
_STEADY_S = 1.5  # a grant comes into force a second after it is given


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything of it ends with the context that made it."""

    shell: Shell
    folder: Path
    config: Config
    load: Load
    server: Server | None

    @property
    def database(self) -> Server:
        if self.server is None:
            raise RuntimeError("this stage was made without a database")
        return self.server

    def ready(self, name: str) -> dict[str, str | int]:
        """What a simulated carrier said when it was ready: port, book, ..."""
        said: dict[str, str | int] = json.loads((self.folder / f"{name}.ready").read_text())
        return said


@contextmanager
def staged(load: Load, *, database: bool, simulated: bool = True) -> Iterator[Stage]:
    """Carriers that answer (unless not `simulated`) and a Postgres with fsync on, both fresh."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment, server = dict(os.environ), None
        if database:
            server = Server(stack.enter_context(scratch_home("bench")))
            server.start()
            environment["BROADCAST_DATABASE_URL"] = server.url()
        shell = stack.enter_context(Shell(environment, folder, quiet=True))
        names = sorted(configuration.load([VIETNAM]).country.prefixes)[: load.carriers]
        if simulated:
            _simulate(shell, folder, names, load)
        yield Stage(shell, folder, _configure(folder, names, load, simulated=simulated), load, server)


def start_workers(stage: Stage) -> None:
    """As processes, named worker-0 and on, and beside them a resolver."""
    start_resolver(stage)
    for number in range(stage.load.workers):
        start_worker(stage, number)


def start_resolver(stage: Stage, ledger: str = "") -> None:
    """As a process of that name, as `broadcast up` starts it: no worker runs one then. ledger: '': of home alone."""
    stage.shell.start(f"{RESOLVER}{ledger and '-' + ledger}", *_files(stage), "resolver", *_of(ledger))


def start_worker(stage: Stage, number: int, ledger: str = "") -> None:
    """One of them, as `broadcast up` starts it: after the one before in its place has ended."""
    words = ("worker", "--no-resolver", "--place", str(UUID(int=number)))
    stage.shell.start(f"worker-{number}", *_files(stage), *words, *_of(ledger))


async def bound(connection: asyncpg.Connection, load: Load) -> None:
    """Wait until every slot is bound and every carrier's whole TPS is granted, and stays so for a while."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _BIND_S
    before: list[asyncpg.Record] = []
    since = loop.time()
    while loop.time() < deadline:
        slots = await connection.fetch("SELECT * FROM bind_slot ORDER BY carrier_no, slot_no")
        granted = sum(slot["granted_tps"] for slot in slots)
        whole = granted == load.carriers * (load.tps or UNLIMITED_TPS) and all(
            slot["bound"] for slot in slots
        )
        if slots != before or not whole:
            before, since = slots, loop.time()
        elif loop.time() - since >= _STEADY_S:
            return
        await asyncio.sleep(LOOK_S)
    raise BroadcastError(f"the workers did not bind to the simulated carriers in {_BIND_S:.0f} s")


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """The garbage collector as a worker has it, while this process is the sender."""
    thresholds = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _of(ledger: str) -> tuple[str, ...]:
    return ("--ledger", ledger) if ledger else ()


def _files(stage: Stage) -> tuple[str | Path, ...]:
    return "--config", VIETNAM, "--config", stage.folder / "carriers.toml"


def habits(name: str, load: Load) -> Personality:
    """What a simulated carrier is like."""
    return structure(tomllib.loads(_personality(name, load)), Personality, f"the bench's {name}")


def _personality(name: str, load: Load) -> str:
    return (
        f'name = "{name}"\nsystem_id = "{name}"\ntps = {load.tps}\nwindow = {WINDOW}\n'
        f'id_kind = "{load.ids}"\nreceipt_window = {RECEIPT_WINDOW}\n'
        f"receipt_delay_s = {load.receipt_delay_s}\nsessions = {load.links}\n"
        + ("people = false\n" if load.sums else "")
        + (_HELD if load.held else _nation(load.receipts_over) if load.nation else "")
    )


def _nation(over: float) -> str:
    """3 % of the receipts come after minutes, 2 % never, 0.5 % twice, 0.2 % before the response."""
    return f"""temporary_share = 0.01
undeliverable_share = 0.05
rejected_share = 0.01
segment_undeliverable_share = 0.001
[receipts]
between_s = [{2 / over}, {30 / over}]
any_session = true
early_share = 0.002
late_share = 0.03
late_between_s = [{60 / over}, {180 / over}]
missing_share = 0.02
repeats = 1
repeat_share = 0.005
repeat_between_s = [{1 / over}, {60 / over}]
"""


def _simulate(shell: Shell, folder: Path, names: list[str], load: Load) -> None:
    for name in names:
        (folder / f"{name}.toml").write_text(_personality(name, load))
        words = ("--personality", folder / f"{name}.toml", "--ready-file", folder / f"{name}.ready", "--json")
        shell.start(name, "carrier", "simulate", *words)
    shell.wait_for("the carriers", lambda: all((folder / f"{name}.ready").exists() for name in names))


def _configure(folder: Path, names: list[str], load: Load, *, simulated: bool) -> Config:
    """The configuration that reaches the carriers, for this process and the workers."""
    ids = "text" if load.ids == "uuid" else "decimal"
    lines = []
    for name in names:
        port = json.loads((folder / f"{name}.ready").read_text())["port"] if simulated else 1
        lines.append(
            f'[carriers.{name}]\ntps = {load.tps or UNLIMITED_TPS}\nresponse_id = "{ids}"\nreceipt_id = "{ids}"\n'
            f'[[carriers.{name}.binds]]\nhost = "127.0.0.1"\nport = {port}\n'
            f'system_id = "{name}"\nsessions = {load.links}\nwindow = {WINDOW}\n'
        )
    (folder / "carriers.toml").write_text("".join(lines))
    return configuration.load([VIETNAM, folder / "carriers.toml"])
