"""An import that is killed goes on where it was, and ends as if nothing had happened: rows, counts, refused lines."""

import asyncio
import csv
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow
import pyarrow.parquet
import pytest
from waiting import PATIENCE_S

from broadcast.audience import subscribers, unfinished
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.generator import Generator
from broadcast.audience.importer import ImportResult, import_file
from broadcast.audience.resumable import import_resumably
from broadcast.audience.unfinished import Unfinished
from broadcast.config import Config, load
from broadcast.errors import InputError, RefusedError
from broadcast.store import migrations
from broadcast.store.pool import connect

LINES = 200_000
KILLED_BATCH = 20_000
BATCH = 1_000  # the least: a batch ends where a chunk of the file does, after 1 MB or 16,384 rows
PAD = "x" * 100
VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"

# The command line as it is, but for the size of a batch, and with a pause after each commit, so that it can be killed.
PROGRAM = f"""
import sys, time
from broadcast.audience import resumable
from broadcast.audience.batches import Reader
from broadcast.cli.main import main
Reader.batches.__defaults__ = ({KILLED_BATCH},)
step = resumable._Steps._step
async def slowly(self, merging, batch):
    time.sleep(0.05)
    return await step(self, merging, batch)
resumable._Steps._step = slowly
main(sys.argv[1:])
"""


@dataclass
class Seen:
    """What a watcher was told. stop_after: cancels its import after so many batches."""

    stop_after: int | None = None
    lines: list[int] = field(default_factory=list)
    merges: list[int] = field(default_factory=list)
    skips: list[tuple[int, int, int]] = field(default_factory=list)
    first: asyncio.Event = field(default_factory=asyncio.Event)

    def continuing(self, line: int) -> None:
        self.lines.append(line)

    def skipped(self, reached: Batch) -> None:
        self.skips.append((reached.lines, reached.done, reached.total))

    def merged(self, batch: Batch) -> None:
        self.merges.append(batch.lines)
        self.first.set()
        if len(self.merges) == self.stop_after:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader.batches, "__defaults__", (BATCH,))


@pytest.fixture
async def other(empty_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another migrated database."""
    made = await connect(empty_database_url, check_schema=False)
    await migrations.migrate(made)
    yield made
    await made.close(timeout=10)


@pytest.fixture(scope="session")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up list with duplicates far apart, opt-outs, ports and refused lines."""
    path = tmp_path_factory.mktemp("nation") / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as sink:
        Generator(load([VIETNAM]).country, LINES, seed=5).write(sink)
    return path


def as_csv(path: Path) -> Path:
    return path


def as_gzip(path: Path) -> Path:
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    return packed


def as_parquet(path: Path) -> Path:
    with path.open(encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    packed = path.with_suffix(".parquet")
    pyarrow.parquet.write_table(pyarrow.table(columns), packed, row_group_size=50_000)
    return packed


async def begin(url: str, file: Path, refused: Path) -> asyncio.subprocess.Process:
    """`broadcast subscriber import --resumable` as a process."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *("subscriber", "import", str(file), "--refused", str(refused), "--resumable"),
        env={**os.environ, "BROADCAST_DATABASE_URL": url, "BROADCAST_CONFIG": str(VIETNAM)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def kill_after(conn: asyncpg.Connection, process: asyncio.subprocess.Process, lines: int) -> Unfinished:
    """kill -9 once more than so many lines are committed. Returns how far it came."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := await unfinished.find(conn)) is None or found.lines <= lines:
            assert process.returncode is None
            await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    left = await unfinished.find(conn)
    assert left is not None
    assert lines < left.lines < LINES
    return left


async def people(conn: asyncpg.Connection) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT msisdn, hash_bucket, carrier.name, ported, opted_out_at IS NULL, import_no, previous_import_no"
        " FROM subscriber JOIN carrier USING (carrier_no) ORDER BY hash_bucket, msisdn"
    )
    return rows


async def imports(conn: asyncpg.Connection) -> list[dict[str, Any]]:
    """The finished ones, without their times."""
    past = await subscribers.past_imports(conn, 9)
    return [
        {name: getattr(each, name) for name in each.__slots__ if not name.endswith("_at")} for each in past
    ]


@pytest.mark.long
@pytest.mark.parametrize(("pack", "kills"), [(as_csv, 2), (as_gzip, 1), (as_parquet, 1)])
async def test_killed(
    pack: Callable[[Path], Path],
    kills: int,
    nation: Path,
    conn: asyncpg.Connection,
    other: asyncpg.Connection,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Reader.batches, "__defaults__", (KILLED_BATCH,))
    file, refused = pack(nation), tmp_path / "refused.csv"
    reached = 0
    for _ in range(kills):
        process = await begin(database_url, file, refused)
        left = await kill_after(conn, process, reached)
        assert len(await people(conn)) == left.imported
        reached = left.lines
        with refused.open("a") as sink:  # what was refused, and written, after the last commit
            sink.write("199999,too_short,0")
    process = await begin(database_url, file, refused)
    _, err = await process.communicate()
    assert process.returncode == 0, err
    line = reached + (0 if pack is as_parquet else 1)
    assert f"{file.name}: continuing after line {line:,}" in err.decode()
    assert await unfinished.find(conn) is None

    whole = tmp_path / "whole.csv"
    expected = await import_file(other, load([VIETNAM]), file, whole)
    assert await imports(conn) == await imports(other)
    assert expected.lines == LINES
    assert min(expected.imported, expected.duplicate, sum(expected.refused.values())) > 1000
    assert await people(conn) == await people(other)
    assert refused.read_bytes() == whole.read_bytes()
    assert refused.stat().st_mode & 0o777 == 0o600
    assert await conn.fetchval("SELECT count(*) FROM import_staging") == 0


class Desk:
    """A file of 30,000 long lines, imported step by step in this process: 3 batches or more."""

    def __init__(self, conn: asyncpg.Connection, url: str, config: Config, folder: Path) -> None:
        self.conn, self.url, self.config, self.folder = conn, url, config, folder
        self.path, self.refused = folder / "people.csv", folder / "refused.csv"
        self.path.write_text(
            "msisdn,note\n" + "".join(f"{'0911' if n % 9 else '1'}{n:06},{PAD}\n" for n in range(30_000))
        )

    async def give(
        self, path: Path | None = None, *, restart: bool = False, refused: Path | None = None
    ) -> tuple[ImportResult, Seen]:
        seen = Seen()
        done = await import_resumably(
            self.conn, self.config, path or self.path, refused or self.refused, seen, restart=restart
        )
        return done, seen

    async def stop(self, after: int = 1) -> Unfinished:
        """An import by a connection of its own that is cancelled after so many batches."""
        seen = Seen(after)
        conn = await connect(self.url)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(import_resumably(conn, self.config, self.path, self.refused, seen))
        await conn.close()
        left = await unfinished.find(self.conn)
        assert left is not None
        assert left.lines == seen.merges[-1]
        return left


@pytest.fixture
def desk(conn: asyncpg.Connection, database_url: str, config: Config, tmp_path: Path) -> Desk:
    return Desk(conn, database_url, config, tmp_path)


async def test_stopped_and_continued(desk: Desk) -> None:
    left = await desk.stop()
    assert left.lines == left.imported + sum(left.refused.values()) < 30_000
    assert await imports(desk.conn) == []
    done, seen = await desk.give()
    assert seen.lines == [left.lines + 1]
    assert seen.skips == [(left.lines, left.place, desk.path.stat().st_size)]
    assert seen.merges[-1] == 30_000 and min(seen.merges) > left.lines
    assert (done.import_no, done.lines, done.imported) == (left.import_no, 30_000, 26_666)
    assert done.refused == {"too_short": 3_334}
    assert await imports(desk.conn) == [
        {"import_no": left.import_no, "source": "people.csv", "lines": 30_000, "imported": 26_666, "updated": 0,
         "duplicate": 0, "refused": {"too_short": 3_334}, "unclear": {}}
    ]  # fmt: skip


async def test_stopped_between_its_last_batch_and_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.path.write_text("msisdn\n0912345678\n0912345678\n1")
    left = await desk.stop()
    assert (left.lines, left.place) == (3, desk.path.stat().st_size)
    done, seen = await desk.give()
    assert (done.lines, done.imported, done.duplicate, done.refused) == (3, 1, 1, {"too_short": 1})
    assert seen.lines == [4]
    assert desk.refused.read_text(encoding="utf-8-sig").splitlines() == [
        "line,reason,msisdn",
        "4,too_short,1",
    ]


async def test_finished_is_not_continued(desk: Desk) -> None:
    first, _ = await desk.give()
    second, seen = await desk.give()
    assert seen.lines == []
    assert (second.import_no, second.imported, second.updated) == (first.import_no + 1, 0, 26_666)


async def test_moved_is_the_same_file(desk: Desk) -> None:
    left = await desk.stop()
    moved = desk.path.rename(desk.folder / "moved.csv")
    done, seen = await desk.give(moved)
    assert (done.import_no, done.lines, len(seen.lines)) == (left.import_no, 30_000, 1)


@pytest.mark.parametrize("change", ["longer", "begins", "ends"])
async def test_changed_is_refused(desk: Desk, change: str) -> None:
    left = await desk.stop()
    content = desk.path.read_bytes()
    changed = {
        "longer": content + b"0912345678,1\n",
        "begins": content.replace(b"0911000001", b"0911000002", 1),
        "ends": content[:-2] + b"X\n",
    }
    desk.path.write_bytes(changed[change])
    with pytest.raises(RefusedError, match=r"people\.csv has changed .* --restart, or without --resumable"):
        await desk.give()
    assert await unfinished.find(desk.conn) == left
    done, seen = await desk.give(restart=True)
    assert seen.lines == []
    assert done.lines == 30_000 + (change == "longer")
    newest, given_up = await imports(desk.conn)
    assert (newest["import_no"], newest["lines"]) == (done.import_no, done.lines)
    assert (given_up["source"], given_up["lines"]) == ("people.csv (given up)", left.lines)
    assert newest["updated"] >= given_up["imported"] - 1


async def test_another_file_waits_for_the_unfinished_one(desk: Desk) -> None:
    await desk.stop()
    second = desk.folder / "more.csv"
    second.write_text("msisdn\n0912345678\n")
    with pytest.raises(RefusedError, match=r"import of people\.csv is unfinished"):
        await desk.give(second, refused=desk.folder / "more.refused.csv")
    done = await import_file(desk.conn, desk.config, second, desk.folder / "more.refused.csv")
    assert done.imported == 1
    continued, seen = await desk.give()
    assert (continued.imported, len(seen.lines)) == (26_666, 1)


async def test_the_whole_file_at_once_ends_the_unfinished_import(desk: Desk) -> None:
    await desk.stop()
    await import_file(desk.conn, desk.config, desk.path, desk.refused)
    assert await unfinished.find(desk.conn) is None
    assert [each["source"] for each in await imports(desk.conn)] == ["people.csv", "people.csv (given up)"]


@pytest.mark.parametrize("what", ["gone", "other"])
async def test_refused_lines_that_are_gone(desk: Desk, what: str) -> None:
    left = await desk.stop()
    before = desk.refused.read_bytes()
    if what == "gone":
        desk.refused.unlink()
    else:
        desk.refused.write_bytes(before.replace(b"too_short", b"too_shirt", 1))
    with pytest.raises(RefusedError, match="give the same --refused"):
        await desk.give()
    assert await unfinished.find(desk.conn) == left
    desk.refused.write_bytes(before)
    assert (await desk.give())[0].lines == 30_000


async def test_not_beside_another_import(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.audience.resumable._LOCK_WAIT_S", 0.2)
    second = await connect(database_url)
    async with second.transaction():
        await second.fetchval("SELECT pg_advisory_xact_lock(7103)")
        with pytest.raises(RefusedError, match="another import is running"):
            await desk.give()
    seen = Seen()

    async def beside() -> None:
        await seen.first.wait()
        with pytest.raises(RefusedError, match="another import is running"):
            await import_file(second, desk.config, desk.path, desk.folder / "second.csv")

    refusing = asyncio.create_task(beside())
    await import_resumably(desk.conn, desk.config, desk.path, desk.refused, seen)
    await refusing
    assert await second.fetchval("SELECT pg_try_advisory_lock(7103)")  # given back
    await second.close()


@pytest.mark.parametrize("after_s", [0, 0.1])
async def test_a_lost_database(
    after_s: float, desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of a COPY, where asyncpg alone would wait for ever."""
    seen = Seen()
    killer = await connect(database_url)
    doomed = await connect(database_url)
    copies: list[bytes] = []

    async def slowly(octets: bytes) -> AsyncIterator[bytes]:
        copies.append(octets)
        if len(copies) == 2:
            await killer.execute("SELECT pg_terminate_backend($1)", doomed.get_server_pid())
            await asyncio.sleep(after_s)
        yield octets

    monkeypatch.setattr("broadcast.store.copying._once", slowly)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        async with asyncio.timeout(PATIENCE_S):
            await import_resumably(doomed, desk.config, desk.path, desk.refused, seen)
    await killer.close()
    assert len(copies) == 2
    done, again = await desk.give()
    assert (done.lines, done.imported, len(again.lines)) == (30_000, 26_666, 1)
    refused = desk.refused.read_text().splitlines()
    assert [line.split(",")[0] for line in refused[1:]] == [str(n + 2) for n in range(0, 30_000, 9)]


async def test_a_file_without_lines_leaves_nothing_unfinished(desk: Desk) -> None:
    desk.path.write_text("msisdn\n")
    with pytest.raises(InputError, match="no lines"):
        await desk.give()
    assert await unfinished.find(desk.conn) is None
    assert await desk.conn.fetchval("SELECT count(*) FROM subscriber_import") == 0


async def test_a_file_that_is_damaged_further_on(desk: Desk) -> None:
    good = desk.path.read_bytes()
    desk.path.write_bytes(good + b"\xff\n")
    with pytest.raises(InputError, match=r"line 30002.*not UTF-8"):
        await desk.give()
    left = await unfinished.find(desk.conn)
    assert left is not None and 0 < left.lines < 30_000
    desk.path.write_bytes(good)
    with pytest.raises(RefusedError, match="has changed"):
        await desk.give()
    done, _ = await desk.give(restart=True)
    assert (done.lines, done.updated) == (30_000, left.imported)
