"""What the lanes of a worker are doing, looked at once a second: links, pace, and why less leaves than was granted."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.clock import lease_time
from broadcast.engine import paused
from broadcast.engine.lane import Lane
from broadcast.engine.paused import Look, Waiting
from broadcast.ids import CampaignId, CarrierNo
from broadcast.monitor.metrics import Metrics
from broadcast.store.queries import sql
from broadcast.store.types import Connection

WAITING_S: Final = 5.0  # between two looks at who waits
CERTIFICATES_S: Final = 60.0
_NOBODY: Final = Waiting()


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a worker its lanes do not know. holds: whether it has a slot of a carrier. running: the campaigns that
    are to be sent now. troubled: its groups cannot be written."""

    holds: Callable[[CarrierNo], bool]
    running: Callable[[], Sequence[CampaignId]]
    troubled: Callable[[], bool]


class LaneGauges:
    """Those of one worker. shown: None: nobody asks why less leaves."""

    def __init__(self, metrics: Metrics, lanes: Mapping[CarrierNo, Lane], shown: Shown | None = None) -> None:
        self._metrics = metrics
        self._lanes = lanes
        self._shown = shown
        self._sent: dict[CarrierNo, int] = {}
        self._at = time.monotonic()
        self._waiting: Mapping[CarrierNo, Waiting] = {}
        self._waiting_at = -WAITING_S
        self._certificates_at = -CERTIFICATES_S
        self._theirs: dict[CarrierNo, float] = {}

    def look(self) -> None:
        """Once a second."""
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
            self._metrics.leased_slices.labels(lane.name).set(len(lane.stock.works))
            for link in lane.links:
                if (took_s := link.take_enquiry()) is not None:
                    self._metrics.enquire_link_seconds.labels(lane.name).observe(took_s)
            self._pause(lane, sent / elapsed, elapsed)

    async def read(self, connection: Connection) -> None:
        """Who waits, now and then. Raises what asyncpg does."""
        now = time.monotonic()
        if self._shown is not None and now - self._waiting_at >= WAITING_S:
            rows = await connection.fetch(sql("lane_waiting"))
            self._waiting = {row["carrier_no"]: Waiting(*list(row.values())[1:]) for row in rows}
            self._waiting_at = now
        if now - self._certificates_at >= CERTIFICATES_S:
            await self._certificates()
            self._certificates_at = now

    def _pause(self, lane: Lane, sent_tps: float, elapsed: float) -> None:
        shown = self._shown
        if shown is None:
            return
        links = [link for link in lane.links if link.can_submit]
        look = Look(
            waiting=self._waiting.get(lane.carrier_no, _NOBODY),
            grant=lane.pacer.grant,
            sent_tps=sent_tps,
            holds=shown.holds(lane.carrier_no),
            may=lease_time() < lane.valid_until,
            troubled=shown.troubled(),
            can_submit=bool(links),
            sending=bool(shown.running()),
            quiet=bool(lane.quiet),
            throttled=lane.pacer.factor < 1.0,
            full=bool(links) and not any(link.room for link in links),
            stocked=not lane.stock.spent,
            cleared=bool(lane.stock),
        )
        if lost := paused.lost_share(look):
            self._metrics.paused_seconds.labels(lane.name, paused.reason(look)).inc(lost * elapsed)

    async def _certificates(self) -> None:
        """Files are read apart from the loop; what the other side showed last stays while no link is up."""
        for number, lane in self._lanes.items():
            shown = self._metrics.certificate_expiry
            if (ours := await asyncio.to_thread(lane.channel.certificate_ends_at)) is not None:
                shown.labels(lane.name, "ours").set(ours)
            theirs = [link.peer_ends_at for link in lane.links if link.peer_ends_at is not None]
            if theirs:
                self._theirs[number] = min(theirs)
            if number in self._theirs:
                shown.labels(lane.name, "theirs").set(self._theirs[number])
