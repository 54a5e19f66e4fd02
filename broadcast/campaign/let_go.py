"""At a launch: whoever may not be told yet is held, by the caps of the category and by what a hotline can take."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol

from broadcast.audience.snapshot import Cutter
from broadcast.campaign.campaigns import Campaign
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.rules import contacts, pace
from broadcast.rules.caps import Contacts
from broadcast.rules.contacts import Wanted
from broadcast.rules.gate import BUCKETS, Gate
from broadcast.rules.limits import Limits
from broadcast.rules.pace import Pace
from broadcast.store.ledgers import Part
from broadcast.store.queries import sql

CLAIM_S: Final = 60.0  # for a tidier's round, or another launch
_TRY_S: Final = 0.1
CONTACTS_MOST: Final = 10_000_000  # in memory at once: 160 MB, and twice that while they are sorted


class Ledger(Protocol):
    """A database that has people of the campaign."""

    @property
    def part(self) -> Part: ...

    @property
    def cutter(self) -> Cutter: ...


@asynccontextmanager
async def alone(ledgers: Sequence[Ledger], limits: Limits) -> AsyncIterator[None]:
    """Within the block nobody else lets people go under caps, in any of these databases. Not within a transaction.

    Raises RefusedError when somebody else does for too long."""
    async with AsyncExitStack() as stack:
        for each in ledgers if limits.caps else ():
            for _turn in range(int(CLAIM_S / _TRY_S)):
                if await stack.enter_async_context(contacts.claimed(each.part.connection)):
                    break
                await asyncio.sleep(_TRY_S)
            else:
                raise RefusedError(
                    _(
                        "another alert whose people may be told so often is being launched: try when that is done"
                    )
                )
        yield


async def gates(
    ledgers: Sequence[Ledger], campaign: Campaign, limits: Limits, now: datetime
) -> AsyncIterator[None]:
    """Each cutter gets its gate: once for all people, or for some buckets of them after the other where the contacts of
    all are many; and the share that goes ahead. Raises RefusedError."""
    for each in ledgers:
        each.cutter.share = campaign.plan.canary.share if campaign.plan.canary else None
    if limits.people_per_hour is not None and limits.people_per_hour < len(ledgers):
        raise RefusedError(
            _("so few callers an hour cannot be shared by {n} databases: allow more", n=len(ledgers))
        )
    if not limits.checked:
        yield
        return
    for buckets in await _passes(ledgers, campaign, limits, now):
        for ledger, gate in zip(ledgers, await _gates(ledgers, campaign, limits, now, buckets), strict=True):
            ledger.cutter.gate = gate
        yield


async def spread(ledgers: Sequence[Ledger], campaign: Campaign, limits: Limits, now: datetime) -> None:
    """When each held slice is let go, so that a hotline can take who calls; each ledger has its part of that."""
    if limits.people_per_hour is None:
        return
    held = [await each.part.connection.fetch(sql("held_slices"), campaign.campaign_id) for each in ledgers]
    people = [sum(row["total"] for row in rows) for rows in held]
    most, hourly = pace.shares(people, limits.people_per_hour)
    for ledger, rows, per_hour in zip(ledgers, held, hourly, strict=True):
        own = replace(limits, people_per_hour=per_hour)
        await ledger.part.connection.execute(
            sql("keep_rules"), campaign.campaign_id, json.dumps(own.document())
        )
        at = pace.spread(
            [row["total"] for row in rows],
            [row["not_before"] for row in rows],
            Pace(per_hour, most),
            limits.hours,
            now.timestamp(),
        )
        moments = [datetime.fromtimestamp(each, UTC) for each in at]
        slices = [row["slice_id"] for row in rows]
        await ledger.part.connection.execute(sql("spread_slices"), campaign.campaign_id, slices, moments)


def _wanted(campaign: Campaign, limits: Limits, now: datetime) -> Wanted:
    return Wanted(campaign.category, now.timestamp() - max(cap.seconds for cap in limits.caps))


async def _passes(
    ledgers: Sequence[Ledger], campaign: Campaign, limits: Limits, now: datetime
) -> list[range]:
    """Buckets whose people are looked at together: of subscribers it is known which bucket each is of."""
    if not limits.caps or campaign.hearers != "everybody":
        return [range(BUCKETS)]
    wanted = _wanted(campaign, limits, now)
    count = sum([await contacts.count(each.part.connection, wanted) for each in ledgers])
    step = max(1, BUCKETS // -(-count // CONTACTS_MOST)) if count else BUCKETS
    return [range(first, min(first + step, BUCKETS)) for first in range(0, BUCKETS, step)]


async def _gates(
    ledgers: Sequence[Ledger], campaign: Campaign, limits: Limits, now: datetime, buckets: range
) -> Iterator[Gate]:
    held = limits.people_per_hour
    most = pace.slice_people(len(ledgers), held) if held else 1_000_000
    expires = campaign.expires_at.timestamp()
    if not limits.caps:
        gate = Gate(limits, contacts.none(), now.timestamp(), expires, None, buckets, True, most)
        return iter([gate] * len(ledgers))
    wanted = _wanted(campaign, limits, now)
    own = [await contacts.read(each.part.connection, wanted, buckets) for each in ledgers]
    others: list[Contacts | None] = [None] * len(ledgers)
    if len(ledgers) > 1:
        told = [
            await contacts.read(each.part.connection, wanted, buckets, elsewhere=True) for each in ledgers
        ]
        others = [Contacts.of([*told[:place], *told[place + 1 :]]) for place in range(len(ledgers))]
    return iter(
        Gate(
            limits,
            here if there is None else Contacts.of([here, there]),
            now.timestamp(),
            expires,
            there,
            buckets,
            held is not None,
            most,
        )
        for here, there in zip(own, others, strict=True)
    )
