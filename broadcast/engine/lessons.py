"""The worker that learns about the list from campaigns that are over: whichever got the lock, while nobody is sent to.

It reads some slices at a time and gives way when sending begins, with what it has read; a campaign is read once, and
goes on where it stopped (broadcast/ledger/learn.py). Of carriers that this worker is not configured for others learn.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from broadcast.audience import learnt
from broadcast.engine.connections import ANSWER_S
from broadcast.engine.herald import Home
from broadcast.errors import RefusedError
from broadcast.ledger import learn
from broadcast.ledger.learn import Due, Words
from broadcast.ledger.opt_outs import Sides
from broadcast.monitor import events
from broadcast.monitor.loggable import Sentence
from broadcast.monitor.logger import logger
from broadcast.store import pool
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logger(__name__)

LOOK_S: Final = 10.0
AGAIN_S: Final = 60.0  # between two looks for who is to be tried again, or wrote
PART_S: Final = 900.0
WATCH_S: Final = 1.0


class Lessons:
    """Those of one worker. home: the way there; None: the ledger is home."""

    def __init__(self, words: Words, home: Home | None) -> None:
        self._words, self._home = words, home
        self._looked = -AGAIN_S

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled. connection: to the ledger."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look(connection)

    async def look(self, ledger: asyncpg.Connection) -> None:
        """Everything that there is to learn now, unless somebody is sent to."""
        rest = time.monotonic() - self._looked >= AGAIN_S
        with pool.within(ledger, ANSWER_S):
            due = await learn.due(ledger, self._words)
        if (due is None and not rest) or await self._sending(ledger):
            return
        async with self._sides(ledger) as sides, learn.alone(sides) as mine:
            if mine:
                try:
                    await self._learn(sides, due)
                except RefusedError as error:  # somebody holds people of the list for a while
                    log(events.LEARNING_WAITS, why=error)
        self._looked = time.monotonic()

    async def _learn(self, sides: Sides, due: Due | None) -> None:
        with pool.within(sides.ledger, PART_S):
            while await learn.hear(sides, self._words) >= learn.REPLIES:
                continue
            while await learnt.try_again(sides.home, self._after_days):
                continue
        while due is not None and not await self._sending(sides.ledger):
            with pool.within(sides.ledger, PART_S):
                found = await learn.learn(sides, self._words, due, self._watch(sides.ledger))
            if found is not None and found.changes:
                changes = Sentence(", ".join(f"{count} {what}" for what, count in found.changes.items()))
                log(events.LIST_LEARNT, campaign=found.campaign_id, changes=changes)
            with pool.within(sides.ledger, ANSWER_S):
                due = await learn.due(sides.ledger, self._words)

    @property
    def _after_days(self) -> int:
        """Where nobody is set aside any more, those who are come back at once."""
        hygiene = self._words.hygiene
        return hygiene.retry_after_days if hygiene.dead_after else 0

    def _watch(self, ledger: Connection) -> learn.GoOn:
        """Whether to go on reading: asked at each page, looked at once a second."""
        asked, goes_on = time.monotonic(), True

        async def go_on() -> bool:
            nonlocal asked, goes_on
            if time.monotonic() - asked >= WATCH_S:
                goes_on = not await self._sending(ledger)
                asked = time.monotonic()
            return goes_on

        return go_on

    async def _sending(self, ledger: Connection) -> bool:
        with pool.within(ledger, ANSWER_S):
            return bool(await ledger.fetchval(sql("anybody_sent_to")))

    @asynccontextmanager
    async def _sides(self, ledger: asyncpg.Connection) -> AsyncIterator[Sides]:
        if self._home is None:
            yield Sides(ledger, ledger, "")
            return
        home = await self._home.connections.connect()
        try:
            await self._home.check(home)
            yield Sides(home, ledger, self._home.ledger)
        finally:
            home.terminate()
