"""Migrations: the files' order, and the verdict on a database."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.errors import BroadcastError, SchemaError
from broadcast.store.migrations import Applied, Migration, Status, files

ONE = Migration(1, "start", "SELECT 1", b"a")
TWO = Migration(2, "more", "SELECT 2", b"b")
AT = datetime(2026, 1, 2, tzinfo=UTC)


def applied(migration: Migration, checksum: bytes | None = None) -> Applied:
    return Applied(migration.version, migration.name, checksum or migration.checksum, AT)


def test_files_are_numbered_from_one(tmp_path: Path) -> None:
    (tmp_path / "0002_more.sql").write_text("SELECT 2")
    (tmp_path / "0001_start.sql").write_text("SELECT 1")
    assert [(each.version, each.name, each.text) for each in files(tmp_path)] == [
        (1, "start", "SELECT 1"),
        (2, "more", "SELECT 2"),
    ]
    assert files(tmp_path)[0].checksum == hashlib.sha256(b"SELECT 1").digest()


@pytest.mark.parametrize("name", ["0002_start.sql", "1_start.sql", "0001-start.sql", "start.sql"])
def test_a_wrong_file_name_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(BroadcastError, match=r"expected migration 0001_name\.sql"):
        files(tmp_path)


def test_the_packaged_migrations_are_in_order() -> None:
    assert [each.version for each in files()] == list(range(1, len(files()) + 1))


def test_up_to_date() -> None:
    status = Status((ONE, TWO), (applied(ONE), applied(TWO)))
    status.check()
    assert status.pending == ()


def test_behind_says_migrate() -> None:
    status = Status((ONE, TWO), (applied(ONE),))
    assert status.pending == (TWO,)
    status.check_not_ahead()
    with pytest.raises(SchemaError, match=r"1 of 2 migrations are applied; run `broadcast db migrate`"):
        status.check()


def test_ahead_says_newer_version() -> None:
    status = Status((ONE,), (applied(ONE), applied(TWO)))
    with pytest.raises(SchemaError, match="migration 0002: use the newer version"):
        status.check()


def test_changed_says_other_version() -> None:
    status = Status((ONE,), (applied(ONE, b"other"),))
    assert status.changed == (ONE,)
    with pytest.raises(SchemaError, match="0001_start was applied with other content"):
        status.check()
