"""Readings that are taken once a second, rather than counted as they happen."""

import asyncio
import time

import asyncpg

from broadcast.engine.connections import ANSWER_S
from broadcast.engine.lane_gauges import LaneGauges
from broadcast.engine.readings import Readings
from broadcast.engine.target import Target
from broadcast.engine.told import Told
from broadcast.errors import BroadcastError
from broadcast.ledger.writer import Connect
from broadcast.monitor import events
from broadcast.monitor.logger import logger
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE

log = logger(__name__)

EVERY_S = 1.0
TRIED_EVERY = 5  # rounds, while the database is lost


class Gauges:
    """One worker's: what its lanes do is looked at once a second, and written where others read it."""

    def __init__(
        self, lanes: LaneGauges, readings: Readings | None = None, target: Target | None = None
    ) -> None:
        self._lanes = lanes
        self._readings = readings
        self._target = target
        self._told = Told()

    async def run(self, connect: Connect) -> None:
        """Until cancelled."""
        rounds = 0
        connection: asyncpg.Connection | None = None
        lost = False
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                rounds += 1
                try:
                    if self._readings is not None:
                        self._readings.look()
                    self._lanes.look()
                    if lost and rounds % TRIED_EVERY:
                        continue
                    if connection is None or connection.is_closed():
                        connection = await self._begin(connect)
                    with pool.within(connection, ANSWER_S):
                        if self._readings is not None:
                            await self._readings.write(connection)
                        await self._lanes.read(connection)
                        if self._target is not None:
                            await self._target.write(connection)
                    lost = False
                except MENDABLE as error:
                    lost = True
                    log(events.READINGS_LATE, why=failures.in_words(error))
                except BroadcastError:  # the schema is another
                    raise
                except Exception as error:  # noqa: BLE001 - what only informs must not stop the sending (law 8)
                    lost = True
                    if self._told.anew(failures.kind(error), time.monotonic()):
                        log(events.READINGS_FAILED, why=failures.kind(error))
        finally:
            if connection is not None:
                connection.terminate()

    async def _begin(self, connect: Connect) -> asyncpg.Connection:
        connection = await connect()
        try:
            if self._readings is not None:
                with pool.within(connection, ANSWER_S):
                    await self._readings.begin(connection)
        except BaseException:  # nobody else knows of it
            connection.terminate()
            raise
        return connection
