"""A page that shows what is typed and what is printed: run line by line, each name in a terminal of its own.

In a ```console block a line `an$ broadcast campaign list` is typed by an, and what follows it is printed. Where what is
printed is meant to be another: `PYTHONPATH=.:tests python -m integration.transcript docs/dien-tap.md` writes it anew.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broadcast.store.scratch import scratch_home

ROOT: Final = Path(__file__).parents[2]
COMMAND_S: Final = 200
_MARK: Final = "\x1dended"
_TYPED: Final = re.compile(r"(?P<who>\w+)\$ (?P<command>.+)")
NO_CODE: Final = "0000-0000"  # stands in a page for a wrong one
CODE: Final = re.compile(r"\b[0-9a-f]{4}-[0-9a-f]{4}\b")
_PORTS: Final = ("2775", "2776", "2777")
# What is another in each run, and how it is compared. Nothing else may differ.
_VARIES: Final = tuple(
    (re.compile(pattern, re.MULTILINE), instead)
    for pattern, instead in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+07:00", "TIME"),
        (r"\b\d\d:\d\d:\d\d( \+07:00)?", "TIME"),
        (CODE.pattern, "CODE"),
        (r"0001_\w+(, \d{4}_\w+)*", "MIGRATIONS"),
        (r"\b\d+,\d\b", "DECIMAL"),
        (r"^mất .*", "TAKEN"),
        (r"\b[\d.]+ đoạn/giây", "RATE"),
        (r"[ \t]+$", ""),
        (r" {2,}", " "),
        (r"([━─═])\1+", r"\1"),
    )
)
# How often a progress is told, and how far it is by then, depends on the machine.
_PROGRESS: Final = re.compile(r"(^TIME DIỄN TẬP: đang phát: .*\n(^ .*\n)*)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """line: of the page, from 1."""

    line: int
    who: str
    command: str
    printed: str


def steps(page: str) -> Iterator[Step]:
    """In the page's order."""
    for block in re.finditer(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        line = page.count("\n", 0, block.start(1)) + 1
        typed: re.Match[str] | None = None
        printed: list[str] = []
        at = line
        for each in block[1].splitlines():
            if found := _TYPED.fullmatch(each):
                if typed is not None:
                    yield Step(at, typed["who"], typed["command"], "".join(printed))
                typed, printed, at = found, [], line
            else:
                printed.append(each + "\n")
            line += 1
        assert typed is not None, f"line {line}: a block without a command"
        yield Step(at, typed["who"], typed["command"], "".join(printed))


def comparable(printed: str) -> str:
    """Without what is another in each run."""
    for pattern, instead in _VARIES:
        printed = pattern.sub(instead, printed)
    return _PROGRESS.sub("PROGRESS\n", printed)


class Terminal:
    """A shell that somebody types into."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, command: str) -> tuple[str, int]:
        """What it prints, and its exit code."""
        assert self._shell.stdin is not None and self._shell.stdout is not None
        self._shell.stdin.write(f"{command}\nprintf '{_MARK} %s\\n' $?\n")
        self._shell.stdin.flush()
        watchdog = threading.Timer(COMMAND_S, self._shell.kill)
        watchdog.start()
        printed = []
        try:
            for line in self._shell.stdout:
                before, mark, code = line.partition(_MARK)
                if mark:
                    return "".join([*printed, before]), int(code)
                printed.append(line)
        finally:
            watchdog.cancel()
        raise AssertionError(f"`{command}` did not end: {''.join(printed)[-2000:]}")

    def close(self) -> None:
        """With what it left running."""
        self("kill $(jobs -p) 2>/dev/null; wait")
        self._shell.communicate("exit\n", timeout=COMMAND_S)


class Session:
    """A folder as a checkout's, an embedded database of its own, free ports, a terminal for each name."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder, self._home = folder, home
        self.code = ""  # the content code that was printed last
        self._terminals: dict[str, Terminal] = {}
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        shutil.copytree(ROOT / "config", folder / "config")
        shutil.copytree(ROOT / "docs" / "examples", folder / "docs" / "examples")
        site = folder / "config" / "training.toml"
        site.write_text(self._with_ports(site.read_text(encoding="utf-8")), encoding="utf-8")
        (folder / "bin").mkdir()
        command = folder / "bin" / "broadcast"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m broadcast "$@"\n')
        command.chmod(0o755)

    def type(self, who: str, command: str) -> tuple[str, int]:
        """What it prints, and its exit code. The code printed last stands for the page's, free ports for its."""
        if who not in self._terminals:
            self._terminals[who] = Terminal(self._folder, self._environment())
        if NO_CODE not in command:
            command = CODE.sub(self.code, command)
        printed, exit_code = self._terminals[who](self._with_ports(command))
        if shown := CODE.findall(printed):
            self.code = shown[-1]
        return printed.replace(str(self._home), "~/.local/share/broadcast"), exit_code

    def close(self) -> None:
        for each in self._terminals.values():
            each.close()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self._folder),
            "BROADCAST_HOME": str(self._home),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",  # what goes to a terminal is shown in the order in which it was said
        }

    def _with_ports(self, text: str) -> str:
        for known, free in self._ports.items():
            text = re.sub(rf"\b{known}\b", str(free), text)
        return text


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """folder: empty."""
    with scratch_home("transcript") as home:
        made = Session(folder, home)
        try:
            yield made
        finally:
            made.close()


def rewrite(path: Path) -> None:
    """Put what is printed now under each command."""
    page = path.read_text(encoding="utf-8")
    lines = page.splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder, session(Path(folder)) as terminals:
        printed = [(step, terminals.type(step.who, step.command)[0], terminals.code) for step in steps(page)]
    for step, text, code in reversed(printed):
        lines[step.line : step.line + step.printed.count("\n")] = text
        if NO_CODE not in step.command:
            lines[step.line - 1] = CODE.sub(code, lines[step.line - 1])
    path.write_text("".join(lines), encoding="utf-8")


def main(paths: Sequence[str]) -> None:
    for each in paths:
        rewrite(Path(each))


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1:])
