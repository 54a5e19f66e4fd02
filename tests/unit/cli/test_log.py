"""`broadcast log level`: what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broadcast.cli.log import log
from broadcast.errors import BroadcastError
from broadcast.monitor import levels


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "levels.toml"
    monkeypatch.setenv("BROADCAST_LOG_LEVELS", str(path))
    return path


def run(*words: str) -> Result:
    done = CliRunner().invoke(log, ["level", *words])
    if isinstance(done.exception, BroadcastError):
        raise done.exception
    return done


def test_it_is_set_shown_and_ended(file: Path) -> None:
    assert str(file) in run("engine.feeder", "debug", "--for", "1h").output
    run("asyncio", "error")
    run("engine.feeder", "warning")
    found = json.loads(run("--json").output)
    assert found["file"] == str(file)
    assert {each["module"]: each["level"] for each in found["levels"]} == {
        "engine.feeder": "warning",
        "asyncio": "error",
    }
    run("asyncio", "usual")
    assert [each.module for each in levels.read(file)] == ["engine.feeder"]
    assert all(each.until is not None for each in levels.read(file))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["engine.feder", "debug"], "there is no module engine.feder"),
        (["no.such.room", "debug"], "there is no module no.such.room"),
        (["engine"], "say the level too"),
        (["Engine", "debug"], "no module's name"),
        (["84912345678", "debug"], "no module's name"),
        (["engine", "debug", "--for", "2d"], "a day at most"),
        (["engine", "debug", "--for", "0s"], "a day at most"),
        (["engine", "debug", "--for", "soon"], "write 30s, 2m or 1h"),
    ],
)
def test_what_nobody_would_notice_is_refused(words: list[str], why: str, file: Path) -> None:
    with pytest.raises(BroadcastError, match=why):
        run(*words)
    assert not file.exists()


def test_a_broken_file_is_named_and_kept(file: Path) -> None:
    file.write_text("engine = ")
    with pytest.raises(BroadcastError, match="no TOML"):
        run("engine", "debug")
    assert file.read_text() == "engine = "
