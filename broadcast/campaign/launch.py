"""A launch: the audience is fixed, ledger by ledger, and the workers begin.

Each ledger gets its copy of the campaign with its slices in a transaction of its own; then home says that it runs, and
then the ledgers are told. Whatever ends before home's commit leaves copies that nobody sends, and that the next launch
makes anew. Home as a ledger, and the only one where none is configured, is written in home's own transaction.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import asyncpg

from broadcast.audience.carriers import carrier_numbers, check_has_all, sync_carriers
from broadcast.audience.moment import one_moment
from broadcast.audience.snapshot import Cutter, Group, Place, Snapshot, take_snapshot
from broadcast.campaign import campaigns, let_go, orders, refusals, sent_to
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.choosing import why_nobody
from broadcast.campaign.listeners import listeners
from broadcast.campaign.precedence import EMERGENCY, rank
from broadcast.campaign.ruled import limits_for
from broadcast.campaign.sendable import check_sendable
from broadcast.campaign.sent_to import Counts, Held
from broadcast.config import Config, of_ledger
from broadcast.config.ledgers import BUCKETS
from broadcast.config.placing import places
from broadcast.errors import BroadcastError, RefusedError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _, term
from broadcast.store.clock import database_time
from broadcast.store.ledgers import Part, named_parts, naming
from broadcast.store.purpose import check_purpose
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_SLICE_LEAST = 20


@dataclass(frozen=True, slots=True)
class Ledger:
    """One that takes part. config: its own. numbers: its carriers by name, of the numbering plan."""

    part: Part
    config: Config
    numbers: Mapping[str, CarrierNo]
    cutter: Cutter


def _any_number(recipients: int) -> None:
    """Where nobody was asked."""


def _nothing(counts: Counts, held: Held) -> dict[str, Any]:
    """Where nothing was foreseen."""
    return {}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked before the transaction ends, and may refuse what was counted. counted: is told how many hear it.
    foreseen: how many at each carrier, by name, and of each message (`slice.variant`), and who of them is held by a cap
    until when (Unix seconds); it says what is to be kept of its forecast, as JSON."""

    counted: Callable[[int], None] = _any_number
    foreseen: Callable[[Counts, Held], dict[str, Any]] = _nothing


NOBODY_ASKED: Final = Asked()


class Hearers(Protocol):
    """Who may have heard what a correction corrects (broadcast/ledger/corrected.py). corrects: that campaign."""

    @property
    def corrects(self) -> CampaignId: ...

    async def settled(self, home: Connection, parts: Sequence[Part]) -> list[str]:
        """The names of the ledgers that have people of it, once nothing of it leaves. Raises RefusedError."""

    async def check(self, connection: Connection) -> bool:
        """Whether this database has it. Raises RefusedError while it is sent."""

    async def left_out(self, home: Connection) -> Any:
        """Who of them is left out."""

    def groups(
        self, connection: Connection, carriers: Mapping[str, CarrierNo], left_out: Any
    ) -> AsyncIterator[Sequence[Group]]:
        """Those of one ledger, with its own numbers of these carriers. left_out: of `left_out`."""


async def launch(
    home: Connection,
    config: Config,
    campaign: Campaign,
    untold: orders.Untold = orders.to_nobody,
    asked: Asked = NOBODY_ASKED,
    hearers: Hearers | None = None,
) -> Campaign:
    """Fix the audience and let the workers begin; all or nothing, by who logged in.

    untold: is told of each ledger that could not be told to begin, and will hear it from home. hearers: of what a
    correction corrects, and of nothing else.
    Raises RefusedError: not approved, changed since, expired, nobody to send to, workers have a carrier of it that
    `config` does not have; DatabaseError: a ledger is away. `home` must not be in a transaction.
    """
    if not set(campaign.carriers) & set(config.carriers):
        raise RefusedError(
            _("none of the campaign's carriers is connected: give the --config FILE that has them")
        )
    async with named_parts(home, config) as parts:
        with refusals.told():
            ledgers = [await prepared(part, config, campaign) for part in parts.all()]
        if hearers is not None:
            names = await hearers.settled(home, [each.part for each in ledgers])
            ledgers = [each for each in ledgers if each.part.name in names]
        try:
            with refusals.told():
                async with (
                    let_go.alone(ledgers, limits_for(config, campaign.content)),
                    _held(home, campaign.campaign_id) as (current, newest),
                ):
                    await _launched(home, config, current, ledgers, newest, asked, hearers)
                    done = await campaigns.get(home, current.campaign_id)
        except asyncpg.SerializationError as error:
            raise RefusedError(
                _("somebody changed the campaign at the same moment: look at it again")
            ) from error
        await orders.push(parts, done, untold)
    return done


async def prepared(part: Part, config: Config, campaign: Campaign) -> Ledger:
    """Its carriers brought in line with the configuration."""
    own = of_ledger(config, part.name) if part.name else config
    await check_purpose(part.connection, own)
    await check_has_all(part.connection, own, campaign.carriers)
    numbers = await sync_carriers(part.connection, own)
    rows = await part.connection.fetch(sql("audience_carriers"), list(campaign.carriers))
    _check_shares(rows, config, own, part.name)
    sizes = {row["carrier_no"]: slice_size(config, row["tps"]) for row in rows if row["tps"] is not None}
    # at an emergency's end the others would have the TPS of the workers that are through with it
    graded = rank(campaign.category, campaign.status, campaign.priority)[0] == EMERGENCY
    cutter = Cutter(part.connection, campaign.campaign_id, sizes, part.name, graded)
    return Ledger(part, own, numbers, cutter)


def slice_size(config: Config, tps: int) -> int:
    """Of a carrier's slices."""
    return min(config.engine.slice_size, max(tps, _SLICE_LEAST))


def _check_shares(rows: Sequence[asyncpg.Record], config: Config, own: Config, name: str) -> None:
    """Raises RefusedError while workers have more of a split carrier's TPS than its share here: with those of the other
    ledgers they would send more than the carrier's."""
    shares = config.ledgers[name].shares if name else {}
    for row in rows:
        if row["name"] in shares and row["tps"] > own.carriers[row["name"]].tps:
            raise RefusedError(
                _(
                    "workers of ledger {name} have {tps} TPS of the carrier {carrier} from before, and its "
                    "share is {share}: reload them with the file that all have, and launch then",
                    name=name,
                    tps=row["tps"],
                    carrier=row["name"],
                    share=own.carriers[row["name"]].tps,
                )
            )


@asynccontextmanager
async def _held(home: Connection, campaign_id: CampaignId) -> AsyncIterator[tuple[Campaign, int]]:
    """The campaign's row and one moment of the subscribers, until the transaction ends; the newest opt-out that they
    surely know."""
    async with one_moment(home) as newest, home.transaction(isolation="repeatable_read"):
        await home.execute(sql("begin_launch"), campaign_id)
        yield await campaigns.get(home, campaign_id), newest


async def _launched(
    home: Connection,
    config: Config,
    current: Campaign,
    ledgers: Sequence[Ledger],
    newest: int,
    asked: Asked,
    hearers: Hearers | None,
) -> None:
    """Within home's transaction. newest: opt-out. Raises RefusedError."""
    if current.corrects != (None if hearers is None else hearers.corrects):
        raise RefusedError(_("who may have heard what a correction corrects must be known to launch it"))
    segments = check_sendable(config, current.content)
    now = await database_time(home)
    limits = limits_for(config, current.content)
    await home.execute(sql("keep_rules"), current.campaign_id, json.dumps(limits.document()))
    copies = [Copy(each, current.campaign_id) for each in ledgers if not each.part.home]
    row = await home.fetchval(sql("campaign_row"), current.campaign_id)
    approvals = await home.fetchval(sql("campaign_approvals"), current.campaign_id)
    try:
        for copy in copies:
            with naming(copy.name):
                await copy.begin(row, approvals, now)
        async for _pass in let_go.gates(ledgers, current, limits, now):
            await _take(home, config, current, ledgers, hearers)
        await let_go.spread(ledgers, current, limits, now)
        taken = {each.part.name: await each.cutter.tallied() for each in ledgers}
        whole = _sum(list(taken.values()))
        if whole.waiting == 0:
            raise RefusedError(await _nobody(home, config, current, whole.excluded))
        asked.counted(whole.waiting)
        foreseen = asked.foreseen(*await sent_to.found(current, limits, [each.part for each in ledgers]))
        for copy in copies:
            with naming(copy.name):
                await copy.commit(taken[copy.name], segments, newest)
    finally:
        for copy in copies:
            await copy.close()
    shown = {"excluded": whole.excluded} | ({"foreseen": foreseen} if foreseen else {})
    await _say_running(home, current.campaign_id, taken, whole, segments, newest, shown)


async def _take(
    home: Connection,
    config: Config,
    current: Campaign,
    ledgers: Sequence[Ledger],
    hearers: Hearers | None,
) -> None:
    """Write who is to hear it, each in their ledger."""
    if hearers is None:
        numbers = await carrier_numbers(home)
        people = await listeners(home, config, current, numbers)
        await take_snapshot(people, _placing(numbers, config, ledgers))
        return
    await hearers.check(home)
    left_out = await hearers.left_out(home)
    for each in ledgers:
        with naming(each.part.name):
            own = {name: each.numbers[name] for name in current.carriers if name in each.numbers}
            heard = hearers.groups(each.part.connection, own, left_out)
            await take_snapshot(heard, partial(lambda own, number, _bucket: (own, number), each.cutter))


async def _say_running(
    home: Connection,
    campaign_id: CampaignId,
    taken: Mapping[str, Snapshot],
    whole: Snapshot,
    segments: int,
    newest: int,
    shown: Mapping[str, Any],
) -> None:
    parts = {name: each.audience for name, each in taken.items() if name and each.audience}
    fixed = (whole.audience, segments, newest, list(parts), list(parts.values()), json.dumps(shown))
    await home.execute(sql("launch"), campaign_id, *fixed)


class Copy:
    """A campaign's copy in a ledger that is not home, under a transaction of its own."""

    def __init__(self, ledger: Ledger, campaign_id: CampaignId) -> None:
        self.name = ledger.part.name
        self._connection = ledger.part.connection
        self._campaign_id = campaign_id
        self._transaction = self._connection.transaction()
        self._open = False

    async def begin(self, row: str, approvals: str, now: datetime) -> None:
        """A new copy, in place of one that a launch before left behind. row, approvals: home's, as JSON."""
        await self._transaction.start()
        self._open = True
        if not await self._connection.fetchval(sql("copy_begin"), row, approvals, now):
            raise BroadcastError(
                _(
                    "ledger {name} has this campaign as one that was launched, and home has not: home was set back "
                    "to an earlier moment than its ledgers; see the page on backups",
                    name=self.name,
                )
            )

    async def commit(self, taken: Snapshot, segments: int, newest_opt_out: int) -> None:
        """With its part of the audience; nothing stays of one that has nobody, nor of what a launch before left."""
        fixed = (taken.audience, segments, newest_opt_out)
        await self._connection.execute(sql("copy_end"), self._campaign_id, *fixed)
        self._open = False
        await self._transaction.commit()

    async def close(self) -> None:
        """What was not committed never was."""
        if self._open and not self._connection.is_closed():
            self._open = False
            await self._transaction.rollback()


def _placing(numbers: Mapping[str, CarrierNo], config: Config, ledgers: Sequence[Ledger]) -> Place:
    """numbers: home's carriers, by name."""
    names = {number: name for name, number in numbers.items()}
    by_name = {each.part.name: each for each in ledgers}
    where = {
        number: [by_name[ledger] for ledger in (places(config, name) if config.ledgers else [""] * BUCKETS)]
        for number, name in names.items()
    }

    def place(carrier_no: CarrierNo, bucket: int) -> tuple[Cutter, CarrierNo]:
        ledger = where[carrier_no][bucket]
        return ledger.cutter, ledger.numbers[names[carrier_no]]

    return place


def _sum(taken: Sequence[Snapshot]) -> Snapshot:
    reasons = {reason for each in taken for reason in each.excluded}
    return Snapshot(
        sum(each.audience for each in taken),
        sum(each.waiting for each in taken),
        {reason: sum(each.excluded.get(reason, 0) for each in taken) for reason in sorted(reasons)},
    )


async def _nobody(home: Connection, config: Config, current: Campaign, excluded: Mapping[str, int]) -> str:
    if not excluded and current.corrects is not None:
        return _("nobody can have heard what it corrects: there is nothing to correct")
    if (
        not excluded
        and current.hearers == "everybody"
        and (why := await why_nobody(home, config, current.content))
    ):
        return why
    if not excluded:
        return _("the audience is empty: import subscribers of the campaign's carriers first")
    reasons = ", ".join(f"{count} {term(reason)}" for reason, count in sorted(excluded.items()))
    return _("nobody would hear it: everyone in the audience is excluded ({reasons})", reasons=reasons)
