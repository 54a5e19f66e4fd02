"""Which campaigns a worker is to send now: asked twice a second, and when one was launched, paused or cancelled."""

from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from broadcast.campaign.precedence import rank
from broadcast.clock import DayTime, lease_time
from broadcast.engine.connections import ANSWER_S
from broadcast.engine.herald import AtHome, Herald
from broadcast.engine.lane import Lane
from broadcast.engine.wake import Wake
from broadcast.engine.work import Work
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.ledger import opt_outs
from broadcast.rules import limits
from broadcast.rules.hours import Hours
from broadcast.store import pool
from broadcast.store.clock import database_time
from broadcast.store.queries import sql

CONTROL_S: Final = 0.5
# that what was heard is taken for true (law 7: 2 s, the last answers' way and a tick included)
CONFIRM_S: Final = 1.75
UNRESOLVED_S: Final = 10.0  # since a receipt came: then its carrier's are told of
CONTROL_CHANNEL: Final = "broadcast_control"


class Control:
    """That of one worker. heard(): it was asked; changed(): other campaigns run than before.

    running: the campaigns to send, the most urgent first. unresolved: carriers whose receipts wait.
    """

    def __init__(
        self,
        worker_no: WorkerNo,
        lanes: Mapping[CarrierNo, Lane],
        day_time: DayTime,
        heard: Callable[[], None],
        changed: Callable[[], None],
        herald: Herald | AtHome,
    ) -> None:
        self.running: list[CampaignId] = []
        self._here: dict[CampaignId, Hours] = {}  # that run by this ledger alone, and when they may
        self._herald = herald
        self._confirmed_until = 0.0
        self.unresolved: list[str] = []
        self._worker_no = worker_no
        self._lanes = lanes
        self._day_time = day_time
        self._heard = heard
        self._changed = changed
        self._wake = Wake()

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled. Raises as `AtHome.look`."""
        with pool.within(connection, ANSWER_S):
            await connection.add_listener(CONTROL_CHANNEL, lambda *_: self._wake.set())
        self._herald.gap()
        while True:
            asked = lease_time()
            with pool.within(connection, ANSWER_S):
                self._day_time.told(await database_time(connection), asked)
                rows = await connection.fetch(sql("running_campaigns"))
                recalled = await opt_outs.recalled(connection, self._worker_no)
                self.unresolved = [
                    row["name"] for row in await connection.fetch(sql("unresolved"), UNRESOLVED_S)
                ]
                await self._herald.look(connection)
            rows.sort(key=lambda row: rank(row["category"], row["status"], row["priority"]))
            self._here = {CampaignId(row["campaign_id"]): limits.read(row["rules"]).hours for row in rows}
            self._withdraw(recalled)
            self.reconsider()
            self._confirmed_until = asked + CONFIRM_S
            self._heard()
            await self._wake.wait(CONTROL_S)

    def runs(self, work: Work) -> bool:
        """Is it of a campaign that is to be sent?"""
        return work.slice.campaign_id in self.running

    def approved(self, campaign_id: CampaignId) -> bytes | None:
        """As of the herald."""
        return self._herald.approved(campaign_id)

    @property
    def confirmed_until(self) -> float:
        """So long what was heard is taken for true, by lease_time."""
        return min(self._confirmed_until, self._herald.confirmed_until)

    def reconsider(self) -> None:
        """The ledger or home was asked: what runs by both is to be sent, but in its quiet hours."""
        now = self._day_time.now()
        quiet = {each for each, hours in self._here.items() if not hours.may_leave(now)}
        running = [each for each in self._here if each not in quiet and self._herald.allows(each)]
        for lane in self._lanes.values():
            lane.quiet = quiet
        if running != self.running:
            self.running = running
            self._changed()
            for lane in self._lanes.values():
                lane.stock.withdraw(self.runs)

    def _withdraw(self, recalled: frozenset[SliceId]) -> None:
        """recalled: slices in which somebody waits who opted out."""
        if recalled:
            for lane in self._lanes.values():
                lane.stock.withdraw(lambda work: work.slice.slice_id not in recalled)
