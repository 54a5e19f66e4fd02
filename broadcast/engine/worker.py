"""A worker: one process, one core, one event loop. What production runs, many times, on many machines.

It owns nothing that its loss would lose.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from broadcast.audience.carriers import sync_carriers
from broadcast.channel.channel import Channel
from broadcast.clock import DayTime, lease_time
from broadcast.config import Carrier, Config
from broadcast.engine.connections import WORK_S, Connections
from broadcast.engine.control import UNRESOLVED_S
from broadcast.engine.herald import Home, Places
from broadcast.engine.leases import Leases
from broadcast.engine.linked import linked, unlinked
from broadcast.engine.offspring import Offspring
from broadcast.engine.shift import Shift
from broadcast.engine.target import Target
from broadcast.errors import RefusedError
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import about
from broadcast.monitor.metrics import Metrics
from broadcast.store import failures, pool
from broadcast.store.clock import database_time
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import SLACK, check_alone, check_carriers, identity
from broadcast.store.purpose import check_purpose

HOME: Final = "home"  # what its ledger is called where it is the only one


@dataclass(frozen=True, slots=True)
class OneOf:
    """The ledger that a worker is of, of several. carriers: as `ledgers.spelt`. home_url: None: it is home."""

    name: str
    carriers: Mapping[str, Any]
    home_url: str | None


class Worker:
    """One life of a worker, until the end of `run`. After a FencedError make a new one.

    config: of its ledger alone. channel: makes the way to the people of a carrier. place: see Leases; no two that live
    have the same. resolver: the command of one, where this worker may have to run it. ledger: where there are several.
    target: where its metrics are served.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        url: str,
        channel: Callable[[Carrier], Channel],
        place: UUID | None = None,
        resolver: Sequence[str] | None = None,
        ledger: OneOf | None = None,
        target: Target | None = None,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._url = url
        self._channel = channel
        self._place = place
        self._ledger = ledger
        self._target = target
        self._offspring = None if resolver is None else Offspring(resolver)
        self._stopping = asyncio.Event()
        self._shift: Shift | None = None  # from the registration on

    @property
    def worker_no(self) -> int:
        """0 before it is registered."""
        return self._shift.worker_no if self._shift is not None else 0

    @property
    def begun(self) -> bool:
        """It is registered."""
        return self._shift is not None

    def stop(self) -> None:
        """Begin the staged shutdown: no new leases, drain the windows, commit, unbind, say goodbye."""
        self._stopping.set()

    async def ready(self) -> str | None:
        """None when registered and the lease is good; else why not."""
        if self._shift is None:
            return "not registered yet"
        return "the lease could not be renewed" if self._shift.late else None

    async def keeps_up(self) -> str | None:
        """None while receipts are resolved as they come; else of which carriers they are not. Sending goes on."""
        if self._shift is None or not self._shift.unresolved:
            return None
        return (
            f"receipts are not resolved for {UNRESOLVED_S:g} s and more: {', '.join(self._shift.unresolved)}"
        )

    async def linked(self) -> str | None:
        """None when it can reach somebody: at least one link is bound, or it holds no slot and others do; else why not.

        One carrier's trouble is its own (law 8): what is wrong with it tell `broadcast_links` and the diagnosis.
        """
        return None if self._shift is None else unlinked(self._shift.links)

    def words(self) -> str:
        """How it stands, in a line."""
        if self._shift is None:
            return ""
        return f"worker {self._shift.worker_no}, {linked(self._shift.links)}"

    async def database(self) -> str | None:
        """None when every task gets from the database what it needs; else which does not, and why."""
        return None if self._shift is None else self._shift.trouble

    async def run(self) -> None:
        """Until `stop`, or FencedError when its leases were given away. Raises BroadcastError at the start."""
        self._shift = await self._register()
        self._metrics.is_worker(self._shift.worker_no, self._ledger.name if self._ledger else HOME)
        ledger = Name(self._ledger.name) if self._ledger else None
        with about(worker=self._shift.worker_no, ledger=ledger):
            await self._shift.work()

    async def _register(self) -> Shift:
        connection = await pool.connect(self._url)
        try:
            with pool.within(connection, WORK_S):
                await check_purpose(connection, self._config)
                home = await self._home(connection)
                asked = lease_time()
                day_time = DayTime(await database_time(connection), asked)
                leases = await Leases.register(
                    connection, self._config, socket.gethostname(), os.getpid(), self._place
                )
                numbers = await sync_carriers(connection, self._config, leases.worker_no)
        except MENDABLE as error:
            raise failures.explain(error) from error
        finally:
            connection.terminate()
        return Shift(
            self._config, self._metrics, Connections(self._url), leases, numbers, self._channel, day_time,
            self._offspring, self._stopping, home, self._target,
        )  # fmt: skip

    async def _home(self, connection: asyncpg.Connection) -> Home | Places:
        """Raises RefusedError when this is another ledger than it should be, or home has its carriers elsewhere."""
        ledger = self._ledger
        if ledger is None or ledger.home_url is None:
            await self._places(connection)
            return self._places
        found = await identity(connection)
        if found.ledger != ledger.name:
            raise RefusedError(
                f"the database of ledger {ledger.name} is {found.ledger or 'home, or nothing yet'}: correct its "
                "URL, or run `broadcast db spread`"
            )
        connections = Connections(ledger.home_url, slack=SLACK)
        return Home(ledger.name, ledger.carriers, found.home_id, connections)

    async def _places(self, home: asyncpg.Connection) -> None:
        """Whether home, which this ledger is, has its carriers here. Raises RefusedError."""
        if self._ledger is None:
            await check_alone(home, self._config.carriers)
        else:
            await check_carriers(home, self._ledger.name, self._ledger.carriers)
