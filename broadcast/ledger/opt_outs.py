"""Who answers STOP: out of the audience of everything but emergencies, also of what runs already.

Launches leave them out by `subscriber.opted_out_at`, at home. A campaign under way (never an emergency) is searched
for every opt-out after its launch: a slice in which such a person still waits is *recalled*. A worker that holds it
gives it back, nobody leases it, and here it is written anew without them; they are excluded, in the same transaction
(law 1).
A slice of recipients that are sent again is recalled when it is made. What is on the wire already stays so. Who is to
be erased is taken out likewise, of an emergency too (erasure.py recalls its slices).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from broadcast.audience import stopped
from broadcast.audience.erased import load as erased_ones
from broadcast.audience.subscribers import by_bucket
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.ledger.replies import make_spans
from broadcast.store import citus
from broadcast.store.clock import database_time
from broadcast.store.plans import LOOK_UP
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Sides:
    """Where people are, and where they are sent to: one and the same connection where home is the only ledger.

    name: the ledger's, '' of home.
    """

    home: Connection
    ledger: Connection
    name: str


async def newest(home: Connection) -> int:
    """opt_out_no of the newest at home; 0: there is none."""
    return int(await home.fetchval(sql("newest_opt_out")))


async def to_do(ledger: Connection, newest_no: int) -> bool:
    """Whether anything here has something to do."""
    return bool(await ledger.fetchval(sql("opt_outs_to_do"), newest_no))


async def apply_replies(
    sides: Sides, most: int, number: int | None = None, out: Counter[CarrierNo] | None = None
) -> int:
    """The oldest opt-outs and opt-ins take effect, in their order; number: this reply's alone. Returns how many. out:
    who opted out is counted there, by carrier.

    First at home, under a key of ledger and reply, then here: what ends in between is brought about once.
    """
    with citus.naming_nodes():  # or a reply would be set aside for what it is not to blame for
        async with sides.ledger.transaction():
            carriers, effects = await _apply(sides, most, number)
    if out is not None:
        out.update(carriers[each] for each, effect in effects.items() if effect == "opted_out")
    return len(effects)


async def _apply(
    sides: Sides, most: int, number: int | None
) -> tuple[Mapping[int, CarrierNo], Mapping[int, str]]:
    """By reply_no: the carrier, and what it brought about."""
    ledger = sides.ledger
    if not await ledger.fetchval(sql("effects_claim")):
        return {}, {}
    await ledger.execute(LOOK_UP)
    rows = await ledger.fetch(sql("effects_to_do"), most, number)
    effects = await _at_home(sides, rows) if rows else {}
    if rows and number is None:  # what came before the oldest of these is written down here, too
        await sides.home.execute(sql("forget_effects"), sides.name, rows[0]["reply_no"] - 1)
    await ledger.execute(sql("set_effects"), list(effects), list(effects.values()))
    return {row["reply_no"]: row["carrier_no"] for row in rows}, effects


async def _at_home(sides: Sides, rows: Sequence[asyncpg.Record]) -> dict[int, str]:
    """What these replies bring about, by reply_no; without those whose subscriber an import holds."""
    home = sides.home
    async with home.transaction():
        await home.execute(sql("opt_out_claim"))
        numbers = [row["reply_no"] for row in rows]
        before = await home.fetch(
            sql("effects_known"), sides.name, numbers, [row["received_at"] for row in rows]
        )
        done: dict[int, str] = {row["reply_no"]: row["effect"] for row in before}
        new = [row for row in rows if row["reply_no"] not in done]
        asked = [row["msisdn"] for row in new]
        people = await _people(home, asked)
        found = _effects(new, people)
        await _write_effects(home, people, found)
        came = {row["reply_no"]: row["received_at"] for row in new}
        await home.execute(
            sql("keep_effects"),
            sides.name,
            list(found.effects),
            list(found.effects.values()),
            [came[each] for each in found.effects],
        )
        return done | found.effects


@dataclass(frozen=True, slots=True)
class _People:
    """Who answered. out: whether they are opted out, of each who may be changed now: not of who is held by an import,
    nor of who was erased and is no subscriber, whose number is not written down. subscribers: who is one. erased:
    who was and is none. stopped: when they asked for it last."""

    out: Mapping[int, bool]
    subscribers: set[int]
    erased: set[int]
    stopped: Mapping[int, datetime]


async def _people(home: Connection, asked: Collection[int]) -> _People:
    """At home, after `opt_out_claim`."""
    known = {row["msisdn"] for row in await by_bucket(home, "subscribers_known", asked)}
    out = {row["msisdn"]: row["opted_out"] for row in await by_bucket(home, "subscribers_held", known)}
    strangers = set(asked) - known
    gone = (await erased_ones(home)).among(strangers) if strangers else set[int]()
    silent = await stopped.among(home, strangers - gone)
    out |= {each: each in silent for each in strangers - gone}
    when = {row["msisdn"]: row["at"] for row in await home.fetch(sql("opted_out_when"), list(out))}
    return _People(out, known, gone, when)


async def _write_effects(home: Connection, people: _People, found: "_Effects") -> None:
    at = await database_time(home)
    for out in (True, False):
        changed = [
            each for each, after in found.after.items() if after is out and people.out[each] is not out
        ]
        await by_bucket(home, "set_opt_outs", people.subscribers.intersection(changed), at if out else None)
    for query, of in (("note_opt_outs", True), ("note_strangers_out", False)):
        left = [each for each in found.left if (each[0] in people.subscribers) is of]
        await home.execute(sql(query), *map(list, zip(*left, strict=True)) if left else ([], [], []))
    await stopped.back_in(home, [each for each, out in found.after.items() if not out])
    await home.execute(sql("renew_opt_outs"), list(found.again), list(found.again.values()))


@dataclass(slots=True)
class _Effects:
    """effects: by reply_no. after: who is opted out then, by number. left: number and reply_no of who opted out, and
    when the reply came; again: when the last one came of who was out already, by number."""

    effects: dict[int, str]
    after: dict[int, bool]
    left: list[tuple[int, int, datetime]]
    again: dict[int, datetime]


def _effects(rows: Sequence[asyncpg.Record], people: _People) -> _Effects:
    """Of a stranger who has not opted out there is nothing to take back. Pure.

    A reply may come late, from a ledger that could not reach home: an opt-in is none if an opt-out came after it
    elsewhere.
    """
    found = _Effects({}, dict(people.out), [], {})
    last = dict(people.stopped)
    for row in rows:
        msisdn, reply_no, out = row["msisdn"], row["reply_no"], row["kind"] == _OPT_OUT
        if msisdn in people.erased or (
            msisdn not in people.subscribers and not out and not found.after[msisdn]
        ):
            found.effects[reply_no] = "no_subscriber"
        elif msisdn in people.out:
            came = row["received_at"]
            outdated = not out and msisdn in last and came < last[msisdn]
            changed = found.after[msisdn] is not out and not outdated
            found.effects[reply_no] = ("opted_out" if out else "opted_in") if changed else "unchanged"
            if out:
                last[msisdn] = max(came, last.get(msisdn, came))
                if changed:
                    found.left.append((msisdn, reply_no, came))
                else:
                    found.again[msisdn] = last[msisdn]
            if changed:
                found.after[msisdn] = out
    return found


async def without_effect(connection: Connection, most: int) -> list[int]:
    """reply_no of the oldest opt-outs and opt-ins that have none yet."""
    return [row["reply_no"] for row in await connection.fetch(sql("effects_by_number"), most)]


async def set_aside(connection: Connection, number: int, _: str) -> None:
    """A reply whose effect cannot be written: nobody tries again."""
    await connection.execute(sql("set_effects"), [number], ["set_aside"])


async def recall(sides: Sides, most: int, only: CampaignId | None = None) -> int:
    """Campaigns under way give up the slices of the next `most` opt-outs that they do not know. Returns how many."""
    ledger, newest_no = sides.ledger, await newest(sides.home)
    async with ledger.transaction():
        rows = await ledger.fetch(sql("campaigns_behind"), newest_no)
        if rows:
            await make_spans(ledger)
        for row in rows:
            if only in (None, row["campaign_id"]):
                after = await sides.home.fetch(sql("opt_outs_after"), row["opt_out_no"], most)
                numbers, last = [each["msisdn"] for each in after], after[-1]["opt_out_no"]
                await ledger.execute(sql("recall_slices"), row["campaign_id"], numbers, last)
        return len(rows)


async def behind(sides: Sides) -> list[CampaignId]:
    """campaign_id of each of these."""
    rows = await sides.ledger.fetch(sql("campaigns_behind"), await newest(sides.home))
    return [row["campaign_id"] for row in rows]


async def recalled(connection: Connection, worker_no: WorkerNo) -> frozenset[SliceId]:
    """slice_ids that this worker holds and should give back."""
    return frozenset(row["slice_id"] for row in await connection.fetch(sql("recalled_mine"), worker_no))


async def to_trim(connection: Connection, most: int) -> list[SliceId]:
    """slice_id of the first that were given back to be searched."""
    return [row["slice_id"] for row in await connection.fetch(sql("recalled_by_number"), most)]


async def trim_recalled(sides: Sides, most: int, only: SliceId | None = None) -> int:
    """Take those who opted out from slices that were given back; only: this one. Returns how many people that was."""
    ledger = sides.ledger
    async with ledger.transaction():
        await ledger.execute(LOOK_UP)
        rows = await ledger.fetch(sql("recalled_slices"), most, only)
        if not rows:
            return 0
        numbers = [msisdn for row in rows for msisdn in still_waiting(_slice(row))]
        ever = [row["msisdn"] for row in await sides.home.fetch(sql("ever_opted_out"), numbers)]
        opted_out = {row["msisdn"] for row in await by_bucket(sides.home, "still_opted_out", ever)}
        opted_out |= await stopped.among(sides.home, ever)
        erased = {row["msisdn"] for row in await sides.home.fetch(sql("being_erased"), numbers)}
        unchanged, taken_out = [], 0
        for row in rows:
            slimmer = without(_slice(row), erased if row["hears_opted_out"] else opted_out | erased)
            if slimmer.taken_out:
                await _write(ledger, row, slimmer, erased)
                taken_out += len(slimmer.taken_out)
            else:
                unchanged.append(row["slice_id"])
        await ledger.execute(sql("release_slices"), unchanged)
        return taken_out


async def _write(connection: Connection, row: asyncpg.Record, slimmer: "Trimmed", erased: Set[int]) -> None:
    left = slimmer.left
    if left.msisdns:
        await connection.execute(
            sql("trim_slice"),
            row["slice_id"],
            len(left.msisdns),
            left.answered,
            left.retry,
            list(left.msisdns),
        )
    else:
        await connection.execute(sql("drop_slice"), row["slice_id"])
    for reason, those in (
        ("opted_out", [each for each in slimmer.taken_out if each not in erased]),
        ("erased", [each for each in slimmer.taken_out if each in erased]),
    ):
        if those:
            await connection.execute(
                sql("exclude_opted_out"), row["campaign_id"], row["carrier_no"], those, reason
            )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A slice that nobody holds: its mark, its bitmaps and its people, as in the table `slice`."""

    mark: int
    answered: bytes
    retry: bytes
    msisdns: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Trimmed:
    """taken_out: numbers."""

    left: Waiting
    taken_out: tuple[int, ...]


def without(before: Waiting, opted_out: set[int]) -> Trimmed:
    """The slice without those of its people who wait and are in `opted_out`. Pure.

    Above the mark nothing refers to a place, so that places close up. Below it rows may refer to the others' places:
    who waits again there leaves a None, answered and never to be sent.
    """
    mark = before.mark
    sent, unsent = list(before.msisdns[:mark]), before.msisdns[mark:]
    taken_out = [msisdn for msisdn in unsent if msisdn in opted_out]
    octets = (len(before.msisdns) + 7) // 8
    answered = bytearray(before.answered.ljust(octets, b"\0"))
    retry = bytearray(before.retry.ljust(octets, b"\0"))
    for place, msisdn in enumerate(sent):
        bit = 1 << (place & 7)
        if msisdn in opted_out and retry[place >> 3] & bit:
            retry[place >> 3] &= ~bit & 0xFF
            answered[place >> 3] |= bit
            sent[place] = None
            taken_out.append(msisdn)
    kept = (*sent, *(msisdn for msisdn in unsent if msisdn not in opted_out))
    size = (len(kept) + 7) // 8
    left = Waiting(mark, bytes(answered[:size]), bytes(retry[:size]), kept)
    return Trimmed(left, tuple(number for number in taken_out if number is not None))


def _slice(row: asyncpg.Record) -> Waiting:
    return Waiting(row["mark"], row["answered"], row["retry"], tuple(row["msisdns"]))


def still_waiting(each: Waiting) -> Sequence[int]:
    """Numbers that may still be sent to."""
    again = [
        msisdn
        for place, msisdn in enumerate(each.msisdns[: each.mark])
        if place < 8 * len(each.retry) and each.retry[place >> 3] >> (place & 7) & 1
    ]
    return [msisdn for msisdn in (*again, *each.msisdns[each.mark :]) if msisdn is not None]
