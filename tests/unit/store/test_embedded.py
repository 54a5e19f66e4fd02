"""Where the embedded server's things are."""

import os
from pathlib import Path

import pytest

from broadcast.errors import DatabaseError
from broadcast.store import embedded, system_user
from broadcast.store.embedded import Server


def test_the_socket_is_in_the_home() -> None:
    server = Server(Path("/srv/alerts"))
    assert server.socket_folder == Path("/srv/alerts/run")
    assert server.url() == "postgresql://broadcast@/broadcast?host=/srv/alerts/run"
    assert server.url("other") == "postgresql://broadcast@/other?host=/srv/alerts/run"


def test_a_home_with_blanks_is_quoted() -> None:
    assert Server(Path("/srv/my alerts")).url().endswith("?host=/srv/my%20alerts/run")


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
    assert embedded._cause(said) == "4 FATAL:  could not create shared memory segment"
    assert embedded._cause("3 LOG:  starting PostgreSQL 18.0\n4 LOG:  shut down\n") == "4 LOG:  shut down"
