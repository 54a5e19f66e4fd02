"""What the board knows of an alert beside the nation's figures: its curve, why it stood, who was reached where.

Curves and stops are of what was seen, a point a reading. The rest is read of some people, by a connection of its own
and seldom: so that it takes half a hundredth of a core at most, however large the nation is.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import asyncpg
import shapely

from broadcast.areas import tree as trees
from broadcast.audience.profiles import all_profiles
from broadcast.config import Config
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.monitor import board_events as events
from broadcast.monitor.logger import logger
from broadcast.reports.nation import CampaignNow, Nation
from broadcast.store.failures import MENDABLE, in_words
from broadcast.store.pool import connect
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.web.curves import Stops, joined, ordered, seen
from broadcast.web.document import NO_DETAILS, Details, Pause, Point
from broadcast.web.failures import as_many
from broadcast.web.outlines import NO_OUTLINES, outlines
from broadcast.web.sample import Areas, Sample
from broadcast.web.shown import IN_FULL, urgency

LEAST_S: Final = 5.0  # between two readings of one campaign's people
SHARE: Final = 200.0  # a reading that took a second is made again after so many
AWAY_S: Final = 120.0  # ... at most where a ledger was away: to wait for it costs nobody anything
AREAS_S: Final = 600.0  # areas and profiles are read anew
_AGAIN_S: Final = 5.0
_IDLE_S: Final = 60.0

log = logger(__name__)


@dataclass(slots=True)
class _Known:
    """Of one campaign. next_at: when its people are read again; ended: they were, after its end."""

    now: CampaignNow
    sample: Sample
    curve: tuple[Point, ...] = ()
    stops: Stops = field(default_factory=Stops)
    ordered: tuple[Pause, ...] = ()
    read: Details = NO_DETAILS
    next_at: float = 0.0
    ended: bool = False


class Detailing:
    """`look` with each reading; `run` beside it reads people."""

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._known: dict[CampaignId, _Known] = {}
        self._wake = asyncio.Event()
        self._areas: Areas | None = None
        self._areas_until = 0.0
        self.outlines = NO_OUTLINES

    async def look(self, home: Connection, nation: Nation) -> Mapping[CampaignId, Details]:
        """Of the campaigns that are shown in full. Raises what asyncpg does."""
        chosen = sorted(nation.campaigns, key=_first)[:IN_FULL]
        numbers = [each.campaign_id for each in chosen]
        events: dict[CampaignId, list[tuple[Any, str]]] = {}
        for row in await home.fetch(sql("board_events"), numbers) if numbers else ():
            events.setdefault(row["campaign_id"], []).append((row["at"], row["event"]))
        self._known = {each.campaign_id: self._one(each) for each in chosen}
        for each in chosen:
            known = self._known[each.campaign_id]
            known.now = each
            at = each.finished_at or nation.at  # what is over does not change by being looked at
            known.curve = seen(known.curve, Point(at, each.sent, each.states["delivered"]))
            known.ordered = ordered(events.get(each.campaign_id, ()), each.launched_at)
            if each.finished_at is None:
                known.stops.look(nation.at, each.findings)
        self._wake.set()
        return {number: _told(known) for number, known in self._known.items()}

    def _one(self, now: CampaignNow) -> _Known:
        return self._known.get(now.campaign_id) or _Known(now, Sample(now.campaign_id, now.launched_at))

    async def run(self) -> None:
        """For ever; what cannot be read is tried again."""
        while True:
            await self._wake.wait()
            try:
                connection = await connect(timeout_s=_AGAIN_S)
                try:
                    await self._serve(connection)
                finally:
                    connection.terminate()
            except (*MENDABLE, asyncpg.PostgresError, BroadcastError) as error:
                log(
                    events.BOARD_REACH_UNREAD,
                    why=error if isinstance(error, BroadcastError) else in_words(error),
                )
                await asyncio.sleep(_AGAIN_S)

    async def _serve(self, connection: Connection) -> None:
        """While somebody looks."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            areas = await self._read_areas(connection)
            for known in [
                each for each in self._known.values() if not each.ended and each.next_at <= loop.time()
            ]:
                began = loop.time()
                over = known.now.finished_at is not None
                until = known.now.finished_at or known.curve[-1].at
                found = await known.sample.read(connection, self._config, areas, until)
                known.read, known.ended = found or known.read, over and not known.sample.away
                wait_s = max(LEAST_S, SHARE * (loop.time() - began))
                known.next_at = loop.time() + (min(wait_s, AWAY_S) if known.sample.away else wait_s)
            try:
                async with asyncio.timeout(_IDLE_S):
                    await self._wake.wait()
            except TimeoutError:
                return  # nobody looks any more: the connection is given back

    async def _read_areas(self, connection: Connection) -> Areas:
        loop = asyncio.get_running_loop()
        if self._areas is None or loop.time() >= self._areas_until:
            self._areas = Areas(await trees.load(connection), await all_profiles(connection))
            rows = await connection.fetch(sql("area_shapes"))
            shown = set(self._areas.codes)
            shapes = {row["code"]: shapely.from_wkb(row["geometry"]) for row in rows if row["code"] in shown}
            self.outlines = await asyncio.to_thread(outlines, shapes)
            self._areas_until = loop.time() + AREAS_S
        return self._areas


def _first(now: CampaignNow) -> tuple[Any, ...]:
    """As the board puts them: it shows these, and no others, in full."""
    return urgency(now.state, now.category, now.priority, now.launched_at, now.campaign_id)


def _told(known: _Known) -> Details:
    pauses = sorted((*known.ordered, *known.stops.all), key=lambda each: each.since)
    return replace(
        known.read,
        curve=joined(known.read.curve, known.curve),
        pauses=tuple(pauses),
        failures=as_many(known.read.failures, known.now.states),
    )
