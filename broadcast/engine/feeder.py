"""Every lane has slices enough, of the most urgent campaigns first: leased as they are sent, not before."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import asyncpg

from broadcast.campaign import campaigns
from broadcast.campaign.approval import Approval
from broadcast.campaign.precedence import EMERGENCY
from broadcast.clock import DayTime
from broadcast.config import Config
from broadcast.engine.carrier_campaign import CarrierCampaign, check_approved, prepared
from broadcast.engine.connections import ANSWER_S, WORK_S
from broadcast.engine.control import Control
from broadcast.engine.lane import Lane
from broadcast.engine.leases import Leases
from broadcast.engine.wake import Wake
from broadcast.engine.work import Work
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.journal import Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name
from broadcast.monitor.logger import logger
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql

log = logger(__name__)

LEASING_S: Final = 0.25
SLICES_MOST: Final = 8
PREPARED_S: Final = 30.0  # a relative validity_period is at most this much too long
_Messages = tuple[CarrierCampaign, ...]  # by their numbers, as `slice.variant` has them


class Feeder:
    """That of one worker. wake: some lane is hungry. fed(lane): it was looked after."""

    def __init__(
        self,
        config: Config,
        leases: Leases,
        journal: Journal,
        lanes: Mapping[CarrierNo, Lane],
        control: Control,
        day_time: DayTime,
        wake: Wake,
        fed: Callable[[Lane], None],
    ) -> None:
        self._engine = config.engine
        self._marks = config.country.exercise_marks
        self._leases = leases
        self._journal = journal
        self._lanes = lanes
        self._control = control
        self._day_time = day_time
        self._wake = wake
        self._fed = fed
        self._prepared: dict[tuple[CarrierNo, CampaignId], tuple[float, _Messages]] = {}
        self._sizes: dict[tuple[CarrierNo, CampaignId], int] = {}  # of slices, as they were leased last
        self._overridden: set[CampaignId] = set()  # told
        self._patience = pool.Patience(ANSWER_S, WORK_S)

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled."""
        looked_at = 0.0
        while True:
            with pool.within(connection, ANSWER_S):  # that it is gone is to be known before slices run out
                await connection.fetchval(sql("ping"))
            if time.monotonic() - looked_at >= self._engine.lease_s:
                looked_at = time.monotonic()
                with pool.within(connection, WORK_S):
                    await self._leases.give_back_unknown(connection)
            for lane in self._lanes.values():
                await self._feed_all(connection, lane)
            await self._wake.wait(LEASING_S)

    async def _feed_all(self, connection: asyncpg.Connection, lane: Lane) -> None:
        """Of every campaign that runs, the most urgent first."""
        for campaign_id in self._control.running:
            with self._patience.within(connection):
                fed = await self._feed(connection, lane, campaign_id)
            if fed:
                self._patience.worked()
        self._fed(lane)

    async def _feed(self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId) -> bool:
        """Lease what the lane wants of one campaign. Returns whether it got any."""
        appetite = lane.appetite
        made = await self._at_carrier(connection, lane, campaign_id) if appetite else ()
        if not made:
            return False
        missing = lane.stock.missing(campaign_id, made[0].claim, appetite)
        if missing <= 0:
            return False
        size = self._sizes.get((lane.carrier_no, campaign_id), self._engine.slice_size)
        count = min(SLICES_MOST, -(-missing // size))
        segments = [each.awaited for each in made]
        slices = await self._leases.lease_slices(
            connection, self._journal, lane.carrier_no, campaign_id, count, segments
        )
        if slices and made[0].claim.rank[0] == EMERGENCY:  # the next are no larger (audience/cutting.py)
            self._sizes[lane.carrier_no, campaign_id] = min(len(each.msisdns) for each in slices)
        for leased in slices:
            lane.add(Work(leased, made[leased.variant], self._day_time.now_us()))
            self._tell_leased(lane, campaign_id, leased)
        lane.stock.withdraw(self._control.runs)  # stopped meanwhile?
        return bool(slices)

    def _tell_leased(self, lane: Lane, campaign_id: CampaignId, leased: LeasedSlice) -> None:
        carrier, many = Name(lane.name), Count(leased.total)
        log(
            events.SLICE_LEASED, campaign=campaign_id, slice=leased.slice_id, carrier=carrier, recipients=many
        )

    def _tell_override(self, campaign_id: CampaignId, approvals: Sequence[Approval]) -> None:
        alone = [each.signer for each in approvals if each.kind == "override"]
        if alone and campaign_id not in self._overridden:
            self._overridden.add(campaign_id)
            log(events.CAMPAIGN_APPROVED_ALONE, campaign=campaign_id, by=Name(alone[0]))

    async def _at_carrier(
        self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId
    ) -> _Messages:
        """What a campaign is at a carrier, made anew now and then; none when it does not go there."""
        key = (lane.carrier_no, campaign_id)
        made_at, made = self._prepared.get(key, (-PREPARED_S, ()))
        over = any(self._day_time.now() >= each.expires_at for each in made)  # or its quiet hours began
        if time.monotonic() - made_at < PREPARED_S and not over:
            return made
        made = ()
        lane.cannot_send.pop(campaign_id, None)
        try:
            campaign = await campaigns.get(connection, campaign_id)
            if lane.name in campaign.carriers:
                approvals = await campaigns.approvals(connection, campaign_id)
                check_approved(campaign, approvals, self._control.approved(campaign_id), self._marks)
                self._tell_override(campaign_id, approvals)
                made = prepared(campaign, lane.channel, self._day_time.now())
        except MENDABLE:
            raise
        except BroadcastError as error:
            lane.cannot_send[campaign_id] = str(error)
            log(events.CAMPAIGN_CANNOT_GO, campaign=campaign_id, carrier=Name(lane.name), why=error)
        except Exception as error:  # noqa: BLE001 - one campaign that cannot be read must not stop the others
            lane.cannot_send[campaign_id] = "it cannot be read: see the worker's log"
            carrier, why = Name(lane.name), failures.kind(error)
            log(events.CAMPAIGN_UNREADABLE, campaign=campaign_id, carrier=carrier, why=why)
        if made and key not in self._prepared:
            log(events.CAMPAIGN_BEGUN, campaign=campaign_id, carrier=Name(lane.name))
        self._prepared[key] = (time.monotonic(), made)
        return made
