"""Runs `broadcast` commands as their own processes and prints each before: so the demo is the tutorial.

What runs in the background is watched: when one of these ends by itself, what runs in the foreground fails with
its last words.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from broadcast.engine.parent import die_with
from broadcast.errors import BroadcastError
from broadcast.languages import _
from broadcast.visible import visible

_LOOK_S = 0.05
_END_S = 30.0


@dataclass(frozen=True, slots=True)
class _Background:
    name: str
    kind: str
    process: "subprocess.Popen[bytes]"
    log: Path


@dataclass(slots=True)
class Shell:
    """environment: of every command. logs: the folder of what the background says. quiet: prints nothing.

    interrupted: asked while a command runs; when it says so, that command is ended and KeyboardInterrupt raised.
    """

    environment: Mapping[str, str]
    logs: Path
    quiet: bool = False
    interrupted: Callable[[], bool] = field(default=lambda: False)
    _background: list[_Background] = field(default_factory=list)

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def tell(self, text: str) -> None:
        """A sentence about what comes next."""
        if not self.quiet:
            click.secho(f"\n{visible(text, lines=True)}", fg="cyan", file=sys.stdout)

    def run(self, *words: str | Path, expect: int = 0, timeout_s: float = 120) -> None:
        """One command in the foreground. Raises BroadcastError unless it ends as expected, in time."""
        self._print(words)
        self._judge(words, self._wait(self._spawn(words), words, timeout_s), expect)

    def read(self, *words: str | Path, timeout_s: float = 120) -> Any:
        """One command with `--json`; what it printed, parsed. Raises as `run`."""
        words = (*words, "--json")
        self._print(words)
        with tempfile.TemporaryFile() as output:
            self._judge(words, self._wait(self._spawn(words, stdout=output), words, timeout_s), 0)
            output.seek(0)
            return json.load(output)

    def start(self, name: str, *words: str | Path) -> None:
        """One command in the background, in its own session; `stop` ends it, and so does our death."""
        self._print(words, " &")
        log = self.logs / f"{name}.log"
        with log.open("wb") as file:
            process = self._spawn(words, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        self._background.append(_Background(name, str(words[0]), process, log))

    def wait_for(self, what: str, ready: Callable[[], bool], timeout_s: float = 30) -> None:
        """Wait until something in the background has come up. Raises BroadcastError when it does not."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self._look()
            if time.monotonic() > deadline:
                raise BroadcastError(
                    _("{what} did not come up in {timeout_s:.0f} s", what=what, timeout_s=timeout_s)
                )
            time.sleep(_LOOK_S)

    def running(self) -> list[tuple[str, int]]:
        """Name and process id of what runs in the background."""
        return [(each.name, each.process.pid) for each in self._background]

    def end(self, name: str, how: signal.Signals) -> None:
        """Signal one of what runs in the background, and wait until it has ended."""
        ending = next(each for each in self._background if each.name == name)
        ending.process.send_signal(how)
        ending.process.wait(_END_S)
        self._background.remove(ending)

    def stop(self) -> None:
        """End what runs in the background, the last kind first: workers unbind while carriers listen."""
        while self._background:
            kind = self._background[-1].kind
            _end([each.process for each in self._background if each.kind == kind])
            self._background = [each for each in self._background if each.kind != kind]

    def _wait(
        self, process: "subprocess.Popen[bytes]", words: tuple[str | Path, ...], timeout_s: float
    ) -> int:
        deadline = time.monotonic() + timeout_s
        try:
            while (code := process.poll()) is None:
                self._look()
                if time.monotonic() > deadline:
                    raise BroadcastError(
                        _(
                            "`{spelt}` did not end in {timeout_s:.0f} s",
                            spelt=_spelt(words),
                            timeout_s=timeout_s,
                        )
                    )
                time.sleep(_LOOK_S)
        except BaseException:
            _end([process])
            raise
        return code

    def _judge(self, words: tuple[str | Path, ...], code: int, expect: int) -> None:
        if self.interrupted():  # Ctrl-C reaches the command too, and it may be the first to end
            raise KeyboardInterrupt
        if code != expect:
            raise BroadcastError(_("`{spelt}` ended with exit code {code}", spelt=_spelt(words), code=code))

    def _look(self) -> None:
        """Between two waits: is all well in the background, and are we to go on?"""
        if self.interrupted():
            raise KeyboardInterrupt
        for each in self._background:
            code = each.process.poll()
            if code is not None:
                words = each.log.read_text(errors="replace").strip().splitlines()[-3:]
                raise BroadcastError(
                    _(
                        "{name} ended by itself with exit code {code}: {words}",
                        name=each.name,
                        code=code,
                        words=" / ".join(words),
                    )
                )

    def _spawn(self, words: tuple[str | Path, ...], **options: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "broadcast", *(str(word) for word in words)],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - this process has no threads
            **options,
        )

    def _print(self, words: tuple[str | Path, ...], tail: str = "") -> None:
        if not self.quiet:
            click.secho(f"$ {visible(_spelt(words))}{tail}", bold=True, file=sys.stdout)
            sys.stdout.flush()


def _end(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    """SIGTERM, and SIGKILL for what does not heed it."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _END_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _spelt(words: tuple[str | Path, ...]) -> str:
    """As one types it; files below the folder one is in by their short name."""
    return shlex.join(["broadcast", *(_short(word) for word in words)])


def _short(word: str | Path) -> str:
    if isinstance(word, Path) and word.is_relative_to(Path.cwd()):
        return str(word.relative_to(Path.cwd()))
    return str(word)
