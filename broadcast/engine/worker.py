"""A worker: one process, one core, one event loop. What production runs, many times, on many machines.

It owns nothing that its loss would lose. Its tasks, each with a connection of its own where it needs one:

  renewal    live for another lease                                        (five times a lease)
  heartbeat  reap, share slots and grants, open and close links            (NOTIFY, twice a second, when links change)
  control    which campaigns run; those that do not are withdrawn          (NOTIFY, and twice a second)
  leasing    keep every lane fed with slices
  writer     one transaction for everything that happened since
  tidier     resend, expire, close and finish                              (whichever worker gets the lock)
  replies    read what people answer, opt them out                         (whichever worker gets the lock)
  auditor    recount campaigns in quiet hours                              (whichever worker gets the lock)
  offspring  run a resolver, where nothing else is told to                 (whichever worker gets the lock)

A lane may send until the lease ends, or until CONFIRM_S after it was last asked which campaigns run, whichever is
sooner: a worker that cannot hear a `pause` obeys it all the same (law 7). No wait for the database is without an end.
"""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Sequence
from uuid import UUID

import asyncpg

from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns
from broadcast.clock import DayTime, lease_time
from broadcast.config import Config
from broadcast.engine.auditor import Auditor
from broadcast.engine.contact import ANSWER_S, WORK_S, Contact
from broadcast.engine.gauges import Gauges
from broadcast.engine.lane import Lane
from broadcast.engine.leases import Leases, SlotChange
from broadcast.engine.offspring import Offspring
from broadcast.engine.orders import order
from broadcast.engine.readings import Readings
from broadcast.engine.replies import Replies
from broadcast.engine.sessions import Sessions
from broadcast.engine.tidier import Tidier
from broadcast.engine.work import Order, Work
from broadcast.errors import BroadcastError, FencedError
from broadcast.ledger import opt_outs
from broadcast.ledger.journal import CampaignId, CarrierNo
from broadcast.ledger.writer import LOST, Writer
from broadcast.monitor.lag import measure_lag
from broadcast.monitor.metrics import Metrics
from broadcast.store import failures, pool
from broadcast.store.clock import database_time
from broadcast.store.queries import sql

log = logging.getLogger(__name__)

RENEWALS = 5  # of a lease
HEARTBEAT_S = 0.5
HEARTBEAT_LEAST_S = 0.1  # what moves at the same time is looked at once
CONTROL_S = 0.5
LEASING_S = 0.25
CONFIRM_S = 1.75  # that what `control` heard is taken for true (law 7: 2 s, the last answers' way and a tick included)
SLICES_MOST = 8
UNBOUND_S = 0.5
END_S = 0.2
STOP_S = 8.0  # from the order to stop: drain_s, then the unbinding of silent links, and what is left for the last group
LAST_GROUP_S = 0.5  # and at least that
GOODBYE_S = 1.0
UNRESOLVED_S = 10.0  # since a receipt came: then its carrier's are told of
ORDER_S = 30.0  # a relative validity_period is at most this much too long
CONTROL_CHANNEL = "broadcast_control"
SLOTS_CHANNEL = "broadcast_slots"


class Worker:
    """One life of a worker: from `start` to `run`'s end. After a FencedError make a new one.

    place: see Leases; no two that live have the same. resolver: the command of one, where this worker may have to run
    it.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        url: str,
        place: UUID | None = None,
        resolver: Sequence[str] | None = None,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._url = url
        self._place = place
        self._offspring = None if resolver is None else Offspring(resolver)
        self._lanes: dict[CarrierNo, Lane] = {}
        self._running: list[CampaignId] = []
        self._wake_heartbeat = asyncio.Event()
        self._wake_leasing = asyncio.Event()
        self._wake_control = asyncio.Event()
        self._stopping = asyncio.Event()
        self._orders: dict[tuple[CarrierNo, CampaignId], tuple[float, Order | None]] = {}
        self._contact = Contact(url)
        self._confirmed_until = 0.0
        self._fenced = False
        self._idle: set[CarrierNo] = set()  # as the others were told
        self._unresolved: list[str] = []  # carriers whose receipts wait
        self._feeding = pool.Patience(ANSWER_S, WORK_S)
        self.worker_no = 0

    def stop(self) -> None:
        """Begin the staged shutdown: no new leases, drain the windows, commit, unbind, say goodbye."""
        self._stopping.set()

    async def ready(self) -> str | None:
        """None when registered and the lease is good; else why not."""
        if not self.worker_no:
            return "not registered yet"
        return "the lease could not be renewed" if self._late else None

    async def keeps_up(self) -> str | None:
        """None while receipts are resolved as they come; else of which carriers they are not. Sending goes on."""
        if not self._unresolved:
            return None
        return f"receipts are not resolved for {UNRESOLVED_S:g} s and more: {', '.join(self._unresolved)}"

    async def database(self) -> str | None:
        """None when every task gets from the database what it needs; else which does not, and why."""
        if not self.worker_no:
            return None
        writing = self._writer.trouble
        return (
            "; ".join(filter(None, (writing and f"writing a group: {writing}", self._contact.trouble())))
            or None
        )

    async def run(self) -> None:
        """Until `stop`, or FencedError when its leases were given away. Raises BroadcastError at the start."""
        connection = await pool.connect(self._url)
        try:
            with pool.within(connection, WORK_S):
                asked = lease_time()
                self._day_time = DayTime(await database_time(connection), asked)
                self._leases = await Leases.register(
                    connection, self._config, socket.gethostname(), os.getpid(), self._place
                )
                await sync_carriers(connection, self._config, self._leases.worker_no)
                names = {row["name"]: row["carrier_no"] for row in await connection.fetch(sql("audit_names"))}
        except LOST as error:
            raise failures.explain(error) from error
        finally:
            connection.terminate()
        self.worker_no = self._leases.worker_no
        self._writer = Writer(
            self._contact.connect,
            self.worker_no,
            self._config.engine.group_s,
            self._committed,
            self._metrics.set_aside.labels("ledger").inc,
        )
        self._sessions = Sessions(self._metrics)
        self._replies = Replies(self._config, self._metrics, {number: name for name, number in names.items()})
        for name, carrier in self._config.carriers.items():
            self._lanes[names[name]] = Lane(
                names[name], name, carrier, self._writer.journal, self._metrics,
                self._wake_leasing.set, self._wake_heartbeat.set, self._day_time,
            )  # fmt: skip
        log.info("worker %d started", self.worker_no)
        await self._work()

    async def _work(self) -> None:
        """All tasks until the stop, then the stages of the shutdown. The first failure ends everything."""
        tidier = Tidier(self._config.engine, self._metrics)
        auditor = Auditor(self._metrics, self._contact.connect)
        readings = Readings(self.worker_no, self._lanes, self._sessions, lambda: self._running)
        gauges, always = Gauges(self._metrics, self._lanes, readings), self._contact.always
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._fencing(self._writer.run()), name="writer")
                steady = [
                    group.create_task(self._fencing(always(self._renewal)), name="renewal"),
                    group.create_task(self._fencing(always(self._heartbeat)), name="heartbeat"),
                    group.create_task(always(tidier.run, "tidier"), name="tidier"),
                    group.create_task(always(self._replies.read_replies), name="replies"),
                    group.create_task(always(auditor.run, "auditor", vital=False), name="auditor"),
                    group.create_task(gauges.run(self._contact.connect), name="gauges"),
                    group.create_task(measure_lag(self._metrics), name="loop lag"),
                ]
                if self._offspring is not None:
                    keeping = always(self._offspring.keep, "offspring", vital=False)
                    steady.append(group.create_task(keeping, name="offspring"))
                feeding = [
                    group.create_task(always(self._control), name="control"),
                    group.create_task(always(self._leasing), name="leasing"),
                ]
                await self._stopping.wait()
                stop_by = time.monotonic() + STOP_S
                await _end(feeding)
                await self._drain()
                await self._sessions.close()
                await self._until_empty(UNBOUND_S)  # what was unanswered is in doubt now
                self._writer.finish()
                await asyncio.wait([writing], timeout=max(LAST_GROUP_S, stop_by - time.monotonic()))
                await _end([writing, *steady])
        except BaseExceptionGroup as ended:
            await self._sessions.close()
            raise _first(ended) from ended
        await self._goodbye()

    # ------------------------------------------------------------ tasks

    async def _fencing(self, task: Awaitable[None]) -> None:
        """With the lease lost, nothing more is sent, and nobody waits for an answer of the database any more."""
        try:
            await task
        except FencedError:
            self._fenced = True
            for lane in self._lanes.values():
                lane.valid_until = 0.0
            self._contact.cut()
            raise

    async def _renewal(self, connection: asyncpg.Connection) -> None:
        """By itself, since the other rounds wait for locks of other workers."""
        while True:
            with pool.within(connection, self._config.engine.lease_s / 2):
                await self._leases.renew(connection)
            self._permit()
            await asyncio.sleep(self._config.engine.lease_s / RENEWALS)

    def _permit(self) -> None:
        """The lanes may send for as long as the lease and what `control` heard allow."""
        if self._fenced:
            return
        until = min(self._leases.valid_until, self._confirmed_until)
        for lane in self._lanes.values():
            lane.valid_until = until
            lane.pump()

    @property
    def _late(self) -> bool:
        """The lease could not be renewed."""
        return lease_time() >= self._leases.valid_until

    async def _heartbeat(self, connection: asyncpg.Connection) -> None:
        me = connection.get_server_pid()

        def moved(_: object, by: int, *__: object) -> None:
            if by != me:
                self._wake_heartbeat.set()

        with pool.within(connection, ANSWER_S):
            await connection.add_listener(SLOTS_CHANNEL, moved)
        while True:
            with pool.within(connection, WORK_S):
                doubted = await self._leases.reap(connection)
                for carrier_no, slot_no in self._sessions.released():
                    await self._leases.release_slot(connection, carrier_no, slot_no)
                changes = [] if self._stopping.is_set() else await self._share(connection)
            if doubted:
                log.warning("%d recipients are in doubt after the loss of a worker", doubted)
            if not self._stopping.is_set():  # since the look above: the links are being closed
                for change in changes:
                    self._apply(change)
            await asyncio.sleep(HEARTBEAT_LEAST_S)
            await _wait(self._wake_heartbeat, HEARTBEAT_S - HEARTBEAT_LEAST_S)

    async def _share(self, connection: asyncpg.Connection) -> list[SlotChange]:
        self._idle = idle = {carrier_no for carrier_no, lane in self._lanes.items() if lane.idle}
        return await self._leases.share_slots(connection, self._sessions.bound, self._lower, idle)

    def _lower(self, carrier_no: CarrierNo, tps: int) -> None:
        """Before the commit that gives it away, so that nobody else has it while this worker still uses it (law 4)."""
        self._lanes[carrier_no].pacer.lower(tps, time.monotonic())

    def _apply(self, change: SlotChange) -> None:
        lane = self._lanes[change.carrier_no]
        lane.set_grant(change.granted_tps)
        for slot_no in change.held:
            self._sessions.open(lane, slot_no)
        for slot_no in change.given_up:
            self._sessions.give_up(change.carrier_no, slot_no, self._wake_heartbeat.set)

    async def _control(self, connection: asyncpg.Connection) -> None:
        with pool.within(connection, ANSWER_S):
            await connection.add_listener(CONTROL_CHANNEL, lambda *_: self._wake_control.set())
        while True:
            asked = lease_time()
            with pool.within(connection, ANSWER_S):
                self._day_time.told(await database_time(connection), asked)
                rows = await connection.fetch(sql("running_campaigns"))
                recalled = await opt_outs.recalled(connection, self.worker_no)
                self._unresolved = [
                    row["name"] for row in await connection.fetch(sql("unresolved"), UNRESOLVED_S)
                ]
            self._heed([CampaignId(row["campaign_id"]) for row in rows], recalled)
            self._confirmed_until = asked + CONFIRM_S
            self._permit()
            await _wait(self._wake_control, CONTROL_S)

    def _heed(self, running: list[CampaignId], recalled: frozenset[int]) -> None:
        """recalled: slices in which somebody waits who opted out."""
        if recalled:
            for lane in self._lanes.values():
                lane.withdraw(lambda work: work.slice.slice_id not in recalled)
        if running != self._running:
            self._running = running
            self._wake_leasing.set()
            for lane in self._lanes.values():
                lane.exhausted = False
                lane.withdraw(self._runs)

    def _runs(self, work: Work) -> bool:
        return work.slice.campaign_id in self._running

    async def _leasing(self, connection: asyncpg.Connection) -> None:
        looked_at = 0.0
        while True:
            with pool.within(connection, ANSWER_S):  # that it is gone is to be known before slices run out
                await connection.fetchval(sql("ping"))
            if time.monotonic() - looked_at >= self._config.engine.lease_s:
                looked_at = time.monotonic()
                with pool.within(connection, WORK_S):
                    await self._leases.give_back_unknown(connection)
            for lane in self._lanes.values():
                await self._feed_all(connection, lane)
            await _wait(self._wake_leasing, LEASING_S)

    async def _feed_all(self, connection: asyncpg.Connection, lane: Lane) -> None:
        """Of every campaign that runs, the most urgent first."""
        running, some = self._running, False
        for campaign_id in running:
            with self._feeding.within(connection):
                fed = await self._feed(connection, lane, campaign_id)
            if fed:
                some = True
                self._feeding.worked()
        lane.exhausted = bool(running) and running == self._running and not some
        if lane.idle is not (lane.carrier_no in self._idle):
            self._wake_heartbeat.set()

    async def _feed(self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId) -> bool:
        """Lease what the lane wants of one campaign. Returns whether it got any."""
        appetite = lane.appetite
        made = await self._order(connection, lane, campaign_id) if appetite else None
        if made is None:
            return False
        missing = appetite - lane.backlog(made.rank)
        if missing <= 0:
            return False
        count = min(SLICES_MOST, -(-missing // self._config.engine.slice_size))
        segments = made.awaited
        slices = await self._leases.lease_slices(
            connection, self._writer.journal, lane.carrier_no, campaign_id, count, segments
        )
        for leased in slices:
            lane.add(Work(leased, made, self._day_time.now_us()))
        lane.withdraw(self._runs)  # stopped meanwhile?
        return bool(slices)

    async def _order(
        self, connection: asyncpg.Connection, lane: Lane, campaign_id: CampaignId
    ) -> Order | None:
        """What a campaign is at a carrier, made anew now and then; None when it does not go there."""
        key = (lane.carrier_no, campaign_id)
        made_at, made = self._orders.get(key, (-ORDER_S, None))
        if time.monotonic() - made_at < ORDER_S:
            return made
        made = None
        lane.cannot_send.pop(campaign_id, None)
        try:
            campaign = await campaigns.get(connection, campaign_id)
            if lane.name in campaign.carriers:
                made = order(campaign, lane.carrier, self._day_time.now())
        except LOST:
            raise
        except BroadcastError as error:
            lane.cannot_send[campaign_id] = str(error)
            log.error("campaign %d cannot go through %s: %s", campaign_id, lane.name, error)
        except Exception as error:  # noqa: BLE001 - one campaign that cannot be read must not stop the others
            lane.cannot_send[campaign_id] = "it cannot be read: see the worker's log"
            log.error("campaign %d cannot be read: %s", campaign_id, failures.kind(error))
        self._orders[key] = (time.monotonic(), made)
        return made

    # ------------------------------------------------------------ the end

    async def _drain(self) -> None:
        """Send no more, and wait for the answers that are on their way."""
        for lane in self._lanes.values():
            lane.withdraw(lambda _: False)
        await self._until_empty(self._config.engine.drain_s)

    async def _until_empty(self, most_s: float) -> None:
        """Until every slice is let go; at most so long, for the rest is freed with the worker's other leases."""
        deadline = time.monotonic() + most_s
        while time.monotonic() < deadline and not self._late:
            if all(lane.empty for lane in self._lanes.values()):
                return
            await asyncio.sleep(0.02)

    async def _goodbye(self) -> None:
        """Leases that cannot be handed back end by themselves."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                connection = await self._contact.connect()
            try:
                with pool.within(connection, GOODBYE_S):
                    await self._leases.end(connection)
            finally:
                connection.terminate()
        except LOST as error:
            log.warning("worker %d stopped without its goodbye: %s", self.worker_no, failures.in_words(error))
            return
        log.info("worker %d stopped", self.worker_no)

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
    """Cancelled until they end: a rollback on a lost connection waits for it, or turns the order into the loss."""
    while going := [task for task in tasks if not task.done()]:
        for task in going:
            task.cancel()
        await asyncio.wait(going, timeout=END_S)
    await asyncio.gather(*tasks, return_exceptions=True)


def _first(ended: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that matters: a fence above all, else the first."""
    flat: list[BaseException] = []
    queue: list[BaseException] = [ended]
    while queue:
        failure = queue.pop(0)
        if isinstance(failure, BaseExceptionGroup):
            queue.extend(failure.exceptions)
        else:
            flat.append(failure)
    return next((failure for failure in flat if isinstance(failure, FencedError)), flat[0])
