"""A head is read as it was written, and only as the key sealed it."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.acts.heads import Head, append, read_heads, read_key, read_line, sealed
from broadcast.errors import ConfigError, InputError

KEY = b"0123456789abcdef"
HEAD = Head("4a1d/home", 17, datetime(2030, 1, 31, 18, 0, 0, 5, UTC), bytes(range(32)))


def test_as_it_was_written() -> None:
    assert read_line(sealed(HEAD, KEY), KEY) == HEAD


@pytest.mark.parametrize(
    "old, new", [(" 17 ", " 16 "), ("home", "north"), ("18:00", "19:00"), ("0001", "0002")]
)
def test_what_was_changed_is_none(old: str, new: str) -> None:
    line = sealed(HEAD, KEY)
    assert old in line
    assert read_line(line.replace(old, new, 1), KEY) is None


@pytest.mark.parametrize("line", ["", "x", "a b c d e f", sealed(HEAD, b"another key of sixteen")])
def test_what_nobody_sealed_is_none(line: str) -> None:
    assert read_line(line, KEY) is None


def test_a_file_grows_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    append(path, [HEAD], KEY)
    with path.open("a") as file:
        file.write("what is this?\n\n")
    append(path, [HEAD, HEAD], KEY)
    found = list(read_heads(path, KEY))
    assert [each.head for each in found] == [HEAD, None, HEAD, HEAD]
    assert [each.place.rpartition(":")[2] for each in found] == ["1", "2", "4", "5"]


def test_many_at_once_keep_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    writers = [threading.Thread(target=append, args=(path, [HEAD] * 20, KEY)) for _ in range(10)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.head for each in read_heads(path, KEY)] == [HEAD] * 200


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the heads"):
        list(read_heads(tmp_path / "none", KEY))


def test_a_key_that_can_be_guessed(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("short\n")
    with pytest.raises(ConfigError, match="16 characters"):
        read_key(str(key))
    key.write_text("a" * 32 + "\n")
    assert read_key(str(key)) == b"a" * 32
