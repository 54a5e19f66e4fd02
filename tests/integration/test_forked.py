"""Processes that tests fork are as those that are started by themselves."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from integration.forked import forked
from waiting import PATIENCE_S, until

PERSONALITY = 'name = "viettel"\nsystem_id = "viettel"\n'


async def test_each_has_its_words_its_environment_its_folder_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "viettel.toml").write_text(PERSONALITY)
    ready, log = tmp_path / "ready.json", tmp_path / "log"
    words = ("carrier", "simulate", "--personality", "viettel.toml", "--ready-file", str(ready))
    running = await forked(words, os.environ, log)
    other = await forked(
        ("carrier", "list"), {**os.environ, "BROADCAST_CONFIG": "none.toml"}, tmp_path / "other"
    )
    assert await asyncio.wait_for(other.wait(), PATIENCE_S) == 2 == other.returncode
    assert "none.toml" in (tmp_path / "other").read_text()
    await until(ready.exists, "it listens")
    assert running.returncode is None and f'"pid": {running.pid}' in ready.read_text()
    running.terminate()
    assert await asyncio.wait_for(running.wait(), PATIENCE_S) == 0
    assert "its book is http" in log.read_text()
    running.kill()  # of what is over nothing is left to be told


async def test_a_killed_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "viettel.toml").write_text(PERSONALITY)
    words = ("carrier", "simulate", "--personality", str(tmp_path / "viettel.toml"))
    running = await forked(words, os.environ, tmp_path / "log")
    running.kill()
    assert await asyncio.wait_for(running.wait(), PATIENCE_S) == -signal.SIGKILL
