"""Every failure is one line and an exit code; every command is found and has an example."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine

import asyncpg
import click
import pytest
from command_tree import commands

from broadcast.cli import main as entry
from broadcast.cli.lazy import LazyGroup
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.errors import BroadcastError, ConfigError, InputError, RefusedError


def fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command that raises; its exit code."""

    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: broken)
    with pytest.raises(SystemExit) as ended:
        entry.main(["broken"])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BroadcastError("it\nfailed"), 1, "broadcast: it failed"),
        (InputError(), 2, "broadcast: The input is wrong: nothing was changed"),
        (RefusedError("no"), 3, "broadcast: no"),
        (asyncpg.ConnectionDoesNotExistError("gone"), 1, "broadcast: the connection to the database"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), 1, "No such file or directory (x.csv)"),
        (ConnectionRefusedError(), 1, "broadcast: ConnectionRefusedError"),
        (
            asyncpg.UniqueViolationError("Key (84912345678)"),
            1,
            "PostgreSQL refused a statement (UniqueViolationError",
        ),
        (KeyError("84912345678"), 1, "broadcast: unexpected KeyError; run it again with BROADCAST_TRACE=1"),
        (ExceptionGroup("", [ValueError(), RefusedError("in a group")]), 3, "broadcast: in a group"),
        (KeyboardInterrupt(), 130, "broadcast: stopped"),
    ],
)
def test_failures(
    error: BaseException,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fails_with(error, monkeypatch) == code
    said = capsys.readouterr()
    assert said.out == ""
    lines = [each for each in said.err.splitlines() if each]
    assert len(lines) == 1
    assert line in lines[0]
    assert "84912345678" not in said.err


def test_trace_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BROADCAST_TRACE", "1")
    assert fails_with(BroadcastError("why"), monkeypatch) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.endswith("broadcast: why\n")
    fails_with(BroadcastError("\x1b[2J"), monkeypatch)
    assert "\x1b" not in capsys.readouterr().err


def test_usage_errors_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.main(["no-such-noun"])
    assert ended.value.code == 2
    assert "No such command 'no-such-noun'" in capsys.readouterr().err


def test_what_was_typed_is_repeated_without_what_steers_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (
        ["sub\x1b[2J"],
        ["subscriber", "stats", "\x9b\udcff"],
        ["--config", "\x1b\u202e", "carrier", "list"],
    ):
        with pytest.raises(SystemExit):
            entry.main(words)
        said = capsys.readouterr().err
        assert "\\u" in said or "\\x1b" in said
        assert not set("\x1b\x9b\u202e\udcff") & set(said)


def test_no_configuration_is_told_with_the_way_out() -> None:
    with click.Context(entry.broadcast, obj=None), pytest.raises(ConfigError, match="--config FILE"):
        configuration()


def test_every_command_has_help_with_an_example_and_every_printing_one_json() -> None:
    silent = {
        ("bench",),
        ("board",),
        ("demo",),
        ("exporter",),
        ("metrics", "targets"),
        ("resolver",),
        ("up",),
        ("worker",),
        ("subscriber", "export"),
    }  # JSON anyway
    for place, command in commands(entry.broadcast):
        words = f"{command.help} {command.epilog}"
        assert "Example" in words, place
        assert f"broadcast {place[0]}" in words, place
        if not isinstance(command, click.Group) and place not in silent:
            assert any("--json" in option.opts for option in command.params), place


def test_the_nouns_of_the_issue_are_there() -> None:
    wanted = {
        "db": "up down migrate status",
        "subscriber": "import stats show opt-out",
        "carrier": "list show simulate",
        "campaign": "draft forecast approve launch watch pause resume cancel list show report audit",
    }
    places = {place for place, _ in commands(entry.broadcast)}
    assert {(noun, verb) for noun, verbs in wanted.items() for verb in verbs.split()} <= places
    assert {("worker",), ("resolver",), ("demo",)} <= places


def test_the_runner_returns_and_raises() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    async def fail() -> None:
        raise RefusedError("no")

    assert run(answer()) == 42
    failing: Coroutine[None, None, None] = fail()
    with pytest.raises(RefusedError, match="no"):
        run(failing)


@pytest.mark.parametrize(
    ("module", "seldom"),
    [
        # Parquet's reader doubles a worker's memory, and its start after a crash takes a third longer with it
        ("broadcast.cli.worker", {"pyarrow"}),
        # whoever stops an alert is in a hurry: what a launch or the chain's proof needs doubles the start
        (
            "broadcast.cli.campaign_steps",
            {"numpy", "broadcast.campaign.launch", "broadcast.reports.audit_chain"},
        ),
        # arrays, shapes and Parquet each cost what the rest of such a command does
        (
            "broadcast.cli.campaign_show, broadcast.cli.campaign_draft, broadcast.cli.alert",
            {"numpy", "shapely", "pyarrow"},
        ),
        ("broadcast.cli.campaign_launch, broadcast.cli.audience_count", {"shapely", "pyarrow"}),
    ],
)
def test_a_command_starts_without_what_it_seldom_needs(module: str, seldom: set[str]) -> None:
    look = f"import sys, {module}; print(*({seldom!r} & sys.modules.keys()))"
    told = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == []
