"""An export is read as it was written, to the octet."""

from dataclasses import replace
from pathlib import Path

import pytest
from unit.acts.chains import AT, chain, linked

from broadcast.acts import export
from broadcast.acts.chain import Walked, walk
from broadcast.errors import InputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acts.jsonl"


def test_as_it_was_written(path: Path) -> None:
    odd = linked(
        [replace(each, details='{"b": 1.50, "aa": "Ngập \\"lụt\\""}', who="bình") for each in chain()]
    )
    with path.open("w", encoding="utf-8") as file:
        assert export.write(file, "4a1d/home", AT, odd) == 5
    found = export.read(path)
    seen = Walked()
    assert list(walk(found.entries, walked=seen)) == odd
    assert (found.database, found.exported_at, seen.differences) == ("4a1d/home", AT, [])


@pytest.mark.parametrize("text", ["", "x\n", "[]\n", "{}\n", '{"form": "broadcast-acts-1"}\n'])
def test_no_export(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError):
        export.read(path)


@pytest.mark.parametrize("cut", [10, 200])
def test_half_of_one(path: Path, cut: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        export.write(file, "4a1d/home", AT, chain())
    text = path.read_text()
    path.write_text(text[:-cut])
    with pytest.raises(InputError):
        list(export.read(path).entries)


def test_an_entry_that_lacks_something(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        export.write(file, "4a1d/home", AT, chain())
    path.write_text(path.read_text().replace('"who"', '"whom"', 1))
    with pytest.raises(InputError, match=":2: this is no entry"):
        list(export.read(path).entries)


def test_no_file(path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        export.read(path)
