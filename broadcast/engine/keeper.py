"""Starts the embedded database again when it has ended by itself: a full disk, no memory. Nobody else would.

Not when somebody stopped it (`broadcast db down`), and with a full disk not before there is room: each try would end it
in the middle of its recovery.
"""

import asyncio
import sys
from typing import Final

from broadcast.engine.restarts import FIRST_WAIT_S, LONGEST_WAIT_S
from broadcast.engine.told import TELL_S
from broadcast.monitor import events
from broadcast.monitor.loggable import Sentence
from broadcast.monitor.logger import logger
from broadcast.store.embedded import ROOM_OCTETS, Server, free_octets

log = logger(__name__)

LOOK_S: Final = 1.0
LAST_WORDS: Final = 2000
STOPPED: Final = "the embedded database was stopped by `broadcast db down`: `broadcast db up` starts it again"


class Keeper:
    """Of one server. `run` beside what needs it, in a process without threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._told: tuple[str, float] = ("", 0.0)
        self._wait_s = 0.0  # until the next try

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(max(LOOK_S, self._wait_s))
            await self.look()

    async def look(self) -> None:
        """Start it if it has ended by itself and may be started."""
        if await self._answers() or not self._server.data.exists():
            self._wait_s, self._told = 0.0, ("", 0.0)
            return
        if self._server.was_stopped:
            self._wait_s = 0.0
            if self._told[0] != STOPPED:
                self._tell(STOPPED)
            return
        free, why = free_octets(self._server.home), self._server.why_down()
        if free is not None and free < ROOM_OCTETS:
            self._tell(f"the embedded database has ended: {why}")
            return
        self._tell(f"the embedded database has ended{f': {why}' if why else ''}; starting it again")
        if await self._start():
            log(events.EMBEDDED_BACK)
            self._wait_s, self._told = 0.0, ("", 0.0)
        else:
            self._wait_s = min(LONGEST_WAIT_S, max(FIRST_WAIT_S, 2 * self._wait_s))

    async def _answers(self) -> bool:
        """Whether it accepts connections; one that is too busy to do so soon runs all the same."""
        try:
            async with asyncio.timeout(LOOK_S):
                _, writer = await asyncio.open_unix_connection(self._server.socket_path)
        except TimeoutError:
            return True
        except OSError:
            return False
        writer.close()
        return True

    async def _start(self) -> bool:
        """By a process of its own: starting waits, and changes the user."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "broadcast", "db", "up", "--json"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:  # no memory, too many processes
            log(events.EMBEDDED_CANNOT_START, why=Sentence(error.strerror or type(error).__name__))
            return False
        _, said = await process.communicate()  # cancelled: a start that is under way ends by itself
        if process.returncode != 0:
            words = said.decode(errors="replace").strip()[-LAST_WORDS:]
            log(events.EMBEDDED_CANNOT_START, why=Sentence(words.removeprefix("broadcast: ")))
        return process.returncode == 0

    def _tell(self, words: str) -> None:
        now = asyncio.get_running_loop().time()
        if words != self._told[0] or now - self._told[1] >= TELL_S:
            self._told = (words, now)
            log(events.EMBEDDED_DOWN, why=Sentence(words))
