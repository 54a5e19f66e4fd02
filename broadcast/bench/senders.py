"""Senders as processes of their own, one for each carrier, for the parts of the bench that no worker sends for.

What is asked over a pipe: to begin, and to end. What is said over it: how far a sender is, or why it failed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from broadcast.bench.load import Load
from broadcast.bench.stage import Stage, collecting_seldom
from broadcast.cli.runner import run
from broadcast.config import Config
from broadcast.engine.parent import die_with
from broadcast.errors import BroadcastError

SENDING_MOST_S = 40.0  # so that a part beside the product takes a minute, not the product's own time
_FILL_S = 8.0
_EACH = 1.05  # some receipts come after minutes, or never
_READY_S = 60.0
_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """How far a sender is. accepted: segments; told: receipts that came and were acked, or written down. through: it
    hands out no more, and all that it handed out is answered."""

    accepted: int = 0
    told: int = 0
    through: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """What a sender needs to know. place: of its carrier, from 0."""

    config: Config
    load: Load
    place: int

    @property
    def carrier(self) -> str:
        """Its carrier's name."""
        return list(self.config.carriers)[self.place]


class Credit:
    """How many segments a sender may hand out: any number at first, then as many as receipts come.

    Receipts take half a minute. A sender that only looked at its own room would send at twice the speed until they
    come, then do little but take them, and no second of it would be like those of an alert under way.
    """

    def __init__(self, now: float) -> None:
        self._until = now + _FILL_S
        self._sent = self._told = 0

    def left(self, sent: int, told: int, now: float) -> int:
        """sent, told: segments so far, and receipts. now: of the same clock as the making."""
        if now < self._until:
            self._sent, self._told = sent, told
            return sys.maxsize
        return self._sent + int((told - self._told) * _EACH) - sent


class Line:
    """A sender's end."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def begun(self) -> None:
        """Say that it is ready, and wait until it may begin."""
        self.say(Said())
        await asyncio.to_thread(self._pipe.poll, None)
        self.asked()

    def say(self, said: Said) -> None:
        """How far it is."""
        self._pipe.send(said)

    def asked(self) -> bool:
        """To begin, or to end then, or nobody is there any more."""
        try:
            return self._pipe.poll() and bool(self._pipe.recv())
        except EOFError:
            return True


Work = Callable[[Errand, Line], Coroutine[Any, Any, None]]
"""A sender: it gets ready, says so by `begun`, and then how far it is until it is asked to end. Can be pickled."""


class Senders:
    """All of them, ready. pids: of their processes."""

    def __init__(self, processes: list[BaseProcess], pipes: list[Connection]) -> None:
        self._pipes = pipes
        self._said = [Said()] * len(pipes)
        self.pids = [process.pid for process in processes if process.pid is not None]

    def ask(self) -> None:
        """To begin; to end."""
        for pipe in self._pipes:
            pipe.send(True)

    def said(self) -> Said:
        """By all of them together, so far. Raises BroadcastError when one has failed."""
        for place, pipe in enumerate(self._pipes):
            while pipe.poll():
                self._said[place] = _received(pipe)
        return Said(
            sum(said.accepted for said in self._said),
            sum(said.told for said in self._said),
            all(said.through for said in self._said),
        )


@contextmanager
def senders(work: Work, stage: Stage) -> Iterator[Senders]:
    """One for each of its carriers, ready to begin. They have ended after it."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(_started(work, Errand(stage.config, stage.load, place)))
            for place in range(stage.load.carriers)
        ]
        for _, pipe in started:
            if not pipe.poll(_READY_S):
                raise BroadcastError(f"a sender was not ready in {_READY_S:.0f} s")
            _received(pipe)
        yield Senders([process for process, _ in started], [pipe for _, pipe in started])


@contextmanager
def _started(work: Work, errand: Errand) -> Iterator[tuple[BaseProcess, Connection]]:
    context = get_context("spawn")  # a fork would bring along what this process has had to do before
    ours, its = context.Pipe()
    process = context.Process(target=_send, args=(work, errand, its, os.getpid()), daemon=True)
    process.start()
    its.close()  # so that ours tells when it is gone
    try:
        yield process, ours
    finally:
        ours.close()  # it ends, asked or not
        process.join(_END_S)
        process.kill()
        process.join()


def _send(work: Work, errand: Errand, pipe: Connection, parent: int) -> None:
    """What its process does."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too: our parent ends it
    try:
        with collecting_seldom():
            run(work(errand, Line(pipe)))
    except BrokenPipeError:  # nobody is there any more
        return
    except (BroadcastError, OSError) as error:
        pipe.send(str(error))


def _received(pipe: Connection) -> Said:
    try:
        said = pipe.recv()
    except EOFError:
        raise BroadcastError("a sender ended by itself") from None
    if not isinstance(said, Said):
        raise BroadcastError(str(said))
    return said
