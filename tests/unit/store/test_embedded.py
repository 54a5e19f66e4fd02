"""Where the embedded server's things are."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcast.engine.keeper import Keeper
from broadcast.errors import DatabaseError
from broadcast.store import embedded, failures, server_log, system_user
from broadcast.store.embedded import Server


def test_the_socket_is_in_the_home() -> None:
    server = Server(Path("/srv/alerts"))
    assert server.socket_folder == Path("/srv/alerts/run")
    places = "host=/srv/alerts/run&passfile=/srv/alerts/passfile"
    assert server.url() == f"postgresql://broadcast@/broadcast?{places}"
    assert server.url("other") == f"postgresql://broadcast@/other?{places}"


def test_a_home_with_blanks_is_quoted() -> None:
    assert Server(Path("/srv/my alerts")).url().partition("&")[0].endswith("?host=/srv/my%20alerts/run")


def test_a_long_home_gets_a_socket_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    long, other = Path("/srv/" + "x" * 120), Path("/srv/" + "y" * 120)
    folder = Server(long).socket_folder
    assert folder.parent == Path("/run/user/1000")
    assert folder == Server(long).socket_folder != Server(other).socket_folder
    assert len(str(folder / ".s.PGSQL.5432")) <= 100


def test_even_where_the_runtime_folder_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/" + "z" * 100)
    assert Server(Path("/srv/" + "x" * 120)).socket_folder.parent == Path("/tmp")


def test_home_by_environment_then_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_HOME", "/srv/alerts")
    assert embedded.home() == Path("/srv/alerts")
    monkeypatch.setenv("BROADCAST_HOME", "")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert embedded.home() == Path("/var/lib/broadcast")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/an/data")
    assert embedded.home() == Path("/home/an/data/broadcast")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/an")
    assert embedded.home() == Path("/home/an/.local/share/broadcast")


def test_a_user_without_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DatabaseError, match="set BROADCAST_HOME"):
        embedded.default_home()


def test_an_ordinary_user_is_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os, "getegid", lambda: 54321)
    assert system_user.owner() == system_user.Owner("54321", 54321, 54321, switch=False)


def test_the_cause_of_a_failed_start_is_not_what_was_said_last() -> None:
    said = """3 LOG:  starting PostgreSQL 18.0
4 FATAL:  could not create shared memory segment
5 LOG:  database system is shut down
"""
    assert server_log.cause(said) == "4 FATAL:  could not create shared memory segment"
    assert server_log.cause("3 LOG:  starting PostgreSQL 18.0\n4 LOG:  shut down\n") == "4 LOG:  shut down"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """One with data and room on its disk that does not run; pg_ctl does nothing, and says so."""
    made = Server(tmp_path)
    made.data.mkdir()
    monkeypatch.setattr(embedded, "free_octets", lambda _: embedded.ROOM_OCTETS)
    monkeypatch.setattr(embedded, "check_home", lambda _: None)
    monkeypatch.setattr(embedded, "make_home", lambda *_: None)
    monkeypatch.setattr(system_user, "owner", lambda: system_user.Owner("an", 1, 1, switch=False))
    monkeypatch.setattr(Server, "_programs", lambda *_: tmp_path)
    return made


FULL = "PANIC:  could not write to file: No space left on device\n"
READY = "LOG:  database system is ready to accept connections\n"


@pytest.mark.parametrize(
    ("log", "stopped", "was_full"),
    [
        (READY + FULL, False, True),
        (FULL, False, True),
        (READY + FULL + READY, False, False),
        (READY + FULL + READY + "LOG:  terminated by signal 9: Killed\n", False, False),
        (READY + FULL, True, False),
    ],
)
def test_a_disk_that_was_full_long_ago_is_not_why(
    server: Server, log: str, stopped: bool, was_full: bool
) -> None:
    server.log.write_text(log)
    if stopped:
        (server.home / "stopped").touch()
    assert server.why_down() == (f"the disk of {server.home} was full" if was_full else None)


@pytest.mark.parametrize(
    ("said", "words"),
    [("FATAL:  could not create shared memory segment\n", "shared memory"), (FULL, "was full")],
)
def test_why_it_does_not_start_is_what_this_start_said(
    server: Server, monkeypatch: pytest.MonkeyPatch, said: str, words: str
) -> None:
    server.log.write_text("PANIC:  an old one: No space left on device\n")

    def control(*_: object) -> "subprocess.CompletedProcess[str]":
        with server.log.open("a") as log:
            log.write(said)
        return subprocess.CompletedProcess([], 1, "", "pg_ctl: could not start server")

    monkeypatch.setattr(Server, "_control", control)
    with pytest.raises(DatabaseError, match=words):
        server._launch(system_user.owner(), server.home)


def test_another_database_is_not_down_for_the_embedded_ones_reason(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.log.write_text(FULL)
    monkeypatch.delenv("BROADCAST_DATABASE_URL", raising=False)
    monkeypatch.setenv("BROADCAST_HOME", str(server.home))
    assert "was full" in str(failures.explain(ConnectionRefusedError(), server.url()))
    other = str(failures.explain(ConnectionRefusedError(), "postgresql://db.example/alerts"))
    assert "db.example:5432 does not answer" in other


@pytest.mark.parametrize("raises", [False, True])
def test_a_stop_that_failed_leaves_it_to_be_started_again(
    server: Server, monkeypatch: pytest.MonkeyPatch, raises: bool
) -> None:
    def control(*_: object) -> "subprocess.CompletedProcess[str]":
        if raises:
            raise DatabaseError("pg_ctl did not end in 330 s")
        return subprocess.CompletedProcess([], 1, "", "pg_ctl: server does not shut down")

    (server.data / "postmaster.pid").write_text("1")
    monkeypatch.setattr(Server, "answers", lambda _: True)
    monkeypatch.setattr(Server, "_control", control)
    with pytest.raises(DatabaseError, match=r"pg_ctl"):
        server.stop()
    assert not server.was_stopped


def test_a_start_of_one_that_runs_takes_the_stop_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.home / "stopped").touch()
    monkeypatch.setattr(Server, "answers", lambda _: True)
    assert not server.start()
    assert not server.was_stopped


def test_a_stop_while_a_start_is_under_way_stays_a_stop(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes the mark away before it lets the lock go."""

    @contextmanager
    def locked(_: object) -> Iterator[None]:
        (server.home / "stopped").unlink()
        yield

    (server.data / "postmaster.pid").write_text("1")
    monkeypatch.setattr(Server, "_locked", locked)
    monkeypatch.setattr(Server, "_control", lambda *_: subprocess.CompletedProcess([], 0, "", ""))
    assert server.stop()
    assert server.was_stopped


async def test_the_keeper_says_once_who_stopped_it(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    (server.home / "stopped").touch()
    keeper = Keeper(server)
    for _ in range(3):
        await keeper.look()
    assert [record.getMessage() for record in caplog.records] == [
        "embedded_down why=the embedded database was stopped by `broadcast db down`: `broadcast db up` starts it again"
    ]
