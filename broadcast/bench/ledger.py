"""The bare ledger: the same intents, rows, groups and resolver as of a pipeline, and nobody to talk to.

Slices are leased and marked; once that is committed their messages are accepted and receipted out of thin air. `ledger`
does it in this process, all receipts of a run together; `sending` is one sender of the nation's shape, where each
segment's receipt comes at its own time. No submit is refused, and no receipt comes at another sender.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import asyncpg

from broadcast.bench.campaign import balance, launch, prepare, watch
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import Meters
from broadcast.bench.scattered import Scattered
from broadcast.bench.senders import SENDING_MOST_S, Credit, Errand, Line, Said
from broadcast.bench.stage import LOOK_S, Stage, collecting_seldom, habits, staged, start_resolver
from broadcast.channel.receipt import Receipt
from broadcast.cli.runner import run
from broadcast.config import Config
from broadcast.engine.leases import Leases
from broadcast.engine.tidier import Tidier
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.journal import Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.states import RecipientState
from broadcast.ledger.writer import Writer
from broadcast.reports.progress import Progress
from broadcast.simulator.wheel import TICK_S
from broadcast.store.pool import connect

_RUN = 1000  # messages that are intended, accepted and receipted together
_UNDER_WAY_MOST = 20_000  # about what is intended and in the windows of a worker at full speed
_SLICES = 8
_LEASE_S = 86400.0  # nobody is there to take it over


def ledger(load: Load) -> Measured:
    """Raises AuditError when the books do not balance in the end."""
    with staged(load, database=True, simulated=False) as stage, collecting_seldom():
        return run(_measure(stage))


async def _measure(stage: Stage) -> Measured:
    load, url = stage.load, stage.database.url()
    config = _long_leased(stage.config)
    connection = await connect(url, check_schema=False)
    try:
        numbers = await prepare(connection, config, load)
        campaign_id = await launch(connection, config, load)
        start_resolver(stage)
        leases = await Leases.register(connection, config, socket.gethostname(), os.getpid())
        meters = Meters(stage)

        async def look(_: Progress) -> None:
            meters.look()

        writer = Writer(partial(connect, url), leases.worker_no, config.engine.group_s, lambda *_: None)
        feed = _Feed(load, writer.journal, leases, campaign_id)
        async with asyncio.TaskGroup() as beside:
            writing = beside.create_task(writer.run(), name="writer")
            tidying = beside.create_task(_tidy(url, config), name="tidier")
            beside.create_task(feed.run(url, list(numbers.values())), name="feed")
            sent_s, took = await watch(connection, campaign_id, look)
            tidying.cancel()
            writer.finish()
            await writing
        cpu_s = meters.per_million(load.messages)
        octets = await balance(connection, campaign_id, load.messages)
    finally:
        await connection.close()
    rates = (load.messages / sent_s, load.messages / took)
    return Measured(load.messages, took, *rates, cpu_s, meters.peak_mib, True, octets)


async def sending(
    url: str, campaign_id: CampaignId, numbers: dict[str, CarrierNo], errand: Errand, line: Line
) -> None:
    """All messages of one carrier, as many as there is time for; receipts until it is asked to end."""
    config, connection = _long_leased(errand.config), await connect(url)
    try:
        leases = await Leases.register(connection, config, socket.gethostname(), os.getpid())
    finally:
        await connection.close()
    writer = Writer(partial(connect, url), leases.worker_no, config.engine.group_s, lambda *_: None)
    feed = _ScatteredFeed(errand, writer.journal, leases, campaign_id, numbers[errand.carrier])
    await line.begun()
    feed.credit = Credit(time.monotonic())
    async with asyncio.TaskGroup() as beside:
        writing = beside.create_task(writer.run(), name="writer")
        feeding = beside.create_task(feed.run(url, [numbers[errand.carrier]]), name="feed")
        telling = beside.create_task(feed.tell(), name="receipts")
        until = time.monotonic() + SENDING_MOST_S
        while not line.asked():
            if time.monotonic() > until:
                feeding.cancel()
            line.say(feed.said(through=feeding.done()))
            await asyncio.sleep(LOOK_S)
        telling.cancel()
        writer.finish()
        await writing


def _long_leased(config: Config) -> Config:
    return replace(config, engine=replace(config.engine, lease_s=_LEASE_S))


async def _tidy(url: str, config: Config) -> None:
    """A worker's tidier: until cancelled."""
    connection = await connect(url)
    try:
        await Tidier(config.engine).run(connection)
    finally:
        connection.terminate()


class _Feed:
    """Leases slices and drives their messages through the journal, a bounded number at a time."""

    def __init__(self, load: Load, journal: Journal, leases: Leases, campaign_id: CampaignId) -> None:
        self._load = load
        self._journal = journal
        self._leases = leases
        self._campaign_id = campaign_id
        self._ids = _message_ids(load.ids)
        self._under_way = 0
        self._room = asyncio.Event()

    async def run(self, url: str, carriers: list[CarrierNo]) -> None:
        """Until every message of the campaign is under way."""
        connection = await connect(url)
        try:
            for number in carriers:
                while leased := await self._lease(connection, number):
                    for each in leased:
                        await self._intend(each)
        finally:
            await connection.close()

    async def _lease(self, connection: asyncpg.Connection, number: CarrierNo) -> list[LeasedSlice]:
        return await self._leases.lease_slices(
            connection, self._journal, number, self._campaign_id, _SLICES, [self._load.segments]
        )

    async def _intend(self, leased: LeasedSlice) -> None:
        while leased.mark < leased.total:
            run = leased.intend_next(_RUN)
            self._under_way += len(run)
            self._journal.on_commit(partial(self._accept, leased, run))
            while self._is_full():
                self._room.clear()
                await self._room.wait()

    def _is_full(self) -> bool:
        return self._under_way >= _UNDER_WAY_MOST

    def _accept(self, leased: LeasedSlice, run: range) -> None:
        """The intent is durable: the SMSC takes them all."""
        at, segments = _now_us(), self._load.segments
        ids = [next(self._ids) for _ in range(len(run) * segments)]
        if segments == 1:
            for ordinal, smsc_id in zip(run, ids, strict=True):
                leased.accept(ordinal, smsc_id, at, at)
        else:
            for place, ordinal in enumerate(run):
                leased.accept_parts(ordinal, ids[place * segments : (place + 1) * segments], at, at)
        if not leased.unanswered:
            leased.let_go()
        self._journal.wake()
        self._accepted(leased, run, ids)

    def _accepted(self, leased: LeasedSlice, run: range, ids: list[str]) -> None:
        """Their receipts come."""
        if self._load.receipt_delay_s:
            asyncio.get_running_loop().call_later(self._load.receipt_delay_s, self._receipt, leased, run, ids)
        else:
            self._receipt(leased, run, ids)

    def _receipt(self, leased: LeasedSlice, run: range, ids: list[str]) -> None:
        state, segments, msisdns = int(RecipientState.DELIVERED), self._load.segments, leased.msisdns
        self._journal.receipts(
            leased.carrier_no,
            [
                Receipt(b"", state, smsc_id, "000", msisdns[run[place // segments]])
                for place, smsc_id in enumerate(ids)
            ],
            _now_us(),
            partial(self._through, len(run)),
        )

    def _through(self, messages: int) -> None:
        self._under_way -= messages
        self._room.set()


class _ScatteredFeed(_Feed):
    """Under way is what is not accepted yet, for receipts take their time. credit: from when it begins."""

    def __init__(
        self, errand: Errand, journal: Journal, leases: Leases, campaign_id: CampaignId, carrier_no: CarrierNo
    ) -> None:
        super().__init__(errand.load, journal, leases, campaign_id)
        self._scattered = Scattered(habits(errand.carrier, errand.load), random.Random())
        self._carrier_no = carrier_no
        self._segments = self._told = 0
        self.credit = Credit(time.monotonic())

    def said(self, *, through: bool) -> Said:
        """through: it intends no more."""
        return Said(self._segments, self._told, through and not self._under_way)

    async def tell(self) -> None:
        """Receipts as they are due: until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            due = self._scattered.due(loop.time())
            if due:
                receipts = [Receipt(b"", state, smsc_id, err, msisdn) for state, smsc_id, err, msisdn in due]
                self._journal.receipts(
                    self._carrier_no, receipts, _now_us(), partial(self._receipted, len(due))
                )

    def _accepted(self, leased: LeasedSlice, run: range, ids: list[str]) -> None:
        msisdns = leased.msisdns[run.start : run.stop]
        self._scattered.put(msisdns, ids, asyncio.get_running_loop().time())
        self._journal.on_commit(partial(self._through, len(run)))

    def _is_full(self) -> bool:
        sent = self._segments + self._under_way * self._load.segments
        return super()._is_full() or self.credit.left(sent, self._told, time.monotonic()) <= 0

    def _through(self, messages: int) -> None:
        self._segments += messages * self._load.segments
        super()._through(messages)

    def _receipted(self, receipts: int) -> None:
        self._told += receipts
        self._room.set()


def _now_us() -> int:
    return int(time.time() * 1_000_000)


def _message_ids(kind: str) -> Iterator[str]:
    """As an SMSC gives them: counted on, or random as a UUID is."""
    if kind == "counter":
        yield from map(str, count(time.time_ns() // 1000))
    while True:
        octets = random.randbytes(16 * _RUN).hex()
        for place in range(0, len(octets), 32):
            yield (
                f"{octets[place : place + 8]}-{octets[place + 8 : place + 12]}-{octets[place + 12 : place + 16]}"
                f"-{octets[place + 16 : place + 20]}-{octets[place + 20 : place + 32]}"
            )
