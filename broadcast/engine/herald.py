"""What home orders, heard by each worker of a ledger that is not home, whether or not the ledger was told.

  listen    ask home twice a second; give it what it has yet to know of this ledger
  deliver   see that the ledger's copies follow, and what is over or was ordered in them

A lane may send for as long as home's last answer is taken for true: a worker that cannot hear home stops within 2 s,
unless it is configured to go on. Then, too, it has heard home once since its ledger was away: somebody may have stopped
an alert meanwhile that the ledger still has as running.
"""

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from broadcast.campaign import orders
from broadcast.campaign.orders import LedgerOrder
from broadcast.clock import DayTime, lease_time
from broadcast.config import HomeAway
from broadcast.engine import first_shares
from broadcast.engine.connections import ANSWER_S, WORK_S, Connections
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId
from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.store import pool
from broadcast.store.clock import database_time
from broadcast.store.ledgers import CLOCK_OFF_S, LOST, Identity, check_carriers, clock_words, identity
from broadcast.store.queries import sql

log = logger(__name__)

_ORDER: Final = ("control_no", "state", "approved", "entries", "stage", "first_share", "judges")
Places = Callable[[asyncpg.Connection], Awaitable[None]]
HOME_S: Final = 0.5
CARRIERS_EVERY: Final = 4  # rounds
CLOCK_LOOKS: Final = 3  # in a row: a single one may have been slow on its way
HOME_CONFIRM_S: Final = (
    1.75  # that its answer is taken for true (law 7: 2 s, the last answers' way and a tick included)
)


@dataclass(frozen=True, slots=True)
class Home:
    """The way there from a ledger that is not home. ledger, carriers: its name and what it has, as `ledgers.spelt`;
    home_id: whose it is."""

    ledger: str
    carriers: Mapping[str, Any]
    home_id: UUID
    connections: Connections

    async def check(self, connection: asyncpg.Connection) -> None:
        """Raises RefusedError when this is no way there: workers would obey a stranger, or opt out among its people."""
        with pool.within(connection, ANSWER_S):
            if await identity(connection) != Identity(self.home_id, None):
                raise RefusedError(
                    "the database of BROADCAST_DATABASE_URL is not the home of this ledger: correct one of the two URLs"
                )


@dataclass(frozen=True, slots=True)
class Order:
    """Home's last one about a campaign. approved: the hash of what it says. entries: how often, as far as home knows,
    people entered it in this ledger. stage: 1: the rest follows its first share; first_share: that goes ahead, and
    judges: no worker of home's looks how it went."""

    control_no: int
    state: str
    approved: bytes | None
    entries: int = 0
    stage: int = 0
    first_share: bool = False
    judges: bool = False


class AtHome:
    """In place of a herald, where the ledger is home: what runs here runs.

    places: raises RefusedError when home has the worker's carriers elsewhere by now.
    """

    confirmed_until: Final = math.inf

    def __init__(self, places: Places) -> None:
        self._places = places
        self._looks = itertools.count()

    def allows(self, campaign_id: CampaignId) -> bool:
        """By home, this is to be sent."""
        return True

    def approved(self, campaign_id: CampaignId) -> None:
        """What is approved stands beside the campaign."""

    def gap(self) -> None:
        """What it says is never older than what home says."""

    async def look(self, home: asyncpg.Connection) -> None:
        """Twice a second. Raises RefusedError."""
        if next(self._looks) % CARRIERS_EVERY == 0:
            await self._places(home)


class Herald:
    """That of one worker. heard(): home answered. day_time: the ledger's."""

    def __init__(self, home: Home, home_away: HomeAway, heard: Callable[[], None], day_time: DayTime) -> None:
        self._home = home
        self._ledger = home.ledger
        self._goes_on = home_away == "go_on"
        self._heard = heard
        self._orders: dict[CampaignId, Order] = {}
        self._answered = -math.inf  # when home was asked what it answered last
        self._gap = lease_time()
        self._finished: Sequence[tuple[CampaignId, datetime]] = ()
        self._ordered: Sequence[LedgerOrder] = ()
        self._entered: Sequence[tuple[CampaignId, int, int]] = ()  # campaign, people, entries
        self._shares: Sequence[asyncpg.Record] = ()  # how first shares go here, of `first_shares_seen`
        self._taken: list[int] = []
        self._day_time = day_time
        self._clock_looks = 0  # in a row that found it off; told after the last
        self._lost: set[CampaignId] = set()  # told

    @property
    def confirmed_until(self) -> float:
        """So long what home said is taken for true, by lease_time."""
        if self._answered <= self._gap:
            return 0.0
        return math.inf if self._goes_on else self._answered + HOME_CONFIRM_S

    def allows(self, campaign_id: CampaignId) -> bool:
        """By home, this is to be sent."""
        order = self._orders.get(campaign_id)
        return order is not None and order.state == "running"

    def approved(self, campaign_id: CampaignId) -> bytes | None:
        """The hash of what home approved, of which this ledger has a copy."""
        order = self._orders.get(campaign_id)
        return None if order is None else order.approved

    def gap(self) -> None:
        """The ledger was away until now: what it says may be old."""
        self._gap = lease_time()

    async def look(self, ledger: asyncpg.Connection) -> None:
        """It has connections of its own."""

    async def listen(self, home: asyncpg.Connection) -> None:
        """Until cancelled. Raises RefusedError when that is another home, or knows this ledger with other carriers."""
        await self._home.check(home)
        for number in itertools.count():
            if number % CARRIERS_EVERY == 0:
                with pool.within(home, ANSWER_S):
                    # a carrier that moves is nobody's before its old workers have ended
                    await check_carriers(home, self._ledger, self._home.carriers)
                    await self._compare_clocks(home)
            asked = lease_time()
            with pool.within(home, ANSWER_S):
                rows = await home.fetch(sql("home_orders"), self._ledger)
            self._orders = {
                CampaignId(row["campaign_id"]): Order(**{name: row[name] for name in _ORDER}) for row in rows
            }
            self._answered = asked
            self._heard()
            with pool.within(home, WORK_S):
                await self._report(home)
            await asyncio.sleep(HOME_S)

    async def _compare_clocks(self, home: asyncpg.Connection) -> None:
        """A ledger's own clock says there what is expired, so it is to be as home's."""
        asked = lease_time()
        now = await database_time(home)
        ahead_s = self._day_time.ahead_s(now, asked, lease_time())
        self._clock_looks = self._clock_looks + 1 if abs(ahead_s) > CLOCK_OFF_S else 0
        if self._clock_looks == CLOCK_LOOKS:
            log(events.CLOCK_DIFFERS, ledger=Name(self._ledger), why=Sentence(clock_words(ahead_s)))

    async def _report(self, home: asyncpg.Connection) -> None:
        """What is over in this ledger, and what was ordered in it."""
        for order in self._ordered:
            await orders.take_over(home, self._ledger, order)
            self._taken.append(order.order_no)
        self._ordered = ()
        for share in self._shares:  # before it is said that a part is over: its last figures count
            said = (share["at"], share["figures"])
            await home.execute(sql("keep_first_share"), share["campaign_id"], self._ledger, *said)
        self._shares = ()
        if any(order.first_share and order.judges for order in self._orders.values()):
            await first_shares.look(home)
        if self._finished:
            numbers, times = [each for each, _ in self._finished], [at for _, at in self._finished]
            await home.execute(sql("parts_finished"), self._ledger, numbers, times)
            self._finished = ()
        for number, people, entries in self._entered:  # who entered them may have ended before it told home
            await home.execute(sql("part_entered"), number, self._ledger, people, entries)
        self._entered = ()

    async def deliver(self, ledger: asyncpg.Connection) -> None:
        """Until cancelled."""
        while True:
            with pool.within(ledger, WORK_S):
                await self._deliver(ledger)
            await asyncio.sleep(HOME_S)

    async def _deliver(self, ledger: asyncpg.Connection) -> None:
        known = dict(self._orders)
        numbers = [each.control_no for each in known.values()]
        for row in await ledger.fetch(sql("copies_behind"), list(known), numbers):
            order = known[row["campaign_id"]]
            await orders.obey(ledger, row["campaign_id"], order.control_no, order.state, order.stage)
        rows = await ledger.fetch(sql("copies_here"), list(known))
        here = {row["campaign_id"]: row["finished_at"] for row in rows}
        self._entered = [
            (row["campaign_id"], row["audience"], row["entries"])
            for row in rows
            if row["entries"] > known[row["campaign_id"]].entries
        ]
        ahead = [number for number, order in known.items() if order.first_share]
        self._shares = await ledger.fetch(sql("first_shares_seen"), ahead) if ahead else ()
        lost = await self._ended_lost(ledger, known, known.keys() - here.keys())
        self._finished = [(number, at) for number, at in here.items() if at is not None] + lost
        while self._taken:
            await ledger.execute(sql("take_order"), self._taken[0])
            self._taken.pop(0)
        self._ordered = [LedgerOrder(**row) for row in await ledger.fetch(sql("new_orders"))]

    async def _ended_lost(
        self, ledger: asyncpg.Connection, known: Mapping[CampaignId, Order], lost: Set[CampaignId]
    ) -> list[tuple[CampaignId, datetime]]:
        """lost: of home's campaigns here, those of which this ledger has nothing. Nobody is there to end them: a
        cancelled one is over."""
        for number in sorted(lost - self._lost):
            log(events.CAMPAIGN_LOST, ledger=Name(self._ledger), campaign=number, why=Sentence(LOST))
        self._lost |= lost
        cancelled = [each for each in lost if known[each].state == "cancelled"]
        return [(number, await database_time(ledger)) for number in cancelled]
