"""What can be said of an import and of a number before anything is asked."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.actions.subscriber import Import, check_somebody, number, planned
from broadcast.audience.importer import ImportResult
from broadcast.config import Config
from broadcast.errors import InputError


def test_where_refused_lines_go(tmp_path: Path) -> None:
    people, mine = tmp_path / "people.csv", tmp_path / "mine.csv"
    people.touch()
    beside = tmp_path / "people.refused.csv"
    assert planned(people, None, resumable=False, restart=False) == Import(people, beside)
    assert planned(people, mine, resumable=True, restart=True) == Import(people, mine, True, True)
    assert planned(Path("-"), None, resumable=False, restart=False).refused == Path("piped.refused.csv")


def test_what_does_not_go_together(tmp_path: Path) -> None:
    people, pipe = tmp_path / "people.csv", tmp_path / "pipe"
    people.touch()
    os.mkfifo(pipe)
    for refused, restart, message in (
        (None, True, "--restart goes with --resumable"),
        (people, False, "is the file to import"),
        (pipe, False, "is no file"),
    ):
        with pytest.raises(InputError, match=message):
            planned(people, refused, resumable=False, restart=restart)


def test_an_import_of_nobody() -> None:
    done = ImportResult(1, "people.csv", 3, 1, 0, 0, {"landline": 2}, {}, (), (), Path("r.csv"), 0.1)
    check_somebody(done)
    with pytest.raises(InputError, match=r"people\.csv: every line is refused.*r\.csv"):
        check_somebody(replace(done, imported=0, refused={"landline": 3}))


def test_a_number_as_people_write_it(config: Config) -> None:
    assert number(config.country, "0961 234 567") == 84961234567
    with pytest.raises(InputError, match="no mobile number of Vietnam") as refused:
        number(config.country, "02438221234")
    assert "2438221234" not in str(refused.value)
