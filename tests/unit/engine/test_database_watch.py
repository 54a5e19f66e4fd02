"""What a worker sees of its database."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from broadcast.diagnosis.reading import LaneReading
from broadcast.engine import database_watch
from broadcast.engine.database_watch import CommitPace, DatabaseWatch, Room, data_folder, room
from broadcast.store.embedded import Server


@dataclass
class Writing:
    """A writer's word."""

    writing_since: float | None
    full: bool


def test_one_slow_commit_is_no_slow_database_and_many_are() -> None:
    pace = CommitPace()
    for now in range(10):
        pace.took(0.1, now)
    pace.took(1.0, 10)
    assert pace.commit_s(10, None) == pytest.approx(0.28)
    for now in range(11, 31):
        pace.took(1.0, now)
    assert pace.commit_s(30, None) == pytest.approx(1.0, abs=0.02)


def test_a_commit_under_way_counts_as_long_as_it_has_taken() -> None:
    pace = CommitPace()
    assert pace.commit_s(100, None) == 0.0
    assert pace.commit_s(100, 97) == 3.0
    pace.took(0.2, 100)
    assert pace.commit_s(150, 149.9) == 0.2
    assert pace.commit_s(150, 120) == 30.0


def test_of_a_worker_that_writes_nothing_it_is_forgotten() -> None:
    pace = CommitPace()
    pace.took(5.0, 100)
    assert (pace.commit_s(109, None), pace.commit_s(111, None)) == (5.0, 0.0)
    pace.took(0.1, 200)
    assert pace.commit_s(200, None) == 0.1
    pace.took(60.0, 265)  # long, not idle
    assert pace.commit_s(265, None) == pytest.approx(12.08)


def test_the_disk_of_an_embedded_server_is_known_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path)
    assert data_folder(server.url()) is None  # there is none yet
    server.data.mkdir()
    assert data_folder(server.url()) == server.data
    assert data_folder("postgresql://w@db.example/broadcast") is None
    assert data_folder("postgresql://w@/broadcast?host=/var/run/postgresql") is None
    long = tmp_path / ("l" * 100)
    (long / "data").mkdir(parents=True)
    monkeypatch.setenv("BROADCAST_HOME", str(long))
    url = Server(long).url()
    assert data_folder(url) == long / "data"  # by the home: its socket is elsewhere
    monkeypatch.setenv("BROADCAST_DATABASE_URL", url)
    assert data_folder(url) is None


def test_room_is_told_by_a_grain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert room(None) is None
    assert room(tmp_path / "gone") is None
    found = room(tmp_path)
    assert found is not None
    assert 0 <= found.free <= found.size
    for free, told in ((55_500_000_000, 55_000_000_000), (7_654_321, 7_000_000)):
        usage = type("Usage", (), {"free": free, "total": 100_000_000_000})
        monkeypatch.setattr(database_watch.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert room(tmp_path) == Room(told, 100_000_000_000)


def test_a_reading_has_what_is_known(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.data.mkdir()
    watch = DatabaseWatch(server.url(), Writing(7.0, full=True))
    read = watch.on(LaneReading(granted_tps=5), 9.5)
    assert (read.granted_tps, read.commit_s, read.disk_full) == (5, 2.5, True)
    assert read.disk_size and read.disk_free is not None
    away = DatabaseWatch("postgresql://w@db.example/broadcast", Writing(None, full=False))
    assert away.on(LaneReading(), 9.5) == LaneReading()
