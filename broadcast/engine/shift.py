"""A registered worker at work: its tasks, each with a connection of its own where it needs one, and their end.

  renewal    live for another lease                                        (five times a lease)
  heartbeat  reap, share slots and grants, open and close links            (NOTIFY, twice a second, when links change)
  control    which campaigns run; those that do not are withdrawn          (NOTIFY, and twice a second)
  leasing    keep every lane fed with slices
  writer     one transaction for everything that happened since
  tidier     resend, expire, close and finish                              (whichever worker gets the lock)
  replies    read what people answer                                       (whichever worker gets the lock)
  opt outs   opt out who asked for it, of what runs too                    (whichever worker gets the lock)
  herald     hear what home orders, where the ledger is not home           (twice a second)
  withdrawals  ask back what SMSCs hold of cancelled campaigns         (each worker for slices of its own)
  link tests  try the ways to the carriers, standby ones too           (whichever worker gets the lock)
  lessons    learn of the list from what is over                          (whichever worker gets the lock)
  auditor    recount campaigns in quiet hours                              (whichever worker gets the lock)
  offspring  run a resolver, where nothing else is told to                 (whichever worker gets the lock)

A lane may send until the lease ends, or until CONFIRM_S after it was last asked which campaigns run (here, and at
home), whichever is sooner: a worker that cannot hear a `pause` obeys it all the same (law 7). No wait for the database
is without an end.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

import asyncpg

from broadcast.channel.channel import Channel
from broadcast.clock import DayTime, lease_time
from broadcast.config import Carrier, Config
from broadcast.engine.auditor import Auditor
from broadcast.engine.connections import Connections
from broadcast.engine.control import Control
from broadcast.engine.database_watch import DatabaseWatch
from broadcast.engine.feeder import Feeder
from broadcast.engine.gauges import Gauges
from broadcast.engine.heartbeat import Heartbeat
from broadcast.engine.herald import AtHome, Herald, Home, Places
from broadcast.engine.lane import Lane
from broadcast.engine.lane_gauges import LaneGauges, Shown
from broadcast.engine.leases import Leases
from broadcast.engine.lessons import Lessons
from broadcast.engine.link_tests import LinkTests
from broadcast.engine.offspring import Offspring
from broadcast.engine.opt_outs import OptOuts
from broadcast.engine.readings import Readings
from broadcast.engine.replies import Replies
from broadcast.engine.sessions import Sessions
from broadcast.engine.target import Target
from broadcast.engine.tidier import Tidier
from broadcast.engine.wake import Wake
from broadcast.engine.withdrawals import Withdrawals
from broadcast.errors import FencedError, RefusedError
from broadcast.ids import CarrierNo
from broadcast.ledger.learn import Words
from broadcast.ledger.writer import Writer
from broadcast.monitor import events
from broadcast.monitor.lag import measure_lag
from broadcast.monitor.loggable import Count, Seconds
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE

log = logger(__name__)

RENEWALS: Final = 5  # of a lease
UNBOUND_S: Final = 0.5
END_S: Final = 0.2
# from the order to stop: drain_s, then the unbinding of silent links, and what is left for the last group
STOP_S: Final = 8.0
LAST_GROUP_S: Final = 0.5  # and at least that
GOODBYE_S: Final = 1.0
_Task = Callable[[], Awaitable[None]]  # not begun: a group that is cancelled at once begins none


class Shift:
    """What a worker does from its registration on. channel: makes the way to the people of a carrier.

    numbers: carrier_no by name, of all carriers, also of those that this worker is not configured for. home: the way
    there, or of which carriers home says that they are here.
    """

    _refused: RefusedError | None = None

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        connections: Connections,
        leases: Leases,
        numbers: Mapping[str, CarrierNo],
        channel: Callable[[Carrier], Channel],
        day_time: DayTime,
        offspring: Offspring | None,
        stopping: asyncio.Event,
        home: Home | Places,
        target: Target | None = None,
    ) -> None:
        self.worker_no = leases.worker_no
        self._home, self._fenced = home if isinstance(home, Home) else None, False
        self._engine, self._hygiene, self._metrics = config.engine, config.hygiene, metrics
        self._connections, self._leases = connections, leases
        self._offspring, self._stopping, self._target = offspring, stopping, target
        self._writer = Writer(
            connections.connect, self.worker_no, config.engine.group_s, self._committed,
            metrics.set_aside.labels("ledger").inc,
        )  # fmt: skip
        self._database = DatabaseWatch(connections.url, self._writer)
        self._sessions, self._names = Sessions(metrics), {number: name for name, number in numbers.items()}
        self._replies = Replies(config, metrics, self._names)
        hungry, rebound, journal = Wake(), Wake(), self._writer.journal
        self._lanes = {
            numbers[name]: Lane(
                numbers[name], name, carrier, channel(carrier), journal, metrics, hungry.set, rebound.set, day_time
            )
            for name, carrier in config.carriers.items()
        }  # fmt: skip
        self._heartbeat = Heartbeat(leases, self._lanes, self._sessions, rebound, stopping)
        way = config.engine.home_away, self._heard_home, day_time
        self._herald = Herald(home, *way) if isinstance(home, Home) else AtHome(home)
        self._control = Control(self.worker_no, self._lanes, day_time, self._permit, hungry.set, self._herald)
        self._feeder = Feeder(
            config, leases, journal, self._lanes, self._control, day_time, hungry, self._heartbeat.look_at
        )  # fmt: skip

    @property
    def late(self) -> bool:
        """The lease could not be renewed."""
        return lease_time() >= self._leases.valid_until

    @property
    def unresolved(self) -> list[str]:
        """See Control."""
        return self._control.unresolved

    @property
    def links(self) -> dict[str, list[str]]:
        """Of each carrier of which it holds slots, the state of every link that these want."""
        return {self._lanes[number].name: states for number, states in self._sessions.states().items()}

    @property
    def trouble(self) -> str | None:
        """What keeps its tasks from the database; None: nothing does."""
        writing = self._writer.trouble
        away = self._home.connections.trouble() if self._home else None
        told = (writing and f"writing a group: {writing}", self._connections.trouble(), away)
        return "; ".join(filter(None, told)) or None

    async def work(self) -> None:
        """All tasks until the stop, then the stages of the shutdown. The first failure ends everything.

        Raises RefusedError when home has its carriers elsewhere by now; after these stages, for that is no failure.
        """
        log(events.WORKER_STARTED, worker=self.worker_no)
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._fencing(self._writer.run), name="writer")
                steady = self._steady(group)
                feeding = self._feeding(group)
                await self._stopping.wait()
                await self._stop(feeding, writing, steady)
        except BaseExceptionGroup as ended:
            await self._sessions.close()
            raise _first(ended) from ended
        await self._goodbye()
        if self._refused is not None:
            raise self._refused

    # ------------------------------------------------------------ tasks

    def _steady(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Those that go on until the last group is written."""
        always, connect = self._connections.always, self._connections.connect
        readings = Readings(
            self.worker_no, self._lanes, self._sessions, lambda: self._control.running, self._database
        )
        home = self._home
        opting_out = partial(
            always, OptOuts(self._metrics, home, self._names).run, "opt outs", vital=home is None
        )
        shown = Shown(
            self._sessions.holds, lambda: self._control.running, lambda: self._writer.trouble is not None
        )
        gauges = Gauges(LaneGauges(self._metrics, self._lanes, shown), readings, self._target)
        steady = [
            group.create_task(self._fencing(partial(always, self._renewal)), name="renewal"),
            group.create_task(
                self._fencing(partial(always, self._heartbeat.run, "heartbeat")), name="heartbeat"
            ),
            group.create_task(always(Tidier(self._engine).run, "tidier"), name="tidier"),
            group.create_task(always(self._replies.read_replies), name="replies"),
            group.create_task(self._obeying(opting_out), name="opt outs"),
            group.create_task(always(Auditor(connect).run, "auditor", vital=False), name="auditor"),
            group.create_task(gauges.run(connect), name="gauges"),
            group.create_task(measure_lag(self._metrics), name="loop lag"),
        ]
        if home is not None and isinstance(self._herald, Herald):
            listening = partial(
                home.connections.always, self._herald.listen, "home", vital=self._engine.home_away == "stop"
            )
            delivering = always(self._herald.deliver, "herald")
            steady += [
                group.create_task(self._fencing(partial(self._obeying, listening)), name="home"),
                group.create_task(delivering, name="herald"),
            ]
        return steady + [group.create_task(each, name=name) for name, each in self._spare().items()]

    def _spare(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Those without which a worker is ready all the same."""
        always = partial(self._connections.always, vital=False)
        sayings = {number: lane.channel.sayings() for number, lane in self._lanes.items()}
        lessons = Lessons(Words(sayings, self._hygiene), self._home)
        spare = {
            "link tests": always(LinkTests(self._lanes).run, "link tests"),
            "lessons": always(lessons.run, "lessons"),
        }
        if withdrawals := Withdrawals(self._lanes):
            spare["withdrawals"] = always(withdrawals.run, "withdrawals")
        if self._offspring is not None:
            spare["offspring"] = always(self._offspring.keep, "offspring")
        return spare

    def _feeding(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Those that bring more to send."""
        always = self._connections.always
        return [
            group.create_task(self._obeying(partial(always, self._control.run, "control")), name="control"),
            group.create_task(always(self._feeder.run, "leasing"), name="leasing"),
        ]

    async def _fencing(self, task: _Task) -> None:
        """With the lease lost, nothing more is sent, and nobody waits for an answer of the database any more."""
        try:
            await task()
        except FencedError:
            self._fenced = True
            for lane in self._lanes.values():
                lane.valid_until = 0.0
            self._connections.cut()
            raise

    async def _obeying(self, task: _Task) -> None:
        """Somebody else's these carriers are: what is on the wire is waited for, as at any stop."""
        try:
            await task()
        except RefusedError as error:
            log(events.WORKER_REFUSED, worker=self.worker_no, why=error)
            self._refused = error
            self._stopping.set()

    async def _renewal(self, connection: asyncpg.Connection) -> None:
        """By itself, since the other rounds wait for locks of other workers."""
        while True:
            with pool.within(connection, self._engine.lease_s / 2):
                await self._leases.renew(connection)
            self._permit()
            await asyncio.sleep(self._engine.lease_s / RENEWALS)

    def _permit(self) -> None:
        """The lanes may send for as long as the lease and what `control` heard allow."""
        if self._fenced:
            return
        until = min(self._leases.valid_until, self._control.confirmed_until)
        for lane in self._lanes.values():
            lane.valid_until = until
            lane.pump()

    def _heard_home(self) -> None:
        self._control.reconsider()
        self._permit()

    # ------------------------------------------------------------ the end

    async def _stop(
        self,
        feeding: list[asyncio.Task[None]],
        writing: asyncio.Task[None],
        steady: list[asyncio.Task[None]],
    ) -> None:
        """In stages: lease nothing, drain the windows, unbind, commit."""
        stop_by = time.monotonic() + STOP_S
        await _end(feeding)
        await self._drain()
        await self._sessions.close()
        await self._until_empty(UNBOUND_S)  # what was unanswered is in doubt now
        self._writer.finish()
        await asyncio.wait([writing], timeout=max(LAST_GROUP_S, stop_by - time.monotonic()))
        await _end([writing, *steady])

    async def _drain(self) -> None:
        """Send no more, and wait for the answers that are on their way."""
        for lane in self._lanes.values():
            lane.stock.withdraw(lambda _: False)
        await self._until_empty(self._engine.drain_s)

    async def _until_empty(self, most_s: float) -> None:
        """Until every slice is let go; at most so long, for the rest is freed with the worker's other leases."""
        deadline = time.monotonic() + most_s
        while time.monotonic() < deadline and not self.late:
            if all(lane.stock.empty for lane in self._lanes.values()):
                return
            await asyncio.sleep(0.02)

    async def _goodbye(self) -> None:
        """Leases that cannot be handed back end by themselves."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                connection = await self._connections.connect()
            try:
                with pool.within(connection, GOODBYE_S):
                    await self._leases.end(connection)
            finally:
                connection.terminate()
        except MENDABLE as error:
            log(events.WORKER_LEFT, worker=self.worker_no, why=failures.in_words(error))
            return
        log(events.WORKER_STOPPED, worker=self.worker_no)

    def _committed(self, rows: int, seconds: float) -> None:
        self._metrics.group_rows.observe(rows)
        self._metrics.commit_seconds.observe(seconds)
        log(events.GROUP_WRITTEN, rows=Count(rows), seconds=Seconds(seconds))
        self._database.took(seconds)


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
