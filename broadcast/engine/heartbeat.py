"""A worker's share of the carriers: slots and grants as its leases give them, links opened and closed with them."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import asyncpg

from broadcast.engine.connections import ANSWER_S, WORK_S
from broadcast.engine.lane import Lane
from broadcast.engine.leases import Leases, SlotChange
from broadcast.engine.sessions import Sessions
from broadcast.engine.wake import Wake
from broadcast.ids import CarrierNo
from broadcast.monitor import events
from broadcast.monitor.loggable import Count
from broadcast.monitor.logger import logger
from broadcast.store import pool

log = logger(__name__)

HEARTBEAT_S: Final = 0.5
HEARTBEAT_LEAST_S: Final = 0.1  # what moves at the same time is looked at once
SLOTS_CHANNEL: Final = "broadcast_slots"


class Heartbeat:
    """That of one worker. wake: the grants want another look. stopping: slots are given back, and none is taken."""

    def __init__(
        self,
        leases: Leases,
        lanes: Mapping[CarrierNo, Lane],
        sessions: Sessions,
        wake: Wake,
        stopping: asyncio.Event,
    ) -> None:
        self._leases = leases
        self._lanes = lanes
        self._sessions = sessions
        self._wake = wake
        self._remaining: dict[CarrierNo, int] = {}  # as the others were told
        self._stopping = stopping

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled."""
        me = connection.get_server_pid()

        def moved(_: object, by: int, *__: object) -> None:
            if by != me:
                self._wake.set()

        with pool.within(connection, ANSWER_S):
            await connection.add_listener(SLOTS_CHANNEL, moved)
        while True:
            with pool.within(connection, WORK_S):
                doubted = await self._leases.reap(connection)
                for carrier_no, slot_no in self._sessions.released():
                    await self._leases.release_slot(connection, carrier_no, slot_no)
                changes = [] if self._stopping.is_set() else await self._share(connection)
            if doubted:
                log(events.DOUBTS, recipients=Count(doubted))
            if not self._stopping.is_set():  # since the look above: the links are being closed
                for change in changes:
                    self._apply(change)
            await asyncio.sleep(HEARTBEAT_LEAST_S)
            await self._wake.wait(HEARTBEAT_S - HEARTBEAT_LEAST_S)

    def look_at(self, lane: Lane) -> None:
        """The others are told soon when it has nothing left to send, or has something again."""
        told = self._remaining.get(lane.carrier_no)
        if told is not None and (told == 0) is not lane.stock.spent:
            self._wake.set()

    async def _share(self, connection: asyncpg.Connection) -> list[SlotChange]:
        ready = await self._leases.ready(connection)
        self._remaining = {
            carrier_no: self._left(lane)
            for carrier_no, lane in self._lanes.items()
            if not ready.get(carrier_no, set()) - lane.cannot_send.keys() - lane.quiet
        }
        return await self._leases.share_slots(connection, self._sessions.bound, self._lower, self._remaining)

    def _left(self, lane: Lane) -> int:
        """As it was when nothing more was to be had, until it is sent: what moves grants costs time."""
        now = lane.stock.remaining
        return (self._remaining.get(lane.carrier_no) or now) if now else 0

    def _lower(self, carrier_no: CarrierNo, tps: int) -> None:
        """Before the commit that gives it away, so that nobody else has it while this worker still uses it (law 4)."""
        self._lanes[carrier_no].pacer.lower(tps, time.monotonic())

    def _apply(self, change: SlotChange) -> None:
        lane = self._lanes[change.carrier_no]
        lane.set_grant(change.granted_tps)
        for slot_no in change.held:
            self._sessions.open(lane, slot_no)
        for slot_no in change.given_up:
            self._sessions.give_up(change.carrier_no, slot_no, self._wake.set)
