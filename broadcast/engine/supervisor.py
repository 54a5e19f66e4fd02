"""Keeps the workers of one machine alive, and a resolver beside them: starts them, restarts the dead, replaces them on
a reload, ends them.

It holds nothing that its loss would lose. Its workers get SIGTERM from the kernel when it dies (`parent.die_with`), so
they drain, commit, unbind and leave nobody unattended; whoever starts it again finds the machine empty.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from broadcast.engine.parent import die_with
from broadcast.engine.restarts import STEADY_S, History, ended, hopeless, in_words
from broadcast.engine.watched import WATCHDOG_S, Watched, end_if_hanging
from broadcast.errors import BroadcastError
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Seconds, Sentence
from broadcast.monitor.logger import logger

log = logger(__name__)

STOP_S: Final = 15.0  # a worker drains within 10
LOOK_S: Final = 1.0  # for one that hangs
NOT_STARTED: Final = 1


@dataclass(slots=True)
class _Place:
    """One worker's, life after life. number: what the log calls it, from 1; in the ledger each life has a number of its
    own. vital: a worker's. replacing: it is to end.
    """

    number: int
    command: Sequence[str]
    watched: Watched
    vital: bool = True
    process: asyncio.subprocess.Process | None = None
    history: History = field(default_factory=History)
    replacing: bool = False

    @property
    def ready(self) -> bool:
        return self.process is not None and self.watched.ready


class Supervisor:
    """One process for each of `commands`, until `stop`. beside: others', without which the workers do their work.

    check(): called at a reload, before a worker is replaced; a BroadcastError from it leaves all as they are.
    reloaded(): called when a reload is over, however it went.
    between_s: what a new worker gets at a reload to take its share, before the next is replaced. watchdog_s: a process
    that gave signs of life, and none for so long, hangs: it is ended, and started anew as any other that ended.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        check: Callable[[], object],
        *,
        beside: Sequence[Sequence[str]] = (),
        stop_s: float = STOP_S,
        between_s: float = STEADY_S,
        watchdog_s: float = WATCHDOG_S,
        reloaded: Callable[[], object] = lambda: None,
    ) -> None:
        places = [(command, True) for command in commands] + [(command, False) for command in beside]
        self._places = [
            _Place(number, command, Watched(watchdog_s), vital)
            for number, (command, vital) in enumerate(places, 1)
        ]
        self._look_s = min(LOOK_S, watchdog_s / 10)
        self._check = check
        self._reloaded = reloaded
        self._stop_s = stop_s
        self._between_s = between_s
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()
        self._again = asyncio.Event()  # wakes who waits to be started: a stop or a reload

    def stop(self) -> None:
        """SIGTERM to all; what has not ended after `stop_s` is killed."""
        self._stopping.set()
        self._again.set()

    def reload(self) -> None:
        """Replace the workers one by one, so that they read their configuration anew."""
        self._reload.set()

    async def ready(self) -> str | None:
        """None when a worker takes part, by what its process told; how all are say `words`."""
        return None if any(each.vital and each.ready for each in self._places) else "none takes part"

    def words(self) -> str:
        """How many are ready, and how those are that are not."""
        waiting = [each for each in self._places if not each.ready]
        whys = [
            f"{each.number}: {each.watched.status or 'has told nothing yet'}"
            for each in waiting
            if each.process
        ]
        whys += [f"{each.number}: does not run" for each in waiting if not each.process]
        count = len(self._places)
        return "; ".join([f"{count - len(waiting)} of {count} processes ready", *whys])

    async def run(self) -> None:
        """Raises BroadcastError when no worker could be started, or one had to be killed at the end."""
        async with asyncio.TaskGroup() as group:
            keeping = {
                group.create_task(self._keep(place), name=f"worker {place.number}"): place
                for place in self._places
            }
            replacing = group.create_task(self._replace_all(), name="reload")
            await self._stopping.wait()
            replacing.cancel()
            killed = await self._end(keeping)
        if killed:
            raise BroadcastError(
                f"{len(killed)} of {len(self._places)} workers did not end within {self._stop_s:g} s and were killed: "
                "what they had in flight is in doubt once their lease ends"
            )
        if self._hopeless():
            raise BroadcastError("no worker could be started: their last lines above say why")

    def _hopeless(self) -> bool:
        return hopeless(place.history for place in self._places if place.vital)

    async def _keep(self, place: _Place) -> None:
        """One place, from life to life."""
        while not self._stopping.is_set():
            place.history = replace(place.history, refused=False)  # it is tried again
            started = time.monotonic()
            code = await self._live(place)
            if self._stopping.is_set():
                log(events.PROCESS_ENDED, process=Count(place.number), how=Sentence(in_words(code)))
                return
            if place.replacing:
                place.replacing, place.history = False, History(steady=True)
                continue
            place.history, wait_s = ended(place.history, code, time.monotonic() - started)
            self._say(place, code, wait_s)
            if self._hopeless():
                self.stop()
            await self._pause(wait_s)

    async def _live(self, place: _Place) -> int:
        """Start a process and wait for its end; its exit code, NOT_STARTED when the machine gave none."""
        try:
            place.process = await asyncio.create_subprocess_exec(
                *place.command,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C and the end of a terminal are ours to pass on
                preexec_fn=partial(die_with, os.getpid()),  # safe: this process has no other threads
                env=place.watched.environment(),
            )
        except OSError as error:  # no memory, too many processes
            place.watched.close()
            why = Sentence(error.strerror or type(error).__name__)
            log(events.PROCESS_CANNOT_START, process=Count(place.number), why=why)
            return NOT_STARTED
        place.watched.begun(place.process.pid)
        log(events.PROCESS_STARTED, process=Count(place.number), child=Count(place.process.pid))
        if self._stopping.is_set():  # told to stop while it was being started
            _terminate(place.process)
        try:
            return await self._wait(place, place.process)
        finally:
            place.process = None
            place.watched.close()

    async def _wait(self, place: _Place, process: asyncio.subprocess.Process) -> int:
        """For its end, which may be brought about: where it hangs."""
        waiting = asyncio.create_task(process.wait(), name=f"process {place.number}")
        while not waiting.done():
            await asyncio.wait([waiting], timeout=self._look_s)
            await end_if_hanging(process, waiting, place.watched)
        return waiting.result()

    def _say(self, place: _Place, code: int, wait_s: float | None) -> None:
        number, how = Count(place.number), Sentence(in_words(code))
        if wait_s is None:
            log(events.PROCESS_MISCONFIGURED, process=number, how=how)
        else:
            log(events.PROCESS_DIED, process=number, how=how, again_s=Seconds(wait_s))

    async def _pause(self, wait_s: float | None) -> None:
        """So long, for ever with None; a stop or a reload ends it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._again.wait()

    async def _replace_all(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                self._check()
            except BroadcastError as error:
                log(events.RELOAD_REFUSED, why=error)
            else:
                await self._replace_each()
            self._reloaded()

    async def _replace_each(self) -> None:
        log(events.RELOADING, workers=Count(len(self._places)))
        self._again.set()
        await asyncio.sleep(0)
        self._again.clear()
        for place in self._places:
            if not await self._replace(place):
                log(events.RELOAD_GIVEN_UP, process=Count(place.number))
                return

    async def _replace(self, place: _Place) -> bool:
        """End one worker; its place starts the next at once. Whether that lives once it has had the time to take its
        share.
        """
        process = place.process
        if process is None:
            return True
        place.replacing = True
        _terminate(process)
        try:
            async with asyncio.timeout(self._stop_s):
                await process.wait()
        except TimeoutError:
            log(events.PROCESS_KILLED, process=Count(place.number), within_s=Seconds(self._stop_s))
            _kill(process)
        await asyncio.sleep(self._between_s)
        return place.process is not None and not place.history.ends

    async def _end(self, keeping: "dict[asyncio.Task[None], _Place]") -> list[int]:
        """The numbers of the workers that had to be killed."""
        log(events.STOPPING)
        for place in keeping.values():
            if place.process is not None:
                _terminate(place.process)
        _, late = await asyncio.wait(keeping, timeout=self._stop_s)
        for task in late:
            place = keeping[task]
            log(events.PROCESS_KILLED, process=Count(place.number), within_s=Seconds(self._stop_s))
            if place.process is not None:
                _kill(place.process)
        return [keeping[task].number for task in late]


def _terminate(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        process.terminate()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
