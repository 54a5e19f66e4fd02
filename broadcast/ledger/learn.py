"""Reads what finished campaigns teach about the list: some slices at a time, each carrier of a campaign once.

What a part of the slices says is first brought about at home, where it may be repeated, and then written down in the
ledger, in one transaction with how far it is read. So whatever ends this in between is done again, to the same end.
Memory: PART numbers, and some octets for each number of one carrier that failed lately.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from broadcast.audience import erased, learnt
from broadcast.audience.carriers import carrier_names, carrier_numbers
from broadcast.audience.learnt import Dead, Said
from broadcast.channel.sayings import Sayings
from broadcast.config import Hygiene
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import LedgerError, RefusedError
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.languages import _
from broadcast.ledger import lessons, recount
from broadcast.ledger.lessons import Counted, Lesson
from broadcast.ledger.opt_outs import Sides
from broadcast.ledger.packing.columns import I64
from broadcast.ledger.packing.failing import NOBODY, Failing, pack_failing, unpack_failing
from broadcast.ledger.packing.result import unpack_result
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

PART: Final = 4_000_000  # people that are learnt of at once: 32 MB of numbers
PAGE: Final = 20_000  # of them that are read at once
SLICES: Final = 4_000
REPLIES: Final = 20_000
RECENT_S: Final = 30 * 86400.0  # campaigns that ended before are learnt of when somebody asks for it
QUIET_S: Final = 120.0  # after a campaign's end

GoOn = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Words:
    """By the ledger's numbers of carriers: what each says of numbers; others are somebody else's to learn of."""

    sayings: Mapping[CarrierNo, Sayings]
    hygiene: Hygiene


@dataclass(frozen=True, slots=True)
class Due:
    """A carrier's people of a campaign, of which it is to be learnt, after this slice. taught: whether they teach
    anything; None: nobody looked yet."""

    campaign_id: CampaignId
    carrier_no: CarrierNo
    launched_at: datetime
    taught: bool | None
    slice_id: SliceId

    @property
    def day(self) -> int:
        """Of the campaign, since 1970."""
        return int(self.launched_at.timestamp() // 86_400)


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one carrier's people of a campaign, when all of it is read. routed: of the ported; aside: newly; back: those
    that had been. Not taught: it reached fewer than it failed, which says nothing of its people."""

    campaign_id: CampaignId
    carrier_no: CarrierNo
    taught: bool
    people: int
    failed: int
    ported: int
    routed: int
    aside: int
    back: int

    @property
    def changes(self) -> dict[str, int]:
        """What it changed, for the audit chain."""
        found = {"ported": self.ported, "routed": self.routed, "set_aside": self.aside, "back": self.back}
        return {name: count for name, count in found.items() if count}


@asynccontextmanager
async def alone(sides: Sides) -> AsyncIterator[bool]:
    """Whether nobody else learns of this ledger, until the end of the block."""
    mine = await sides.ledger.fetchval(sql("learning_claim"))
    try:
        yield bool(mine)
    finally:
        if mine and not sides.ledger.is_closed():
            await sides.ledger.execute(sql("learning_unclaim"))


async def due(ledger: Connection, words: Words, only: CampaignId | None = None) -> Due | None:
    """The oldest of which it is to be learnt. only: of this campaign, however long ago it ended."""
    row = await ledger.fetchrow(sql("lesson_due"), list(words.sayings), RECENT_S, QUIET_S, only)
    return None if row is None else Due(**row)


async def learn(sides: Sides, words: Words, this: Due, go_on: GoOn) -> Learnt | None:
    """The next part of it. None: there is more, or go_on() said that somebody is to be sent to. Raises RefusedError
    while an import runs or people are erased: then it is done again later."""
    if this.taught is None:
        this = await _begun(sides, this)
    if this.taught and not await _learn_part(sides, words, this, go_on):
        return None
    return await _done(sides, this)


async def _begun(sides: Sides, this: Due) -> Due:
    figures = await sides.ledger.fetchrow(sql("lesson_figures"), this.campaign_id, this.carrier_no)
    assert figures is not None
    taught = lessons.teaches(figures["delivered"], figures["failed"])
    await sides.ledger.execute(sql("lesson_begin"), this.campaign_id, this.carrier_no, taught)
    return replace(this, taught=taught)


async def _done(sides: Sides, this: Due) -> Learnt | None:
    async with sides.ledger.transaction():
        row = await sides.ledger.fetchrow(sql("lesson_done"), this.campaign_id, this.carrier_no)
        if row is None:
            return None
        found = Learnt(this.campaign_id, this.carrier_no, **row)
        if found.changes:
            carrier = (await carrier_names(sides.ledger))[this.carrier_no]
            details = json.dumps({"carrier": carrier, **found.changes})
            await sides.home.execute(sql("learnt"), this.campaign_id, details)
    return found


async def _learn_part(sides: Sides, words: Words, this: Due, go_on: GoOn) -> bool:
    """Whether everything is read."""
    places = await sides.ledger.fetch(
        sql("lesson_slices"), this.campaign_id, this.carrier_no, this.slice_id, SLICES
    )
    totals = {place["slice_id"]: place["total"] for place in places}
    whole, read, people, until = len(places) < SLICES, list[Lesson](), 0, this.slice_id
    for page in recount.pages(places, PAGE):
        if people >= PART or not await go_on():
            whole = False
            break
        read += await _read(sides, page, words.sayings[this.carrier_no])
        people += sum(map(totals.__getitem__, page))
        until = page[-1]
    if until > this.slice_id:
        await _commit(sides, words.hygiene, this, lessons.joined(read), until, people)
    return whole


async def _read(sides: Sides, page: Sequence[SliceId], sayings: Sayings) -> list[Lesson]:
    found = []
    async with sides.ledger.transaction(isolation="repeatable_read", readonly=True):
        await sides.ledger.execute(plans.SETS)
        rows = await recount.of_slices(sides.ledger, page)
    for each in rows:
        results = [unpack_result(packed, f"of slice {each.slice_id}") for packed in each.results]
        found.append(lessons.lesson(recount.folded(each), results, sayings))
        await asyncio.sleep(0)  # others' turn on this loop
    return found


async def _commit(
    sides: Sides, hygiene: Hygiene, this: Due, told: Lesson, until: SliceId, people: int
) -> None:
    async with _nobody_erases(sides):
        told = await _without_erased(sides, told)
        after = await _counted(sides, hygiene, this, told)
        routed, aside, back = await _at_home(sides, this, told, after)
        async with sides.ledger.transaction():
            await _write(sides, this.carrier_no, after)
            counts = (people, len(told.failed), len(told.ported), routed, aside, back)
            key = this.campaign_id, this.carrier_no, this.slice_id, until
            if not await sides.ledger.fetchval(sql("lesson_reached"), *key, *counts):
                raise LedgerError(f"campaign {this.campaign_id}: somebody else learnt of it meanwhile")


@asynccontextmanager
async def _nobody_erases(sides: Sides) -> AsyncIterator[None]:
    """Or a number that was just forgotten would be written down again."""
    await learnt.check_no_import(sides.home)
    if not await sides.home.fetchval(sql("erasure_hold_off")):
        raise RefusedError(_("people are being erased just now: try again when that is done"))
    try:
        yield
    finally:
        if not sides.home.is_closed():
            await sides.home.execute(sql("erasure_let_go"))


async def _without_erased(sides: Sides, told: Lesson) -> Lesson:
    known = await erased.load(sides.home)
    if not known:
        return told
    gone = known.among([*told.failed.tolist(), *(each.msisdn for each in told.ported)])
    return replace(
        told,
        ported=[each for each in told.ported if each.msisdn not in gone],
        failed=told.failed[~np.isin(told.failed, list(gone))],
    )


async def _counted(sides: Sides, hygiene: Hygiene, this: Due, told: Lesson) -> dict[int, Counted]:
    """Bucket -> who fails in it now; without those where nothing is known."""
    found = {}
    for bucket, part in enumerate(lessons.parted(told, BUCKETS)):
        before = await _failing(sides, this.carrier_no, bucket)
        if len(before) or len(part.failed) or part.ported:
            found[bucket] = lessons.counted(before, part, this.campaign_id, this.day, hygiene)
            await asyncio.sleep(0)  # others' turn on this loop
    return found


async def _failing(sides: Sides, carrier_no: CarrierNo, bucket: int) -> Failing:
    packed = await sides.ledger.fetchval(sql("failing_row"), carrier_no, bucket)
    return NOBODY if packed is None else unpack_failing(packed, f"{carrier_no}, {bucket}")


async def _at_home(
    sides: Sides, this: Due, told: Lesson, after: Mapping[int, Counted]
) -> tuple[int, int, int]:
    """How many ported ones are routed, were set aside, and are not any more."""
    home, numbers = sides.home, await carrier_numbers(sides.home)
    carrier_no = numbers[(await carrier_names(sides.ledger))[this.carrier_no]]
    said = [Said(each.msisdn, numbers.get(each.to), each.said, each.at) for each in told.ported]
    routed = await learnt.note_ports(home, carrier_no, said, this.campaign_id)
    aside = back = 0
    for each in after.values():
        back += await learnt.stand_back(home, each.back.tolist())
        aside += await learnt.stand_aside(home, carrier_no, _dead(each), this.campaign_id)
    return routed, aside, back


def _dead(each: Counted) -> list[Dead]:
    those = each.failing.take(np.isin(each.failing.msisdns, each.dead))
    rows = zip(those.msisdns.tolist(), those.first_campaign.tolist(), those.campaigns.tolist(), strict=True)
    return [Dead(msisdn, CampaignId(first), campaigns) for msisdn, first, campaigns in rows]


async def _write(sides: Sides, carrier_no: CarrierNo, after: Mapping[int, Counted]) -> None:
    for bucket, each in after.items():
        if not each.changed:
            continue
        key: tuple[Any, ...] = carrier_no, bucket
        if len(each.failing):
            packed = pack_failing(each.failing)
            await sides.ledger.execute(sql("failing_write"), *key, len(each.failing), packed)
        else:
            await sides.ledger.execute(sql("failing_drop"), *key)


async def hear(sides: Sides, words: Words) -> int:
    """Whoever wrote since somebody looked is alive: they fail no more, and are not set aside. Returns how many replies
    were looked at. Raises RefusedError as `learn`."""
    seen = 0
    for carrier_no in words.sayings:
        rows = await sides.ledger.fetch(sql("heard_from"), carrier_no, REPLIES)
        if not rows:
            continue
        seen += len(rows)
        wrote = np.unique(np.array([row["msisdn"] or 0 for row in rows], np.int64))
        async with _nobody_erases(sides):
            after = await _heard(sides, words.hygiene, carrier_no, wrote[wrote > 0])
            await learnt.stand_back(sides.home, wrote[wrote > 0].tolist())
            async with sides.ledger.transaction():
                await _write(sides, carrier_no, after)
                await sides.ledger.execute(sql("heard_until"), carrier_no, rows[-1]["reply_no"])
    return seen


async def _heard(sides: Sides, hygiene: Hygiene, carrier_no: CarrierNo, wrote: I64) -> dict[int, Counted]:
    found = {}
    for bucket, part in enumerate(lessons.parted(Lesson(reached=wrote), BUCKETS)):
        before = await _failing(sides, carrier_no, bucket) if len(part.reached) else NOBODY
        if len(before):
            found[bucket] = lessons.counted(before, part, 0, 0, hygiene)
    return found


@dataclass(frozen=True, slots=True)
class NotReached:
    """Of one number at a carrier: for so many campaigns in a row, the first of which was begun on `since`."""

    carrier: str
    campaigns: int
    since: date
    last: date


async def of_number(ledger: Connection, msisdn: int) -> list[NotReached]:
    """For how many campaigns a number was not reached lately, by carrier."""
    found = []
    for row in await ledger.fetch(sql("failing_rows_of"), msisdn % BUCKETS):
        those = unpack_failing(row["packed"], row["carrier"])
        for place in np.nonzero(those.msisdns == msisdn)[0].tolist():
            days = (
                date(1970, 1, 1) + timedelta(int(each[place])) for each in (those.first_day, those.last_day)
            )
            found.append(NotReached(row["carrier"], int(those.campaigns[place]), *days))
    return found
