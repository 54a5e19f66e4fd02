"""The process that reads the national figures every two seconds and serves what it read last.

Of several one leads, by a lock of home's; the others stand by and serve only themselves. When home does not answer,
what was read last is served with its age, and that home is down; after STALE_S campaigns and carriers leave, for
another exporter may serve them by then.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from broadcast.config import Config
from broadcast.engine.connections import ANSWER_S, CONNECT_S, Connections
from broadcast.engine.target import Target
from broadcast.errors import BroadcastError, PoolerError
from broadcast.exporter.series import Sample, of_nation, parts, text
from broadcast.monitor import events
from broadcast.monitor.catalogue import METRICS
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import version
from broadcast.monitor.text import CONTENT_TYPE, Text
from broadcast.reports.nation import Nation
from broadcast.reports.nation_databases import HOME
from broadcast.reports.nation_reading import NationReading
from broadcast.store import pool
from broadcast.store.queries import sql

log = logger(__name__)

EVERY_S: Final = 2.0
STALE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class _Last:
    """What was read last. body: rendered. at: monotonic."""

    nation: Nation
    body: str
    at: float


class Exporter:
    """One life, until `stop`. url: of home. target: where it serves."""

    def __init__(self, config: Config | None, url: str, target: Target | None = None) -> None:
        self._config = config
        self._connections = Connections(url)
        self._target = target
        self._last: _Last | None = None
        self._reading: NationReading | None = None
        self._leads = False
        self._there = False  # home answers
        self._may_tell = True
        self._stopping = asyncio.Event()
        registry = CollectorRegistry()
        self._process = Text(registry)
        ProcessCollector(registry=registry)
        build = METRICS["broadcast_build_info"]
        Gauge(build.name, build.meaning, build.labels, registry=registry).labels(version()).set(1)

    def stop(self) -> None:
        """End at once: it owns nothing."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`. Raises BroadcastError: another schema, ledgers that the configuration has not, a pooler."""
        await self._check_session()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(
                self._connections.always(self._serve, "national figures"), name="reading"
            )
            await self._stopping.wait()
            reading.cancel()

    async def _check_session(self) -> None:
        """Behind a pooler that gives every transaction another session nobody leads, or two do."""
        try:
            connection = await pool.connect(self._connections.url, timeout_s=CONNECT_S)
        except PoolerError:
            raise
        except BroadcastError:
            return  # whatever else it is, who reads meets it too: it is told there, and tried again
        connection.terminate()

    async def database(self) -> str | None:
        """None while home answers; else why not."""
        return None if self._there else self._connections.trouble() or "not connected yet"

    async def leads(self) -> str | None:
        """None while this one serves the national figures; else who does."""
        if self._leads or not self._there:
            return None if self._leads else "home does not answer"
        return "stands by: another exporter serves the national figures"

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """Content type and octets, whatever form is wanted: Prometheus takes this one."""
        body = self._last.body if self._shown and self._last else ""
        return CONTENT_TYPE, (body + text(self._own())).encode() + self._process.made()

    @property
    def _shown(self) -> bool:
        return self._last is not None and time.monotonic() - self._last.at < STALE_S

    def _own(self) -> Iterator[Sample]:
        yield "exporter_leads", (), self._leads
        if self._last is None:
            if not self._there:
                yield "database_up", (HOME,), 0
            return
        nation = self._last.nation
        yield "exporter_read_seconds", (), round(nation.took_s, 6)
        yield "exporter_read_timestamp_seconds", (), nation.at.timestamp()
        for each in nation.ledgers:
            if each.home or self._there:  # without home nobody asks the others
                yield "database_up", (each.name,), each.up and self._there

    async def _serve(self, home: asyncpg.Connection) -> None:
        try:
            while not await self._claimed(home):
                self._last = None
                await self._tell(home)
                await asyncio.sleep(EVERY_S)
            self._leads = True
            log(events.NATIONAL_FIGURES_HERE)
            await self._read(home)
        finally:
            self._leads = self._there = False

    async def _claimed(self, home: asyncpg.Connection) -> bool:
        with pool.within(home, ANSWER_S):
            mine = await home.fetchval(sql("exporter_claim"))
        self._there = True
        return bool(mine)

    async def _read(self, home: asyncpg.Connection) -> None:
        reading = self._reading = self._reading or NationReading(home, self._config)
        reading.renew(home)
        try:
            while True:
                nation = await reading.read()
                self._last = _Last(nation, await _written(nation), time.monotonic())
                await self._tell(home)
                await asyncio.sleep(EVERY_S)
        finally:
            reading.close()

    async def _tell(self, home: asyncpg.Connection) -> None:
        """Where it serves. A login that may only read does not tell: targets are then written by hand."""
        if self._target is None or not self._may_tell:
            return
        try:
            with pool.within(home, ANSWER_S):
                await self._target.write(home)
        except asyncpg.InsufficientPrivilegeError:
            self._may_tell = False
            log(events.TARGET_NOT_NOTED)


async def _written(nation: Nation) -> str:
    """Whoever scrapes meanwhile has its turn."""
    pieces = []
    for piece in parts(of_nation(nation)):
        pieces.append(piece)
        await asyncio.sleep(0)
    return "".join(pieces)
