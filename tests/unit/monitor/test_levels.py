"""Levels by module while a process runs: the file, what holds of it, and that a broken one changes nothing."""

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logged import told

from broadcast.errors import ConfigError
from broadcast.monitor import events, levels
from broadcast.monitor.event import LEVELS
from broadcast.monitor.levels import Levelled, Look

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENGINE = logging.getLogger("broadcast.engine")

pytestmark = pytest.mark.usefixtures("root_as_it_was")


@pytest.fixture(autouse=True)
def begun() -> None:
    levels.begin(logging.INFO, "")


_names = st.from_regex(r"[a-z][a-z0-9_]{0,9}(\.[a-z_][a-z0-9_]{0,9}){0,2}", fullmatch=True)
_moments = st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_entries = st.builds(
    Levelled,
    _names,
    st.sampled_from(LEVELS),
    st.none() | _moments,
)


@given(st.lists(_entries, unique_by=lambda each: each.module, max_size=5))
def test_what_is_written_is_read(entries: list[Levelled]) -> None:
    assert sorted(levels.parse(levels.written(entries)), key=lambda each: each.module) == sorted(
        entries, key=lambda each: each.module
    )


def test_a_person_may_write_it_shortly() -> None:
    assert levels.parse('engine = "debug"\n"smpp.link" = "warning"') == (
        Levelled("engine", "debug"),
        Levelled("smpp.link", "warning"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("engine = debug", "no TOML"),
        (f"engine = {'9' * 5000}", "no TOML"),
        (f"engine = {'[' * 5000}", "no TOML"),
        ("engine = 3", 'engine: write "debug"'),
        ('engine = {level = "debug", for = "10m"}', 'engine: write "debug"'),
        ('engine = "loud"', "engine: 'loud' is no level: debug, info, warning, error"),
        ('engine = {level = "debug", until = "tomorrow"}', "engine: until is a time with its zone"),
        ('engine = {level = "debug", until = 2026-01-31T08:00:00}', "engine: until is a time with its zone"),
        ("engine = {until = 2026-01-31T08:00:00Z}", "engine: None is no level"),
        ('"../etc" = "debug"', "'../etc' is no module's name"),
        ('smpp.link = "debug"', 'smpp: write "debug"'),
    ],
)
def test_what_it_cannot_say_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        levels.parse(text)


def test_it_ends_by_itself() -> None:
    entries = (Levelled("a", "debug"), Levelled("b", "debug", NOW), Levelled("c", "debug", NOW + MINUTE))
    assert [each.module for each in levels.holding(entries, NOW)] == ["a", "c"]


@pytest.mark.parametrize(
    ("module", "name"),
    [("all", ""), ("engine", "broadcast.engine"), ("asyncio", "asyncio"), ("asyncpg.pool", "asyncpg.pool")],
)
def test_a_module_is_ours_unless_it_is_a_librarys(module: str, name: str) -> None:
    assert Levelled(module, "debug").logger == name


def test_a_file_is_followed_and_what_it_ends_is_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "new" / "levels.toml"
    look = Look(path)
    look.again(NOW)
    assert ENGINE.getEffectiveLevel() == logging.INFO
    levels.write(path, [Levelled("engine", "debug", NOW + MINUTE), Levelled("all", "warning")])
    look.again(NOW)
    assert (ENGINE.level, logging.getLogger().level) == (logging.DEBUG, logging.WARNING)
    look.again(NOW + MINUTE)
    assert ENGINE.getEffectiveLevel() == logging.WARNING
    path.unlink()
    look.again(NOW + MINUTE)
    assert (ENGINE.level, logging.getLogger().level) == (logging.NOTSET, logging.INFO)
    assert [each["levels"] for each in told(caplog, events.LEVELS_SET)] == [
        "as in the beginning"
    ]  # the others: below warning


def test_what_a_process_began_with_comes_back() -> None:
    levels.begin(logging.INFO, "engine=error")
    levels.apply([Levelled("engine", "debug")])
    levels.apply([])
    assert ENGINE.level == logging.ERROR


def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "levels.toml"
    levels.write(path, [Levelled("engine", "debug")])
    look = Look(path)
    look.again(NOW)
    for broken in (b"engine = ", b"\xff"):
        path.write_bytes(broken)
        look.again(NOW)
        look.again(NOW)
    assert ENGINE.level == logging.DEBUG
    assert len(told(caplog, events.LEVELS_UNREADABLE)) == 2
    levels.write(path, [Levelled("engine", "error")])
    look.again(NOW)
    assert ENGINE.level == logging.ERROR


def test_a_folder_or_a_pipe_in_its_place_keeps_no_process_from_its_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(pipe := tmp_path / "levels.toml")
    for place in (tmp_path, pipe):
        Look(place).again(NOW)
    assert len(told(caplog, events.LEVELS_UNREADABLE)) == 2


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "levels.toml"
    levels.write(path, [Levelled("engine", "debug")])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(OSError, match="No space left"):
        levels.write(path, [])
    assert levels.read(path) == (Levelled("engine", "debug"),)
    assert list(tmp_path.iterdir()) == [path]


async def test_it_is_followed_while_its_context_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "LOOK_S", 0.0)
    path = tmp_path / "levels.toml"
    async with levels.followed(path):
        levels.write(path, [Levelled("engine", "debug")])
        while ENGINE.level != logging.DEBUG:  # noqa: ASYNC110 - of another task, which tells nobody
            await asyncio.sleep(0)
    assert not [each for each in asyncio.all_tasks() if each.get_name() == "log levels"]
