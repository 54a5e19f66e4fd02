"""What SMSCs still hold of cancelled campaigns is asked back, slice by slice; see ops/decisions/030.

A task of each worker, apart from what sends. A slice's rows are read once nobody sends from it any more, its lane asks
(withdrawing.py), and what was answered is kept when all of it was. Until then nothing is: whoever ends in between has
asked in vain, and another asks again, which does no harm. Which worker asks for a slice is an advisory lock's matter.
"""

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import asyncpg

from broadcast.engine.connections import ANSWER_S, WORK_S
from broadcast.engine.lane import Lane
from broadcast.engine.wake import Wake
from broadcast.engine.withdrawing import Asks
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger import recount, withdrawn
from broadcast.ledger.packing.withdrawn import pack_withdrawn
from broadcast.ledger.withdrawn import Segments
from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.store import pool
from broadcast.store.clock import database_time
from broadcast.store.queries import sql

log = logger(__name__)

LOOK_S: Final = 1.0
AGAIN_S: Final = (
    5.0  # until a campaign's slices are looked through again; twice as long each time that nothing is found
)
AGAIN_MOST_S: Final = 60.0
CHUNK_S: Final = 1.0  # of the grant are asked for before what they brought is kept
CHUNK_LEAST: Final = 50
CHUNK_MOST: Final = 2000  # some milliseconds of the loop that sends
SILENT_MOST: Final = 3  # chunks without a single answer: the SMSC does not know what it was asked
SILENT_S: Final = 2.0  # of waiting for one; a link that is lost ends it sooner

_Key = tuple[CampaignId, CarrierNo]
GaveUp = Literal["unknown", "silent"]
_WHY: Final[dict[GaveUp, str]] = {
    "unknown": "its SMSC knows no cancel_sm: take cancel_sm = true out of its configuration",
    "silent": f"its SMSC answered no cancel_sm in {SILENT_MOST} tries",
}


@dataclass(slots=True)
class _Queue:
    """One campaign at one carrier. slices: to be looked at; look_at: when they are looked for again, monotonic."""

    sender: str
    slices: list[SliceId] = field(default_factory=list)
    look_at: float = 0.0
    again_s: float = 0.0
    silent: int = 0

    def found(self, slices: Iterable[SliceId], now: float) -> None:
        """These are what there is to do; each worker begins elsewhere."""
        self.slices = list(slices)
        random.shuffle(self.slices)
        self.again_s = AGAIN_S if self.slices else min(AGAIN_MOST_S, max(AGAIN_S, 2 * self.again_s))
        self.look_at = now + self.again_s


@dataclass(frozen=True, slots=True)
class _Job:
    """A slice that a lane asks for. seen_at: when its rows were read; known: outcomes of before, by place."""

    key: _Key
    asks: Asks
    segments: Segments
    seen_at: datetime
    known: Mapping[tuple[int, int], int]
    whole: bool  # the chunk is all that is to be asked
    begun_at: float = field(default_factory=time.monotonic)


class Withdrawals:
    """That of one worker. lanes: of all its carriers; only those are served whose SMSC gives messages back."""

    def __init__(self, lanes: Mapping[CarrierNo, Lane]) -> None:
        self._lanes = {
            carrier_no: lane
            for carrier_no, lane in lanes.items()
            if lane.channel.withdrawer("0000") is not None
        }
        self._queues: dict[_Key, _Queue] = {}
        self._jobs: dict[CarrierNo, _Job] = {}
        self._unreadable: set[SliceId] = set()  # told of
        self._wake = Wake()

    def __bool__(self) -> bool:
        """Is there anybody to ask?"""
        return bool(self._lanes)

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled. What another connection had claimed went with it."""
        self._jobs.clear()
        for lane in self._lanes.values():
            lane.withdrawing.begin(None)
        while True:
            for carrier_no, job in list(self._jobs.items()):
                if job.asks.over or self._is_stuck(carrier_no, job):
                    await self._end(connection, carrier_no, job)
            await self._look(connection)
            for carrier_no, lane in self._lanes.items():
                if carrier_no not in self._jobs and lane.can_withdraw:
                    await self._next(connection, carrier_no, lane)
            await self._wake.wait(LOOK_S)

    def _is_stuck(self, carrier_no: CarrierNo, job: _Job) -> bool:
        """This worker has no link any more, and another may have one."""
        return not (job.asks.in_flight or self._lanes[carrier_no].can_withdraw)

    async def _look(self, connection: asyncpg.Connection) -> None:
        """Which campaigns at which carriers."""
        with pool.within(connection, ANSWER_S):
            rows = await connection.fetch(sql("withdrawals_due"), list(self._lanes))
            due = {
                (CampaignId(row["campaign_id"]), CarrierNo(row["carrier_no"])): row["sender"] for row in rows
            }
            for key in due.keys() - self._queues.keys():
                await connection.execute(sql("withdrawals_begin"), *key)
        self._queues = {key: self._queues.get(key) or _Queue(sender) for key, sender in due.items()}

    async def _next(self, connection: asyncpg.Connection, carrier_no: CarrierNo, lane: Lane) -> None:
        """Begin with one slice of the most urgent campaign that has one for this carrier."""
        for key, queue in self._queues.items():
            if key[1] != carrier_no:
                continue
            now = time.monotonic()
            if not queue.slices and now >= queue.look_at:
                with pool.within(connection, WORK_S):
                    rows = await connection.fetch(sql("withdrawals_slices"), *key)
                queue.found((row["slice_id"] for row in rows), now)
            while queue.slices:
                if await self._begin(connection, key, queue, lane, queue.slices.pop()):
                    return

    async def _begin(
        self, connection: asyncpg.Connection, key: _Key, queue: _Queue, lane: Lane, slice_id: SliceId
    ) -> bool:
        """Whether somebody of it is asked for. If nobody is to be, that is kept."""
        with pool.within(connection, WORK_S):
            if not await connection.fetchval(sql("withdrawals_claim"), slice_id):
                return False
            seen_at = await database_time(connection)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                rows = await recount.of_slices(connection, [slice_id])
        job = self._job(key, queue, lane, rows[0], seen_at) if rows and rows[0].state != "leased" else None
        if job is None:
            await self._release(connection, slice_id)
        elif not job.asks.waiting:
            await self._keep(connection, job)
        else:
            self._jobs[key[1]] = job
            lane.withdrawing.begin(job.asks)
            lane.pump()
            return True
        return False

    def _job(
        self, key: _Key, queue: _Queue, lane: Lane, rows: recount.SliceRows, seen_at: datetime
    ) -> _Job | None:
        """None: it cannot be read, which stops nobody else's."""
        try:
            segments, known = withdrawn.segments_of(rows), withdrawn.known(rows)
            withdrawer = lane.channel.withdrawer(queue.sender)
        except BroadcastError as error:
            if rows.slice_id not in self._unreadable:
                self._unreadable.add(rows.slice_id)
                log(events.WITHDRAWAL_UNREADABLE, carrier=Name(lane.name), slice=rows.slice_id, why=error)
            return None
        if withdrawer is None:
            return None
        most = min(CHUNK_MOST, max(CHUNK_LEAST, int(lane.pacer.grant * CHUNK_S)))
        chunk, whole = withdrawn.asks(rows, segments, most)
        asks = Asks(rows.slice_id, withdrawer, chunk, self._wake.set)
        return _Job(key, asks, segments, seen_at, known, whole)

    async def _end(self, connection: asyncpg.Connection, carrier_no: CarrierNo, job: _Job) -> None:
        """Everything of it was answered, or never will be."""
        del self._jobs[carrier_no]
        lane, asks, queue = self._lanes[carrier_no], job.asks, self._queues.get(job.key)
        lane.withdrawing.begin(None)
        await self._keep(connection, job)
        if queue is None:
            return
        if asks.answered or asks.unknown:
            queue.silent = 0
        elif time.monotonic() - job.begun_at >= SILENT_S:
            queue.silent += 1
        if asks.unknown:
            await self._give_up(connection, job.key, lane, "unknown")
        elif queue.silent >= SILENT_MOST:
            await self._give_up(connection, job.key, lane, "silent")
        elif not job.whole:
            queue.slices.append(asks.slice_id)

    async def _keep(self, connection: asyncpg.Connection, job: _Job) -> None:
        outcomes = {
            **job.known,
            **{(ask.ordinal, ask.segment): each for ask, each in job.asks.outcomes.items()},
        }
        took = withdrawn.took(job.segments, outcomes)
        through = job.whole and len(job.asks.outcomes) == job.asks.asked
        with pool.within(connection, WORK_S):
            await connection.execute(
                sql("withdrawals_keep"), job.asks.slice_id, *job.key, job.seen_at, through, *took,
                pack_withdrawn(outcomes),
            )  # fmt: skip
        await self._release(connection, job.asks.slice_id)

    async def _release(self, connection: asyncpg.Connection, slice_id: SliceId) -> None:
        with pool.within(connection, ANSWER_S):
            await connection.fetchval(sql("withdrawals_release"), slice_id)

    async def _give_up(self, connection: asyncpg.Connection, key: _Key, lane: Lane, why: GaveUp) -> None:
        """Said once, by whoever is first."""
        self._queues.pop(key, None)
        with pool.within(connection, ANSWER_S):
            if await connection.fetchval(sql("withdrawals_give_up"), *key, why):
                carrier, said = Name(lane.name), Sentence(_WHY[why])
                log(events.WITHDRAWAL_GIVEN_UP, carrier=carrier, campaign=key[0], why=said)
