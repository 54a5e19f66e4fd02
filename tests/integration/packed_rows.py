"""Slices and their packed rows, from a plain description of the people in them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from broadcast.ledger.packing.result import pack_result
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState

WAITING, IN_DOUBT, ACCEPTED, UNKNOWN, EXPIRED, REJECTED, UNDELIVERABLE, DELIVERED, EXCLUDED = RecipientState
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Told = tuple[int, int, str, int]  # segment (from 1), state, err, received_at


@dataclass(frozen=True, slots=True)
class Person:
    """One place of a slice as it shall stand; times in us. msisdn 0: taken out, waiting.

    ids: of accepted segments, which left and were answered at submitted_at. told: their final receipts; None: of a
    final state one each, all at settled_at. Without ids rejected and unknown ended by an answer at settled_at. doubt:
    of the row of in_doubt, its ended_as ('': it lasts).
    """

    msisdn: int
    state: int
    ids: tuple[str, ...] = ()
    err: str = ""
    submitted_at: int = 0
    settled_at: int = 0
    told: tuple[Told, ...] | None = None
    doubt: str | None = None

    @property
    def answered(self) -> bool:
        """Whether its bit is set: rows speak for it, or nobody need."""
        return not self.msisdn or bool(self.ids) or self.doubt is not None or self.ended

    @property
    def ended(self) -> bool:
        """Whether an answer ended it."""
        return bool(self.msisdn) and not self.ids and self.doubt is None and self.state in (REJECTED, UNKNOWN)

    @property
    def intended(self) -> bool:
        """Whether it may have been sent."""
        return self.answered or self.state == IN_DOUBT

    @property
    def receipts(self) -> tuple[Told, ...]:
        """What receipts said."""
        if self.told is not None:
            return self.told
        if self.state in (EXPIRED, UNDELIVERABLE, DELIVERED) or (self.state == REJECTED and self.ids):
            return tuple(
                (part, self.state, self.err, self.settled_at) for part in range(1, len(self.ids) + 1)
            )
        return ()


def us(at: datetime) -> int:
    """Microseconds of Unix time."""
    return (at - _EPOCH) // timedelta(microseconds=1)


async def write_slice(
    conn: asyncpg.Connection, campaign_id: int, carrier_no: int, people: Sequence[Person], state: str = "done", *,
    segments: int = 1, logs: int = 1,
) -> int:  # fmt: skip
    """The slice and what is written of it, in so many rows of each log; its number."""
    mark = max((ordinal + 1 for ordinal, each in enumerate(people) if each.intended), default=0)
    slice_id: int = await conn.fetchval(
        """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, retry, msisdns)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING slice_id""",
        campaign_id, carrier_no, len(people), mark, state, segments,
        _bitmap(ordinal for ordinal, each in enumerate(people) if each.answered),
        _bitmap(ordinal for ordinal, each in enumerate(people[:mark]) if not each.intended),
        [each.msisdn or None for each in people],
    )  # fmt: skip
    for log in range(logs):
        await _write_logs(conn, carrier_no, slice_id, list(enumerate(people))[log::logs], segments, log)
    for ordinal, each in enumerate(people):
        if each.doubt is not None:
            await conn.execute(
                """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, since,
                                         ended_at, ended_as)
                   VALUES ($1, $2, $3, $4, $5, $6, 'link_lost', $7::timestamptz,
                           CASE WHEN $8 <> '' THEN $7::timestamptz END, nullif($8, ''))""",
                campaign_id, carrier_no, slice_id, ordinal, segments, each.msisdn,
                _EPOCH + timedelta(microseconds=each.settled_at), each.doubt,
            )  # fmt: skip
    return slice_id


async def _write_logs(
    conn: asyncpg.Connection, carrier_no: int, slice_id: int, people: Sequence[tuple[int, Person]], segments: int,
    log: int,
) -> None:  # fmt: skip
    logs: defaultdict[int, Answered] = defaultdict(lambda: Answered(segments))
    for ordinal, each in sorted(people, key=lambda one: one[1].submitted_at):
        count = len(each.ids) or segments
        answered = logs.setdefault(count, Answered(count))
        if each.ids:
            answered.accept_parts(ordinal, each.ids)
            answered.read(each.submitted_at - 50_000, each.submitted_at)
        elif each.ended:
            answered.end(ordinal, each.state, each.err, each.settled_at)
    for count, answered in logs.items():
        if answered:
            await conn.execute(
                "INSERT INTO sent VALUES ($1, $2, $3, $4, $5, $6, $7)",
                carrier_no, 7 + log, slice_id * 300 + count, slice_id, *answered.ordinals(), answered.pack(),
            )  # fmt: skip
    told = [(ordinal, *receipt) for ordinal, each in people for receipt in each.receipts]
    if told:
        ordinals, parts, states, errs, times = zip(*told, strict=True)
        packed = pack_result(ordinals, parts, states, times, errs)
        await conn.execute("INSERT INTO result VALUES ($1, $2, $3)", slice_id, log + 1, packed)


def _bitmap(places: Iterable[int]) -> bytes:
    found = bytearray()
    for place in places:
        found.extend(bytes(place // 8 + 1 - len(found)))
        found[place // 8] |= 1 << place % 8
    return bytes(found)
