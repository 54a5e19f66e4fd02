"""The worker that tidies up: whichever gets the lock. What needs long gets longer each time that it was cut off."""

import asyncio
from typing import Final

import asyncpg

from broadcast import config
from broadcast.engine import first_shares
from broadcast.ledger import close
from broadcast.monitor import events
from broadcast.monitor.logger import logger
from broadcast.store import pool

log = logger(__name__)

TIDY_S: Final = 1.0
WORK_S: Final = 10.0  # a slow disk may take longer: then the next may
WORK_MOST_S: Final = 600.0


class Tidier:
    """One worker's; `run` on a connection of its own."""

    def __init__(self, engine: config.Engine) -> None:
        self._engine = engine
        self._patience = pool.Patience(WORK_S, WORK_MOST_S)
        self._steady = close.Steady()

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled."""
        while True:
            await self._tidy(connection)
            await asyncio.sleep(TIDY_S)

    async def _tidy(self, connection: asyncpg.Connection) -> None:
        engine = self._engine
        with self._patience.within(connection):
            finished = await close.tidy(connection, engine.slice_size, engine.receipt_wait_s, self._steady)
            if finished is not None:
                await first_shares.look(connection)
        if finished is None:
            return
        self._patience.worked()
        for campaign_id in finished:
            log(events.CAMPAIGN_FINISHED, campaign=campaign_id)
