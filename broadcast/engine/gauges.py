"""Readings that are taken now and then, rather than counted as they happen."""

import asyncio
import logging
import time
from collections.abc import Mapping

import asyncpg

from broadcast.engine.auditor import RECENT_S
from broadcast.engine.connections import ANSWER_S, WORK_S
from broadcast.engine.lane import Lane
from broadcast.engine.readings import Readings
from broadcast.engine.told import Told
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.writer import Connect
from broadcast.monitor.metrics import RECIPIENT_STATES, Metrics
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql

log = logging.getLogger(__name__)

EVERY_S = 1.0
DATABASE_EVERY = 5  # rounds


class Gauges:
    """Sets the gauges of one worker once a second, those of the shared database every few seconds.

    readings: are written once a second, too.
    """

    def __init__(
        self, metrics: Metrics, lanes: Mapping[CarrierNo, Lane], readings: Readings | None = None
    ) -> None:
        self._metrics = metrics
        self._lanes = lanes
        self._readings = readings
        self._sent: dict[int, int] = {}
        self._at = time.monotonic()
        self._campaigns: set[CampaignId] = set()
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
                due = not rounds % DATABASE_EVERY
                try:
                    self._read_lanes()
                    if lost and not due:
                        continue
                    if connection is None or connection.is_closed():
                        connection = await self._begin(connect)
                    if self._readings is not None:
                        with pool.within(connection, ANSWER_S):
                            await self._readings.write(connection)
                    if due:
                        with pool.within(connection, WORK_S):
                            await self._read_database(connection)
                    lost = False
                except MENDABLE as error:
                    lost = True
                    log.debug("no readings of the database: %s", failures.in_words(error))
                except BroadcastError:  # the schema is another
                    raise
                except Exception as error:  # noqa: BLE001 - what only informs must not stop the sending (law 8)
                    lost = True
                    if self._told.anew(failures.kind(error), time.monotonic()):
                        log.error("gauges: %s, trying again", failures.kind(error))
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

    def _read_lanes(self) -> None:
        if self._readings is not None:
            self._readings.look()
        now = time.monotonic()
        elapsed, self._at = now - self._at, now
        for number, lane in self._lanes.items():
            sent = lane.sent - self._sent.get(number, 0)
            self._sent[number] = lane.sent
            self._metrics.submitted.labels(lane.name).inc(sent)
            self._metrics.tps_used.labels(lane.name).set(sent / elapsed)
            self._metrics.tps_granted.labels(lane.name).set(lane.pacer.grant)
            self._metrics.in_flight.labels(lane.name).set(sum(link.in_flight for link in lane.links))
            self._metrics.window.labels(lane.name).set(sum(link.window for link in lane.links))

    async def _read_database(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(sql("gauge_recipients"))
        for row in rows:
            lane = self._lanes.get(row["carrier_no"])
            if lane is not None:
                counts = {state: row[state] for state in RECIPIENT_STATES}
                self._metrics.campaign(row["campaign_id"], lane.name, counts)
        current = {row["campaign_id"] for row in rows}
        for ended in self._campaigns - current:
            self._metrics.drop_campaign(ended)
        self._campaigns = current
        self._metrics.unmatched_receipts.set(await connection.fetchval(sql("gauge_unmatched")))
        audits = await connection.fetch(sql("gauge_audits"), RECENT_S)
        self._metrics.audits({row["campaign_id"]: row["differences"] for row in audits})
