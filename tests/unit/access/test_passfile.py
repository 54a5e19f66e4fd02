"""Passwords of machines, as libpq reads them."""

import stat
from pathlib import Path

import pytest

from broadcast.access import passfile
from broadcast.errors import InputError


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "passfile"
    passfile.keep(path, {"an": "a:b", "binh": "c\\d"})
    passfile.keep(path, {"an": "new"})
    assert path.read_text() == "*:*:*:binh:c\\\\d\n*:*:*:an:new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert passfile.known(path) == {"binh": "c\\d", "an": "new"}
    assert passfile.known(tmp_path / "none") == {}


def test_what_others_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "passfile"
    path.write_text("db.example:5432:live:anna:secret\n*:*:*:anna:other\n")
    passfile.keep(path, {"an": "mine"})
    assert path.read_text().splitlines() == [
        "db.example:5432:live:anna:secret",
        "*:*:*:anna:other",
        "*:*:*:an:mine",
    ]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        passfile.keep(tmp_path / "none" / "passfile", {"an": "x"})


def test_random() -> None:
    assert len({passfile.random_password() for _ in range(100)}) == 100
