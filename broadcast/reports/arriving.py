"""When most of a campaign's people will have it, while it is watched: asked for anew now and then."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from broadcast.campaign.campaigns import Campaign
from broadcast.forecast import history, running
from broadcast.forecast.arrival import Going, arrives_at
from broadcast.forecast.delays import Delays
from broadcast.forecast.flow import Flow
from broadcast.forecast.kept import Kept
from broadcast.forecast.running import Running
from broadcast.ids import CampaignId
from broadcast.reports.progress import Progress
from broadcast.store.failures import MENDABLE
from broadcast.store.types import Connection

EVERY_S: Final = 5.0
_NO_CAMPAIGN: Final = CampaignId(0)


class Arriving:
    """Of one campaign. home: stays the caller's."""

    def __init__(self, home: Connection, campaign: Campaign) -> None:
        self._home = home
        self._campaign_id = campaign.campaign_id
        self._asked_at = -EVERY_S
        self._found: list[Running] = []
        self._delays: dict[str, Delays] = {}
        self._kept: dict[CampaignId, Kept] = {}

    async def told(self, now: Progress, ledgers: Sequence[Connection]) -> Progress:
        """The same with the moment in it. ledgers: those that can be asked."""
        if now.launched_at is None or now.over:
            return now
        if time.monotonic() - self._asked_at >= EVERY_S:
            await self._ask(ledgers)
        return replace(now, arrives_at=self._moment(now, now.launched_at))

    async def _ask(self, ledgers: Sequence[Connection]) -> None:
        found, newest = [], []
        for each in ledgers:
            try:
                found += await running.running(each, _NO_CAMPAIGN)
                newest.append(await history.read(each))
            except MENDABLE:
                if each is self._home:
                    raise
                continue  # it is shown as away at the next look
        self._found, self._delays = found, history.joined(newest)
        self._kept = await running.kept(self._home, [each.campaign_id for each in found])
        self._asked_at = time.monotonic()

    def _moment(self, now: Progress, launched_at: datetime) -> datetime | None:
        """Only while it runs: nobody knows when a paused one goes on."""
        if now.state != "running":
            return None
        mine = [each for each in self._found if each.campaign_id == self._campaign_id]
        others = [each for each in self._found if each.campaign_id != self._campaign_id]
        in_the_way = running.flows(others, self._kept, now.at)
        own = running.flows(mine, self._kept, now.at)
        lanes = []
        for line in now.carriers:
            then = sum(each.waiting for each in mine if each.carrier == line.carrier)
            waiting = line.states["waiting"] if then else 0
            flows = own.get(line.carrier, (Flow(0),))
            segments = sum(each.segments for each in flows) * waiting / max(1, then)
            flow = replace(flows[0], segments=segments)
            there = in_the_way.get(line.carrier, ()), self._delays.get(line.carrier)
            lanes.append(Going(line.sent, waiting, line.tps or 0, flow, *there))
        return arrives_at(lanes, launched_at, now.at)
