"""A worker: one process, one core, one event loop. What production runs, many times, on many machines.

It owns nothing that its loss would lose. Its tasks, each with a connection of its own where it needs one:

  heartbeat  renew, reap, share slots and grants, open and close links     (once a second, and when links change)
  control    which campaigns run; those that do not are withdrawn          (NOTIFY, and twice a second)
  leasing    keep every lane fed with slices
  writer     one transaction for everything that happened since
  rotator    close the ledger's open bucket when its time is up            (whichever worker gets the lock)
  settler    settle what is closed, tidy up                                (whichever worker gets the lock)
  replies    read what people answer, opt them out                         (whichever worker gets the lock)
"""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable

import asyncpg

from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns
from broadcast.config import Config
from broadcast.engine.gauges import Gauges
from broadcast.engine.lane import Lane
from broadcast.engine.leases import Leases, SlotChange
from broadcast.engine.orders import order
from broadcast.engine.replies import Replies
from broadcast.engine.sessions import Sessions
from broadcast.engine.work import Order, Work
from broadcast.errors import BroadcastError, FencedError
from broadcast.ledger import close, opt_outs, settle
from broadcast.ledger.journal import CampaignId, CarrierNo
from broadcast.ledger.writer import LOST, Writer
from broadcast.monitor.lag import measure_lag
from broadcast.monitor.metrics import Metrics
from broadcast.store import pool
from broadcast.store.queries import sql

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
CONTROL_S = 0.5
LEASING_S = 0.25
SETTLE_S = 0.2
TIDY_S = 1.0
AGAIN_S = 0.5
ANSWER_S = 3.0
FAILED_S = 5.0
SLICES_MOST = 8
UNBOUND_S = 1.0
BEHIND_MOST = 3  # buckets closed and not settled
ORDER_S = 30.0  # a relative validity_period is at most this much too long
CONTROL_CHANNEL = "broadcast_control"
# A worker that hangs inside a transaction must not hold its locks for longer than its lease.
SESSION = "SET idle_in_transaction_session_timeout = '5s'"


class Worker:
    """One life of a worker: from `start` to `run`'s end. After a FencedError make a new one."""

    def __init__(self, config: Config, metrics: Metrics, url: str) -> None:
        self._config = config
        self._metrics = metrics
        self._url = url
        self._lanes: dict[CarrierNo, Lane] = {}
        self._running: list[CampaignId] = []
        self._wake_heartbeat = asyncio.Event()
        self._wake_leasing = asyncio.Event()
        self._wake_control = asyncio.Event()
        self._stopping = asyncio.Event()
        self._orders: dict[tuple[CarrierNo, CampaignId], tuple[float, Order | None]] = {}
        self.worker_no = 0

    def stop(self) -> None:
        """Begin the staged shutdown: no new leases, drain the windows, commit, unbind, say goodbye."""
        self._stopping.set()

    async def ready(self) -> str | None:
        """None when registered and the lease is good; else why not."""
        if not self.worker_no:
            return "not registered yet"
        return None if time.monotonic() < self._leases.valid_until else "the lease could not be renewed"

    async def run(self) -> None:
        """Until `stop`, or FencedError when its leases were given away. Raises BroadcastError at the start."""
        connection = await self._connect()
        try:
            await sync_carriers(connection, self._config)
            self._leases = await Leases.register(connection, self._config, socket.gethostname(), os.getpid())
            names = {row["name"]: row["carrier_no"] for row in await connection.fetch(sql("audit_names"))}
        finally:
            await connection.close()
        self.worker_no = self._leases.worker_no
        self._writer = Writer(self._connect, self.worker_no, self._config.engine.group_s, self._committed)
        self._sessions = Sessions(self._metrics)
        self._replies = Replies(self._config, self._metrics, {number: name for name, number in names.items()})
        for name, carrier in self._config.carriers.items():
            self._lanes[names[name]] = Lane(
                names[name], name, carrier, self._writer.journal, self._metrics,
                self._wake_leasing.set, self._wake_heartbeat.set,
            )  # fmt: skip
        log.info("worker %d started", self.worker_no)
        await self._work()

    async def _work(self) -> None:
        """All tasks until the stop, then the stages of the shutdown. The first failure ends everything."""
        gauges = Gauges(self._metrics, self._lanes)
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._writer.run(), name="writer")
                steady = [
                    group.create_task(self._always(self._heartbeat), name="heartbeat"),
                    group.create_task(self._always(self._settler), name="settler"),
                    group.create_task(self._always(self._rotator), name="rotator"),
                    group.create_task(self._always(self._replies.read_replies), name="replies"),
                    group.create_task(gauges.run(self._connect), name="gauges"),
                    group.create_task(measure_lag(self._metrics), name="loop lag"),
                ]
                feeding = [
                    group.create_task(self._always(self._control), name="control"),
                    group.create_task(self._always(self._leasing), name="leasing"),
                ]
                await self._stopping.wait()
                await _end(feeding)
                await self._drain()
                await self._sessions.close()
                await self._until_empty(UNBOUND_S)  # what was unanswered is in doubt now
                self._writer.finish()
                await writing
                await _end(steady)
        except BaseExceptionGroup as failures:
            await self._sessions.close()
            raise _first(failures) from failures
        await self._goodbye()

    # ------------------------------------------------------------ tasks

    async def _always(self, task: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        """Run a task on a connection of its own, again when the database was away."""
        while True:
            connection = None
            try:
                connection = await self._connect()
                await task(connection)
            except LOST as error:
                log.warning("database lost (%s), trying again", type(error).__name__)
                await asyncio.sleep(AGAIN_S)
            except asyncpg.PostgresError as error:  # one task's trouble must not stop the sending (law 8)
                log.error("%s: %s %s, trying again", task.__name__, type(error).__name__, error.sqlstate)
                await asyncio.sleep(FAILED_S)
            finally:
                if connection is not None:
                    connection.terminate()

    async def _heartbeat(self, connection: asyncpg.Connection) -> None:
        while True:
            async with asyncio.timeout(self._config.engine.lease_s):
                await self._leases.renew(connection)
                for lane in self._lanes.values():
                    lane.valid_until = self._leases.valid_until
                    lane.pump()
                doubted = await self._leases.reap(connection)
                changes = [] if self._stopping.is_set() else await self._share(connection)
            if doubted:
                log.warning("%d recipients are in doubt after the loss of a worker", doubted)
            for change in changes:
                self._apply(change)
            for carrier_no, slot_no in self._sessions.released():
                await self._leases.release_slot(connection, carrier_no, slot_no)
            await _wait(self._wake_heartbeat, HEARTBEAT_S)

    async def _share(self, connection: asyncpg.Connection) -> list[SlotChange]:
        return await self._leases.share_slots(connection, self._sessions.bound, self._lower)

    def _lower(self, carrier_no: CarrierNo, tps: int) -> None:
        """Before the commit that gives it away, so that nobody else has it while this worker still uses it (law 4)."""
        lane = self._lanes[carrier_no]
        if tps < lane.pacer.grant:
            lane.set_grant(tps)

    def _apply(self, change: SlotChange) -> None:
        lane = self._lanes[change.carrier_no]
        lane.set_grant(change.granted_tps)
        for slot_no in change.taken:
            self._sessions.open(lane, slot_no)
        for slot_no in change.given_up:
            self._sessions.give_up(change.carrier_no, slot_no, self._wake_heartbeat.set)

    async def _control(self, connection: asyncpg.Connection) -> None:
        await connection.add_listener(CONTROL_CHANNEL, lambda *_: self._wake_control.set())
        while True:
            async with asyncio.timeout(
                ANSWER_S
            ):  # a connection that hangs must not keep a `pause` from us (law 7)
                await self._hold_back(connection)
                rows = await connection.fetch(sql("running_campaigns"))
                recalled = await opt_outs.recalled(connection, self.worker_no)
            if recalled:
                self._give_back(recalled)
            running = [CampaignId(row["campaign_id"]) for row in rows]
            if running != self._running:
                self._running = running
                self._wake_leasing.set()
                for lane in self._lanes.values():
                    lane.withdraw(self._runs)
            await _wait(self._wake_control, CONTROL_S)

    def _give_back(self, recalled: frozenset[int]) -> None:
        """Slices in which somebody waits who opted out."""
        for lane in self._lanes.values():
            lane.withdraw(lambda work: work.slice.slice_id not in recalled)

    async def _hold_back(self, connection: asyncpg.Connection) -> None:
        """Where the machine, not the carriers, is the limit: settlement comes first once it is this far behind."""
        behind = await settle.behind(connection)
        for lane in self._lanes.values():
            lane.held_back = behind >= BEHIND_MOST
            lane.pump()

    def _runs(self, work: Work) -> bool:
        return work.slice.campaign_id in self._running

    async def _leasing(self, connection: asyncpg.Connection) -> None:
        while True:
            for lane in self._lanes.values():
                for campaign_id in self._running:
                    await self._feed(connection, lane, campaign_id)
            await _wait(self._wake_leasing, LEASING_S)

    async def _feed(self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId) -> None:
        """Lease what the lane wants of one campaign."""
        appetite = lane.appetite
        made = await self._order(connection, lane, campaign_id) if appetite else None
        if made is None:
            return
        missing = appetite - lane.backlog(made.rank)
        if missing <= 0:
            return
        count = min(SLICES_MOST, -(-missing // self._config.engine.slice_size))
        segments = made.awaited
        for leased in await self._leases.lease_slices(
            connection, self._writer.journal, lane.carrier_no, campaign_id, count, segments
        ):
            lane.add(Work(leased, made))
        lane.withdraw(self._runs)  # stopped meanwhile?

    async def _order(
        self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId
    ) -> Order | None:
        """What a campaign is at a carrier, made anew now and then; None when it does not go there."""
        key = (lane.carrier_no, campaign_id)
        made_at, made = self._orders.get(key, (-ORDER_S, None))
        if time.monotonic() - made_at < ORDER_S:
            return made
        campaign = await campaigns.get(connection, campaign_id)
        made = None
        if lane.name in campaign.carriers:
            try:
                made = order(campaign, lane.carrier)
            except BroadcastError as error:
                log.error("campaign %d cannot go through %s: %s", campaign_id, lane.name, error)
        self._orders[key] = (time.monotonic(), made)
        return made

    async def _settler(self, connection: asyncpg.Connection) -> None:
        engine = self._config.engine
        tidied = 0.0
        while True:
            done = await settle.settle_next(connection, engine.bucket_s)
            if done.settled:
                self._metrics.settle_seconds.observe(done.seconds)
            self._metrics.settle_lag_seconds.set(done.lag_s)
            if time.monotonic() - tidied >= TIDY_S:
                tidied = time.monotonic()
                for campaign_id in await close.tidy(connection, engine.slice_size, engine.receipt_wait_s):
                    log.info("campaign %d is finished", campaign_id)
                    self._metrics.drop_campaign(campaign_id)
            await asyncio.sleep(0 if done.settled else SETTLE_S)

    async def _rotator(self, connection: asyncpg.Connection) -> None:
        while True:
            await settle.rotate(connection, self._config.engine.bucket_s)
            await asyncio.sleep(SETTLE_S)

    # ------------------------------------------------------------ the end

    async def _drain(self) -> None:
        """Send no more, and wait for the answers that are on their way."""
        for lane in self._lanes.values():
            lane.withdraw(lambda _: False)
        await self._until_empty(self._config.engine.drain_s)

    async def _until_empty(self, most_s: float) -> None:
        """Until every slice is let go; at most so long, for the rest is freed with the worker's other leases."""
        deadline = time.monotonic() + most_s
        while not all(lane.empty for lane in self._lanes.values()) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _goodbye(self) -> None:
        connection = await self._connect()
        try:
            await self._leases.end(connection)
        finally:
            await connection.close()
        log.info("worker %d stopped", self.worker_no)

    async def _connect(self) -> asyncpg.Connection:
        connection = await pool.connect(self._url)
        await connection.execute(SESSION)
        return connection

    def _committed(self, rows: int, seconds: float) -> None:
        self._metrics.group_rows.observe(rows)
        self._metrics.commit_seconds.observe(seconds)


async def _wait(event: asyncio.Event, most_s: float) -> None:
    """Until the event is set, at most so long; it is cleared."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await event.wait()
    event.clear()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that matters: a fence above all, else the first."""
    flat: list[BaseException] = []
    queue: list[BaseException] = [failures]
    while queue:
        failure = queue.pop(0)
        if isinstance(failure, BaseExceptionGroup):
            queue.extend(failure.exceptions)
        else:
            flat.append(failure)
    return next((failure for failure in flat if isinstance(failure, FencedError)), flat[0])
