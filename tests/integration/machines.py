"""Machines with a version of broadcast installed on each, and an operator's manual that is followed to the letter."""

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "nation.md"
SEVERAL = "broadcast/store/migrations/0025_many_databases.sql"
_RUNS = re.compile(r"\bprocess_started\b|process \d+ runs, pid \d+")  # now, and as versions of before say it


def before_several(folder: Path) -> Path:
    """0.2.0 as it was before home could have ledgers; of this repository, else the test is skipped."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("the version before is taken from a git repository, and this is none")
    added = _git("log", "--diff-filter=A", "--format=%H", "--", SEVERAL).split()
    if not added or not _git("rev-parse", "--verify", "--quiet", f"{added[-1]}^"):
        pytest.skip("this repository does not reach back to the version before (a shallow clone)")
    packed = subprocess.run(
        ["git", "archive", f"{added[-1]}^", "broadcast"], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def next_version(folder: Path) -> Path:
    """This one with a migration more, as a release has it: columns that nobody reads yet, and a table."""
    shutil.copytree(ROOT / "broadcast", folder / "broadcast", ignore=shutil.ignore_patterns("__pycache__"))
    migrations = folder / "broadcast" / "store" / "migrations"
    last = max(int(path.name[:4]) for path in migrations.glob("*.sql"))
    (migrations / f"{last + 1:04}_next.sql").write_text(
        "".join(
            f"ALTER TABLE {table} ADD COLUMN next_version text;\n"
            for table in ("campaign", "slice", "worker", "carrier", "campaign_part")
        )
        + "CREATE TABLE next_version (thing text);\n"
    )
    return folder


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the manual. where: the comment behind it."""

    line: str
    where: str


def manual(section: str) -> list[Command]:
    """The commands of a section of docs/nation.md, in their order."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [
        line
        for block in re.findall(r"^ *```\n(.*?)^ *```$", text, re.M | re.S)
        for line in block.splitlines()
    ]
    told = [line.strip().partition("#") for line in lines]
    return [Command(line.strip(), where.strip()) for line, _, where in told]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Of --json."""
        return json.loads(self.out)


@dataclass
class Machine:
    """One. core: the only one that it has, so that `up` runs one worker. running:
    `broadcast up`, where it runs."""

    folder: Path
    core: int
    running: asyncio.subprocess.Process | None = None
    _installed: int = field(default=0, init=False)
    _ups: int = field(default=0, init=False)

    @property
    def config(self) -> Path:
        """Its configuration of carriers and ledgers."""
        return self.folder / "nation.toml"

    @property
    def _country(self) -> Path:
        """As the first version has it that was installed here."""
        return self.folder / "version-1" / "broadcast" / "config" / "profiles" / "vietnam.toml"

    @property
    def log(self) -> str:
        """Of what runs."""
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self.folder / f"up-{self._ups}.log"

    def install(self, version: Path) -> None:
        """What starts from now on is this one; what runs goes on as it is."""
        self._installed += 1
        (self.folder / f"version-{self._installed}").symlink_to(version)
        fresh = self.folder / "fresh"
        fresh.symlink_to(version)
        fresh.replace(self.folder / "version")

    async def run(self, line: str, code: int = 0) -> Done:
        """A command, to its end, with this exit code."""
        process = await self._start(line, asyncio.subprocess.PIPE, asyncio.subprocess.PIPE)
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        done = Done(process.returncode or 0, out.decode(), err.decode())
        assert done.code == code, (line, done)
        return done

    async def follow(self, command: Command) -> None:
        """As the manual says: `systemctl` is for `broadcast up`, which runs in the background."""
        if command.line == "systemctl reload broadcast":
            await self.reload()
        elif command.line.startswith("broadcast up "):
            await self.stop()
            await self.up(command.line)
        else:
            await self.run(command.line)

    async def up(self, line: str) -> None:
        """Instead of what runs; until its worker and resolver have lived for a while."""
        self._ups += 1
        with self._log.open("wb") as log:
            self.running = await self._start(line, log, log)
        await self._until_runs(2)

    async def reload(self) -> None:
        """SIGHUP, until every process is a new one."""
        assert self.running is not None
        runs = len(_RUNS.findall(self.log))
        self.running.send_signal(signal.SIGHUP)
        await self._until_runs(runs + 2)

    async def _until_runs(self, count: int) -> None:
        def enough() -> bool:
            assert self.running is not None
            assert self.running.returncode is None, self.log
            return len(_RUNS.findall(self.log)) >= count

        await until(enough, "worker and resolver are started", 2 * PATIENCE_S)

    async def stop(self) -> None:
        """SIGTERM, as `systemctl stop`."""
        if self.running is not None and self.running.returncode is None:
            self.running.terminate()
            try:
                await asyncio.wait_for(self.running.wait(), PATIENCE_S)
            except TimeoutError:
                self.running.kill()
                raise

    async def _start(self, line: str, out: Any, err: Any) -> asyncio.subprocess.Process:
        program, *words = line.split()
        assert program == "broadcast"
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "broadcast", *words), cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "version"),
                 "BROADCAST_OPERATOR": "an", "BROADCAST_CONFIG": f"{self._country}:{self.config}"},
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err,
            preexec_fn=self._begun,
        )  # fmt: skip

    def _begun(self) -> None:
        """In the process to be. Whoever runs the tests by nohup has SIGHUP ignored, and all that they start."""
        os.sched_setaffinity(0, {self.core})
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@asynccontextmanager
async def machines(folder: Path, names: Sequence[str], version: Path) -> AsyncIterator[Mapping[str, Machine]]:
    """Of these names, all alike."""
    made = {}
    for name, core in zip(names, itertools.cycle(sorted(os.sched_getaffinity(0)))):
        (folder / name).mkdir()
        made[name] = Machine(folder / name, core)
        made[name].install(version)
    try:
        yield made
    finally:
        await asyncio.gather(*(each.stop() for each in made.values()))
