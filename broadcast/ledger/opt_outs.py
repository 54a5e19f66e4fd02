"""Who answers STOP: out of the audience of everything but emergencies, also of what runs already.

Launches leave them out by `subscriber.opted_out_at`. A campaign under way (never an emergency) is searched for every
opt-out after its launch: a slice in which such a person still waits is *recalled*. A worker that holds it gives it
back, nobody leases it, and here it is written anew without them; they are excluded, in the same transaction (law 1).
A slice of recipients that are sent again is recalled when it is made. What is on the wire already stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from broadcast.ids import CampaignId, SliceId, WorkerNo
from broadcast.ledger.replies import make_spans
from broadcast.store.plans import LOOK_UP
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_OPT_OUT = "opt_out"


async def apply_replies(connection: Connection, most: int, number: int | None = None) -> int:
    """The oldest opt-outs and opt-ins take effect, in their order; number: this reply's alone. Returns how many."""
    async with connection.transaction():
        await connection.execute(LOOK_UP)
        await connection.execute(sql("opt_out_claim"))
        await connection.execute(sql("ignore_strangers"), most)
        rows = await connection.fetch(sql("effects_to_do"), most, number)
        if not rows:
            return 0
        before = {row["msisdn"]: row["opted_out"] for row in rows}
        after = dict(before)
        effects: list[str] = []
        left: list[tuple[int, int]] = []
        for row in rows:
            out = row["kind"] == _OPT_OUT
            changed = after[row["msisdn"]] != out
            effects.append(("opted_out" if out else "opted_in") if changed else "unchanged")
            if changed and out:
                left.append((row["msisdn"], row["reply_no"]))
            after[row["msisdn"]] = out
        changes = [msisdn for msisdn, out in after.items() if out != before[msisdn]]
        await connection.execute(sql("set_opt_outs"), changes, [after[msisdn] for msisdn in changes])
        await connection.execute(
            sql("note_opt_outs"), [msisdn for msisdn, _ in left], [reply_no for _, reply_no in left]
        )
        await connection.execute(sql("set_effects"), [row["reply_no"] for row in rows], effects)
        return len(rows)


async def without_effect(connection: Connection, most: int) -> list[int]:
    """reply_no of the oldest opt-outs and opt-ins that have none yet."""
    return [row["reply_no"] for row in await connection.fetch(sql("effects_by_number"), most)]


async def set_aside(connection: Connection, number: int, _: str) -> None:
    """A reply whose effect cannot be written: nobody tries again."""
    await connection.execute(sql("set_effects"), [number], ["set_aside"])


async def recall(connection: Connection, most: int, only: CampaignId | None = None) -> int:
    """Campaigns under way give up the slices of the next `most` opt-outs that they do not know. Returns how many."""
    async with connection.transaction():
        rows = await connection.fetch(sql("campaigns_behind"))
        if rows:
            await make_spans(connection)
        for row in rows:
            if only in (None, row["campaign_id"]):
                await connection.execute(sql("recall_slices"), row["campaign_id"], row["opt_out_no"], most)
        return len(rows)


async def behind(connection: Connection) -> list[CampaignId]:
    """campaign_id of each of these."""
    return [row["campaign_id"] for row in await connection.fetch(sql("campaigns_behind"))]


async def recalled(connection: Connection, worker_no: WorkerNo) -> frozenset[SliceId]:
    """slice_ids that this worker holds and should give back."""
    return frozenset(row["slice_id"] for row in await connection.fetch(sql("recalled_mine"), worker_no))


async def to_trim(connection: Connection, most: int) -> list[SliceId]:
    """slice_id of the first that were given back to be searched."""
    return [row["slice_id"] for row in await connection.fetch(sql("recalled_by_number"), most)]


async def trim_recalled(connection: Connection, most: int, only: SliceId | None = None) -> int:
    """Take those who opted out from slices that were given back; only: this one. Returns how many people that was."""
    async with connection.transaction():
        await connection.execute(LOOK_UP)
        rows = await connection.fetch(sql("recalled_slices"), most, only)
        if not rows:
            return 0
        numbers = [msisdn for row in rows for msisdn in still_waiting(_slice(row))]
        opted_out = {row["msisdn"] for row in await connection.fetch(sql("opted_out_of"), numbers)}
        unchanged, taken_out = [], 0
        for row in rows:
            slimmer = without(_slice(row), opted_out)
            if slimmer.taken_out:
                await _write(connection, row, slimmer)
                taken_out += len(slimmer.taken_out)
            else:
                unchanged.append(row["slice_id"])
        await connection.execute(sql("release_slices"), unchanged)
        return taken_out


async def _write(connection: Connection, row: asyncpg.Record, slimmer: "Trimmed") -> None:
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
    await connection.execute(
        sql("exclude_opted_out"), row["campaign_id"], row["carrier_no"], list(slimmer.taken_out)
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
