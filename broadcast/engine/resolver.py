"""The process that lets receipts meet their submissions (broadcast/ledger/resolver), carrier after carrier.

It owns nothing that its loss would lose: another one takes its carriers over when their leases end. Its tasks:

  holding    renew the leases, take over carriers that nobody holds   (once a second)
  looking    a look at each carrier with news                         (four times a second, at once where more is to do)
  telling    how soon receipts came of late, where metrics are served (every two seconds)
  clearing   space of what is resolved for what comes, and memory     (once a minute)

A carrier whose rows cannot be read or written is tried again a while later; the others go on.
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import asyncpg

from broadcast.audience.carriers import carrier_numbers
from broadcast.config import Config
from broadcast.engine.connections import ANSWER_S, WORK_S, Connections
from broadcast.engine.freed import Freed
from broadcast.engine.handset import HandsetTimes
from broadcast.engine.held import Held, Part
from broadcast.engine.target import Target
from broadcast.engine.told import Told
from broadcast.errors import InputError
from broadcast.ids import CarrierNo
from broadcast.ledger.packing.ids import IdProfile
from broadcast.ledger.resolver.book import Limits
from broadcast.ledger.resolver.facts import Facts
from broadcast.ledger.resolver.found import NotOursError
from broadcast.ledger.resolver.look import CarrierLooks
from broadcast.ledger.resolver.reading import Heads, heads
from broadcast.monitor import events
from broadcast.monitor.lag import measure_lag
from broadcast.monitor.loggable import Name, Seconds, Sentence
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql

log = logger(__name__)

LOOK_S: Final = 0.25
HOLD_S: Final = 1.0
LEASE_S: Final = 5.0
FAILED_S: Final = 5.0  # until a carrier whose look failed is looked at again
ENDED_S: Final = 60.0  # workers that ended so long ago are looked at
GAP_S: Final = 30.0  # without a look: then all workers are looked at
LATE_S: Final = 10.0  # a carrier is not ready whose receipts are not resolved for so long
CLEAR_S: Final = 60.0
TELL_S: Final = 2.0
VACUUM_MOST_S: Final = 600.0
LOOK_MOST_S: Final = 60.0
STOP_S: Final = 5.0


class Resolver:
    """One life of a resolver. carriers: their names, none: all that no other resolver holds. target: where its metrics
    are served."""

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        url: str,
        carriers: Sequence[str] = (),
        target: Target | None = None,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._url = url
        self._names = list(carriers) or None
        self._holder = uuid4()
        self._seed = secrets.randbits(64)
        self._facts = Facts()
        self._connections = Connections(url)
        self._held: dict[CarrierNo, Held] = {}
        self._begun = False
        self._held_at = 0.0
        self._looked_at = 0.0
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._looked_last = asyncio.Event()
        self._told = Told()
        self._freed = Freed()
        self._handset = HandsetTimes()
        self._target = target
        self._archived_until = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def begun(self) -> bool:
        """The database was there."""
        return self._begun

    def stop(self) -> None:
        """Begin the staged shutdown: finish the look, give the carriers back."""
        self._stopping.set()
        self._wake.set()

    async def ready(self) -> str | None:
        """None when its leases are good; else why not. It need not hold any carrier: another may have them all."""
        if not self._held_at:
            return "not started yet"
        if time.monotonic() - self._held_at > LEASE_S:
            return "the leases of its carriers could not be renewed"
        return None

    async def keeps_up(self) -> str | None:
        """None while receipts are resolved as they come; else of which carriers they are not, and why."""
        whys = []
        for held in self._held.values():
            if held.failing is not None:
                whys.append(f"{held.name}: {held.failing}")
            elif held.late_s > LATE_S:
                why = "" if held.looks.ready else ", and its open messages are being read"
                whys.append(f"{held.name}: receipts are not resolved for {held.late_s:.0f} s{why}")
        return "; ".join(whys) or None

    def words(self) -> str:
        """How it stands, in a line."""
        names = ", ".join(sorted(held.name for held in self._held.values()))
        return f"resolves receipts of {names}" if names else "holds no carrier: others do"

    async def database(self) -> str | None:
        """None when every task gets from the database what it needs; else which does not, and why."""
        return self._connections.trouble()

    async def run(self) -> None:
        """Until `stop`. Raises BroadcastError at the start: no database, another schema, no such carrier."""
        connection = await pool.connect(self._url)
        try:
            with pool.within(connection, WORK_S):
                await self._check_names(connection)
        except MENDABLE as error:
            raise failures.explain(error) from error
        finally:
            connection.terminate()
        self._begun = True
        always = self._connections.always
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(always(self._looking), name="looking")
            steady = [
                group.create_task(always(self._holding), name="holding"),
                group.create_task(always(self._clearing, vital=False), name="clearing"),
                group.create_task(always(self._telling, vital=False), name="telling"),
                group.create_task(measure_lag(self._metrics), name="loop lag"),
            ]
            log(events.RESOLVER_STARTED)
            await self._stopping.wait()
            await _wait(self._looked_last, STOP_S)
            for task in (looking, *steady):
                task.cancel()
        await self._goodbye()

    async def _check_names(self, connection: asyncpg.Connection) -> None:
        if self._names is None:
            return
        known = {*await carrier_numbers(connection), *self._config.carriers}
        unknown = [name for name in self._names if name not in known]
        if unknown:
            raise InputError(f"no such carrier: {', '.join(unknown)} (there are {', '.join(sorted(known))})")

    # ------------------------------------------------------------ tasks

    async def _holding(self, connection: asyncpg.Connection) -> None:
        while True:
            resolved = {
                number: held.desk.resolved_until
                for number, held in self._held.items()
                if held.desk.resolved_until is not None
            }
            asked = time.monotonic()
            with pool.within(connection, ANSWER_S):
                await connection.execute(sql("resolver_rows"))
                rows = await connection.fetch(
                    sql("resolver_hold"),
                    self._holder,
                    LEASE_S,
                    self._names,
                    list(resolved),
                    list(resolved.values()),
                )
            self._held_at = asked
            self._have({row["carrier_no"]: row["name"] for row in rows})
            await asyncio.sleep(HOLD_S)

    def _have(self, carriers: dict[CarrierNo, str]) -> None:
        for number in self._held.keys() - carriers.keys():
            self._lose(number)
        for number, name in carriers.items():
            if number not in self._held:
                log(events.RECEIPTS_RESOLVED_HERE, carrier=Name(name))
                looks = CarrierLooks(
                    self._holder, number, self._profile(name), Limits(), self._seed, self._facts
                )
                self._held[number] = Held(name, looks)
                self._wake.set()

    def _lose(self, number: CarrierNo) -> None:
        held = self._held.pop(number)
        log(events.RECEIPTS_RESOLVED_ELSEWHERE, carrier=Name(held.name))
        self._metrics.drop_resolved(held.name)

    def _profile(self, name: str) -> IdProfile:
        """Of a carrier that is configured no more: ids are what they are."""
        carrier = self._config.carriers.get(name)
        if carrier is None:
            return IdProfile()
        return IdProfile(
            carrier.smpp.response_id, carrier.smpp.receipt_id, carrier.smpp.id_zeros, carrier.smpp.id_case
        )

    async def _looking(self, connection: asyncpg.Connection) -> None:
        while not self._stopping.is_set():
            with pool.within(connection, ANSWER_S):
                seen = await self._heads(connection)
            more = False
            for held in list(self._held.values()):
                if self._stopping.is_set():
                    break
                if not self._has(held):
                    continue
                more = await self._turn(connection, held, seen) or more
            self._wake.clear()
            if not more and not self._stopping.is_set():
                await _wait(self._wake, LOOK_S)
        self._looked_last.set()

    async def _heads(self, connection: asyncpg.Connection) -> Heads:
        now = time.monotonic()
        long_ago = now - self._looked_at > GAP_S
        self._looked_at = now
        return await heads(connection, None if long_ago else ENDED_S)

    async def _turn(self, connection: asyncpg.Connection, held: Held, seen: Heads) -> bool:
        """Whether there is more to do at once. One carrier's trouble is its own, but for a lost connection."""
        started = time.monotonic()
        more = await self._try(connection, held, held.looking, held.looks.look(connection, seen))
        if more or held.looking.failing is not None:
            held.behind_since = held.behind_since or started
        elif self._has(held):
            held.behind_since = None
            await self._try(connection, held, held.asking, held.desk.ask(connection, seen))
        self._count(held)
        if self._has(held):
            held.measure(self._metrics)
        self._freed.give_back(freed=held.looks.counts.evicted > held.evicted)
        held.evicted = held.looks.counts.evicted
        return bool(more)

    async def _try(
        self, connection: asyncpg.Connection, held: Held, part: Part, work: Coroutine[Any, Any, bool | None]
    ) -> bool | None:
        """What the work returns; None when it rests, or failed."""
        started = time.monotonic()
        if started < part.until:
            work.close()
            return None
        try:
            with pool.within(connection, LOOK_MOST_S):
                done = await work
        except NotOursError:
            if self._has(held):
                self._lose(held.looks.carrier_no)
            return None
        except Exception as error:
            part.failing, part.until = failures.retrying(error), time.monotonic() + FAILED_S
            self._metrics.look_failures.labels(held.name).inc()
            if self._told.anew(f"{held.name} {failures.kind(error)}", time.monotonic()):
                log(events.RECEIPTS_NOT_RESOLVED, carrier=Name(held.name), why=Sentence(part.failing))
            if connection.is_closed() or failures.is_loss(error):
                raise
            return None
        part.failing, took = None, time.monotonic() - started
        self._metrics.look_seconds.observe(took)
        log(events.RECEIPTS_LOOKED, carrier=Name(held.name), seconds=Seconds(took))
        return done

    def _has(self, held: Held) -> bool:
        """Another resolver may have the carrier by now, or this one again, anew."""
        return self._held.get(held.looks.carrier_no) is held

    def _count(self, held: Held) -> None:
        looks, metrics = held.looks, self._metrics
        metrics.resolved_receipts.labels(held.name).inc(looks.counts.receipts - held.counted)
        held.counted = looks.counts.receipts
        for reason, receipts in looks.counts.taken_misfits().items():
            metrics.misfits.labels(held.name, reason).inc(receipts)
        self._handset.add(looks.carrier_no, looks.counts.taken_delays())

    async def _clearing(self, connection: asyncpg.Connection) -> None:
        """Not left to autovacuum: rows live for a second, and it comes when their dead are many times what is alive."""
        receipts = 0
        while True:
            await asyncio.sleep(CLEAR_S)
            with pool.within(connection, ANSWER_S):
                await self._forget_archived(connection)
            now = sum(held.looks.counts.receipts for held in self._held.values())
            if now != receipts:
                receipts = now
                with pool.within(connection, VACUUM_MOST_S):
                    await connection.execute(sql("vacuum_received"))

    async def _telling(self, connection: asyncpg.Connection) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            with pool.within(connection, ANSWER_S):
                await self._handset.write(connection)
                if self._target is not None:
                    await self._target.write(connection)

    async def _forget_archived(self, connection: asyncpg.Connection) -> None:
        """What became files is waited for no more. (A book that is made anew does not have it either.)"""
        row = await connection.fetchrow(sql("archived_since"), self._archived_until)
        assert row is not None  # an aggregate
        self._archived_until = row["until"]
        if row["campaigns"]:
            for held in self._held.values():
                held.looks.book.forget(row["campaigns"])

    async def _goodbye(self) -> None:
        """Leases that cannot be given back end by themselves."""
        try:
            async with asyncio.timeout(ANSWER_S):
                connection = await self._connections.connect()
            try:
                with pool.within(connection, ANSWER_S):
                    await connection.execute(sql("resolver_end"), self._holder)
            finally:
                connection.terminate()
        except MENDABLE as error:
            log(events.RESOLVER_LEFT, why=failures.in_words(error))
            return
        log(events.RESOLVER_STOPPED)


async def _wait(event: asyncio.Event, most_s: float) -> None:
    try:
        async with asyncio.timeout(most_s):
            await event.wait()
    except TimeoutError:
        return
