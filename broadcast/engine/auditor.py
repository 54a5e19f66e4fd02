"""The worker that audits: whichever got the lock recounts campaigns by itself, in quiet hours and seldom.

A recount reads every row of a campaign in one snapshot, so it waits until nobody is being sent to and what was sent is
settled, gives way when sending begins, and comes again only after fifty times what it took. What it finds is remembered
with the campaign when it is something new, or the last word. When nothing is to be recounted, it notes as quietly how
soon receipts came (learning.py).
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from broadcast.engine.connections import ANSWER_S
from broadcast.engine.learning import Learning
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.ledger.writer import Connect
from broadcast.monitor import events
from broadcast.monitor.loggable import Sentence
from broadcast.monitor.logger import logger
from broadcast.reports.audit import audit, record
from broadcast.store import pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql

log = logger(__name__)

LOOK_S: Final = 10.0
EVERY_S: Final = 600.0  # at most so often
SHARE: Final = 50.0  # times what the last one took, between two of a campaign
LONGEST_S: Final = 3600.0
QUIET_S: Final = 120.0  # after a campaign's end
WATCH_S: Final = 1.0
RECENT_S: Final = 7 * 86400.0  # campaigns that ended before are the operator's to audit


@dataclass(frozen=True, slots=True)
class Looked:
    """The last recount of a campaign by this worker. at: monotonic; took_s: None when it was not brought to its end."""

    at: float
    took_s: float | None
    finished: bool


def due(looked: Looked | None, finished: bool, now: float) -> bool:
    """Whether a campaign is to be recounted: first, at its end, and while it runs now and then."""
    if looked is None:
        return True
    if looked.took_s is None:
        return now - looked.at >= EVERY_S
    if looked.finished or finished:
        return finished and not looked.finished
    return now - looked.at >= max(EVERY_S, SHARE * looked.took_s)


class Auditor:
    """One worker's; `run` on a connection of its own, which holds the lock while it lives."""

    def __init__(self, connect: Connect) -> None:
        self.recounts = 0  # that came to their end
        self._connect = connect
        self._looked: dict[CampaignId, Looked] = {}
        self._learning = Learning()

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled, or until a recount gave way: the connection has ended then."""
        mine = False
        while not connection.is_closed():
            await asyncio.sleep(LOOK_S)
            with pool.within(connection, ANSWER_S):
                mine = mine or await connection.fetchval(sql("auditor_claim"))
            if mine:
                await self.look(connection)

    async def look(self, connection: asyncpg.Connection) -> None:
        """Recount one campaign that is due; if none is, learn of one."""
        with pool.within(connection, ANSWER_S):
            if await connection.fetchval(sql("anybody_sent_to")):
                return
            rows = await connection.fetch(sql("audit_candidates"), RECENT_S, QUIET_S)
        candidates = {row["campaign_id"]: row["finished_at"] for row in rows}
        self._looked = {number: each for number, each in self._looked.items() if number in candidates}
        for number, finished_at in candidates.items():
            if due(self._looked.get(number), finished_at is not None, time.monotonic()):
                try:
                    await self._watched(connection, self._recount(connection, number, finished_at))
                except MENDABLE:
                    raise
                except BroadcastError as error:  # archived meanwhile, to a place that is not on this machine
                    log(events.CAMPAIGN_NOT_AUDITED, campaign=number, why=error)
                return
        await self._watched(connection, self._learning.learn(connection))

    async def _watched(self, connection: asyncpg.Connection, recount: Awaitable[object]) -> None:
        """A recount that ends, with its connection, when somebody is to be sent to."""
        watch = asyncio.create_task(self._until_sending(connection), name="watch of the auditor")
        try:
            with pool.within(connection, LONGEST_S):
                await recount
        except MENDABLE:
            if not watch.done():
                raise
            failed = watch.exception()
            if failed is not None:  # the watch's own trouble is why, not this connection's
                raise failed from None
            log(events.RECOUNT_GAVE_WAY)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _until_sending(self, connection: asyncpg.Connection) -> None:
        """What cannot be watched ends too."""
        try:
            watching = await self._connect()
            try:
                sending = False
                while not sending:
                    await asyncio.sleep(WATCH_S)
                    with pool.within(watching, ANSWER_S):
                        sending = await watching.fetchval(sql("anybody_sent_to"))
            finally:
                watching.terminate()
        except MENDABLE:
            connection.terminate()
            raise
        connection.terminate()

    async def _recount(
        self, connection: asyncpg.Connection, campaign_id: CampaignId, finished_at: datetime | None
    ) -> None:
        last = await connection.fetchrow(sql("audit_last"), campaign_id)
        finished = finished_at is not None
        if finished_at is not None and last is not None and last["at"] > finished_at:
            self._looked[campaign_id] = Looked(time.monotonic(), 0.0, finished)  # somebody did it already
            return
        started = time.monotonic()
        self._looked[campaign_id] = Looked(started, None, finished)  # should it fail, not again at once
        found = await audit(connection, campaign_id)
        now = time.monotonic()
        self._looked[campaign_id] = Looked(now, now - started, finished)
        self.recounts += 1
        for problem in found.problems:
            log(events.BOOKS_OFF_BALANCE, campaign=campaign_id, why=Sentence(problem))
        known = None if last is None else last["differences"]
        if finished or (known or 0) != len(found.problems):
            await record(connection, campaign_id, found.problems)
