"""The shell of demo and bench: commands as processes, watched in the background, ended in time."""

import threading
import time
from pathlib import Path

import pytest

from broadcast.cli.shell import Shell
from broadcast.errors import BroadcastError


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell({"PATH": "/usr/bin:/bin", "BROADCAST_HOME": str(tmp_path / "home")}, tmp_path)


def simulator(folder: Path) -> tuple[str | Path, ...]:
    """A command that runs until it is told to stop."""
    personality = folder / "carrier.toml"
    personality.write_text('name = "quiet"\nsystem_id = "x"\n')
    return ("carrier", "simulate", "--personality", personality, "--ready-file", folder / "ready")


def test_a_command_is_printed_and_its_exit_code_judged(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run("db", "status", expect=1)
    with pytest.raises(BroadcastError, match="`broadcast db status` ended with exit code 1"):
        shell.run("db", "status")
    with pytest.raises(BroadcastError, match="ended with exit code 1"):
        shell.read("db", "status")
    assert shell.read("db", "down") == {"stopped": False}
    assert capsys.readouterr().out.splitlines()[-1] == "$ broadcast db down --json"


def test_a_sentence_steers_no_terminal(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.tell("a\nb\x1b[2J")
    assert capsys.readouterr().out == "\na\nb\\u001b[2J\n"


def test_a_quiet_one_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Shell({"BROADCAST_HOME": str(tmp_path / "home")}, tmp_path, quiet=True)
    quiet.tell("a sentence")
    assert quiet.read("db", "down") == {"stopped": False}
    assert capsys.readouterr().out == ""


def test_what_runs_in_the_background_is_ended(shell: Shell, tmp_path: Path) -> None:
    with shell:
        shell.start("quiet", *simulator(tmp_path))
        shell.wait_for("it", (tmp_path / "ready").exists)
        ((name, pid),) = shell.running()
        assert name == "quiet"
        assert Path(f"/proc/{pid}").exists()
    assert shell.running() == []
    assert not Path(f"/proc/{pid}").exists()
    assert "quiet listens on 127.0.0.1" in (tmp_path / "quiet.log").read_text()


def test_a_background_that_fails_fails_the_foreground(shell: Shell, tmp_path: Path) -> None:
    with shell:
        shell.start("broken", "carrier", "simulate", "--personality", tmp_path / "missing.toml")
        with pytest.raises(BroadcastError, match=r"broken ended by itself with exit code 2: .*missing\.toml"):
            shell.wait_for("it", lambda: False)


def test_waiting_is_bounded(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(BroadcastError, match="the moon did not come up in 0 s"):
        shell.wait_for("the moon", lambda: False, timeout_s=0)
    with pytest.raises(BroadcastError, match="did not end in 1 s"):
        shell.run(*simulator(tmp_path), timeout_s=1)


def test_an_interruption_ends_what_runs(shell: Shell, tmp_path: Path) -> None:
    asked = threading.Event()
    shell.interrupted = asked.is_set
    threading.Timer(0.5, asked.set).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        shell.run(*simulator(tmp_path), timeout_s=60)
    assert time.monotonic() - started < 20
