"""The worker that settles: whichever gets the lock. What needs long gets longer each time that it was cut off."""

import asyncio
import logging
import time
from typing import Final

import asyncpg

from broadcast import config
from broadcast.ledger import close, settle
from broadcast.monitor.metrics import Metrics
from broadcast.store import pool

log = logging.getLogger(__name__)

LOOK_S: Final = 0.2
TIDY_S: Final = 1.0
WORK_S: Final = 10.0  # some hundred thousand rows are joined; a slow disk may take longer: then the next may
WORK_MOST_S: Final = 600.0


class Settler:
    """One worker's; `settle` and `rotate` each on a connection of its own."""

    def __init__(self, engine: config.Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._settling = pool.Patience(WORK_S, WORK_MOST_S)
        self._tidying = pool.Patience(WORK_S, WORK_MOST_S)
        self._rotating = pool.Patience(WORK_S, WORK_MOST_S)
        self._steady = close.Steady()

    async def settle(self, connection: asyncpg.Connection) -> None:
        """Settle what is closed, tidy up; until cancelled."""
        tidied = 0.0
        while True:
            with self._settling.within(connection):
                done = await settle.settle_next(connection, self._engine.bucket_s)
            if done.settled:
                self._settling.worked()
            steady_s = self._steady.seen(done.lag_s)
            if time.monotonic() - tidied >= TIDY_S:
                tidied = time.monotonic()
                await self._tidy(connection, steady_s)
            await asyncio.sleep(0 if done.settled else LOOK_S)

    async def _tidy(self, connection: asyncpg.Connection, steady_s: float) -> None:
        engine = self._engine
        with self._tidying.within(connection):
            finished = await close.tidy(
                connection, engine.slice_size, engine.receipt_wait_s, steady_s=steady_s
            )
        if finished is None:
            return
        self._tidying.worked()
        for campaign_id in finished:
            log.info("campaign %d is finished", campaign_id)
            self._metrics.drop_campaign(campaign_id)

    async def rotate(self, connection: asyncpg.Connection) -> None:
        """Close the open bucket when its time is up; until cancelled."""
        while True:
            with self._rotating.within(connection):  # closing waits for the groups under way
                await settle.rotate(connection, self._engine.bucket_s)
            self._rotating.worked()
            await asyncio.sleep(LOOK_S)
