"""What a worker sees of its carriers, for `broadcast.diagnosis`: looked at once a second, written while it changes."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import asyncpg

from broadcast.diagnosis.reading import LaneReading
from broadcast.engine.database_watch import DatabaseWatch
from broadcast.engine.lane import Lane
from broadcast.engine.sessions import Sessions
from broadcast.ids import CampaignId, CarrierNo, WorkerNo
from broadcast.store.queries import sql

REWRITE_S: Final = 5.0  # also without a change, so that it is known to be fresh


class Readings:
    """Those of one worker. running(): the campaigns that are to be sent now."""

    def __init__(
        self,
        worker_no: WorkerNo,
        lanes: Mapping[CarrierNo, Lane],
        sessions: Sessions,
        running: Callable[[], Sequence[CampaignId]],
        database: DatabaseWatch | None = None,
    ) -> None:
        self._worker_no = worker_no
        self._lanes = lanes
        self._sessions = sessions
        self._running = running
        self._database = database
        self._written: dict[CarrierNo, tuple[float, LaneReading]] = {}

    def look(self) -> None:
        """Once a second."""
        now, sending = time.monotonic(), bool(self._running())
        for lane in self._lanes.values():
            links = [link for link in lane.links if link.can_submit]
            lane.watch.look(
                now,
                sent=lane.sent,
                grant=lane.pacer.grant,
                sending=sending,
                full=bool(links) and not any(link.room for link in links),
                starved=not any(work.slice.waiting for work in lane.stock.works if not work.releasing),
            )

    async def begin(self, connection: asyncpg.Connection) -> None:
        """A connection to write on: what ended workers left there goes."""
        self._written.clear()
        await connection.execute(sql("forget_lane_readings"))

    async def write(self, connection: asyncpg.Connection) -> None:
        """What has changed. One small statement, without a flush of the log: the table is unlogged."""
        now = time.monotonic()
        news = {
            number: reading
            for number, reading in (
                (number, self._reading(lane, now)) for number, lane in self._lanes.items()
            )
            if self._is_new(number, reading, now)
        }
        if news:
            documents = [reading.to_json() for reading in news.values()]
            await connection.execute(sql("keep_lane_readings"), self._worker_no, list(news), documents)
            self._written |= {number: (now, reading) for number, reading in news.items()}

    def _is_new(self, number: CarrierNo, reading: LaneReading, now: float) -> bool:
        written_at, before = self._written.get(number, (-REWRITE_S, None))
        return reading != before or now - written_at >= REWRITE_S

    def _reading(self, lane: Lane, now: float) -> LaneReading:
        reading = lane.watch.reading(
            now,
            grant=lane.pacer.grant,
            factor=lane.pacer.factor,
            cannot={each: why for each, why in lane.cannot_send.items() if each in self._running()},
            troubles=self._sessions.troubles(lane.carrier_no, now),
            sharing=lane.stock.sharing,
        )
        return self._database.on(reading, now) if self._database else reading
