"""What people answered, in the database: raw messages become replies, counted per campaign.

A raw message is written by the group that acks it (law 3) and read later, by whichever worker has the claim, so that
parts may come over any worker and a restart forgets nothing. The functions that read and write take the caller's
transaction; those for people to look at are at the end.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import asyncpg

from broadcast.ids import CampaignId, CarrierNo
from broadcast.store.plans import LOOK_UP
from broadcast.store.queries import sql
from broadcast.store.types import Connection

NO_CAMPAIGN = CampaignId(0)
REPEAT_S = 600.0  # the very same message again within this time is the SMSC's doing: it saw no ack
MATCH_DAYS = 30
_PREFETCH = 2000


@dataclass(frozen=True, slots=True)
class Thread:
    """What parts of one text have in common; thread: from campaign.parts.Part."""

    carrier_no: CarrierNo
    source: str
    destination: str
    thread: str


@dataclass(frozen=True, slots=True)
class NewReply:
    """A text as it is kept. inbound_nos: its messages; the first names it. effect: None when it is still to come."""

    inbound_nos: tuple[int, ...]
    carrier_no: CarrierNo
    msisdn: int | None
    received_at: datetime
    destination: str
    kind: str
    keyword: str
    effect: str | None
    parts: int
    missing: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyCount:
    """effect: what the opt-outs and opt-ins among them did; None: not done yet. senders: distinct numbers."""

    carrier: str
    kind: str
    keyword: str
    effect: str | None
    replies: int
    senders: int
    incomplete: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One text. kind and keyword: "" without a keyword. missing: parts that never came."""

    reply_no: int
    received_at: datetime
    carrier: str
    msisdn: int | None
    destination: str
    kind: str
    keyword: str
    effect: str | None
    parts: int
    missing: int
    text: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Of the whole database: replies to no campaign; raw messages nobody read yet; parts that wait for others; what
    could not be read, kept or done.
    """

    unmatched: int
    unread: int
    waiting_parts: int
    set_aside: int


async def to_do(connection: Connection) -> bool:
    """Whether a round would find anything but overdue parts."""
    return bool(await connection.fetchval(sql("replies_to_do")))


async def claim(connection: Connection) -> bool:
    """Whether this transaction may read: one at a time, over all workers."""
    return bool(await connection.fetchval(sql("replies_claim")))


async def unread(connection: Connection, most: int, number: int | None = None) -> list[asyncpg.Record]:
    """The oldest raw messages that nobody read yet, as in the query. number: that one alone."""
    return await connection.fetch(sql("new_inbound"), most, REPEAT_S, number)


async def unread_numbers(connection: Connection, most: int) -> list[int]:
    """The inbound_no of each."""
    return [row["inbound_no"] for row in await connection.fetch(sql("new_inbound_nos"), most)]


async def set_aside(connection: Connection, number: int, why: str) -> None:
    """A raw message that cannot be read or kept; it stays as it came."""
    await connection.execute(sql("set_inbound_aside"), number, why)


async def set_thread_aside(connection: Connection, thread: Thread, why: str) -> None:
    """The same for the parts of a text that wait."""
    await connection.execute(sql("set_thread_aside"), *astuple(thread), why)


async def mark_waiting(connection: Connection, parts: Sequence[tuple[int, str, int]]) -> None:
    """(inbound_no, thread, number) of parts."""
    if parts:
        await connection.execute(sql("mark_waiting"), *columns(parts))


async def overdue(connection: Connection, wait_s: float, most: int) -> list[Thread]:
    """Texts that nothing was added to for so long."""
    return [Thread(**row) for row in await connection.fetch(sql("overdue_threads"), wait_s, most)]


async def waiting(connection: Connection, threads: Iterable[Thread]) -> dict[Thread, list[asyncpg.Record]]:
    """The parts that wait in each, in the order in which they came."""
    named = [(each.carrier_no, each.source, each.destination, each.thread) for each in threads]
    rows = await connection.fetch(sql("waiting_parts"), *columns(named)) if named else []
    found: dict[Thread, list[asyncpg.Record]] = {}
    for row in rows:
        key = Thread(row["carrier_no"], row["source"], row["destination"], row["thread"])
        found.setdefault(key, []).append(row)
    return found


async def keep(connection: Connection, replies: Sequence[NewReply], repeated: Sequence[int]) -> None:
    """Write texts, matched to their campaigns, and say what became of their messages. repeated: inbound_nos."""
    if replies:
        campaigns = await _matched(connection, [reply for reply in replies if reply.msisdn is not None])
        await connection.execute(
            sql("keep_replies"),
            *columns(
                [
                    (
                        reply.inbound_nos[0], campaigns.get(reply.inbound_nos[0], NO_CAMPAIGN), reply.carrier_no,
                        reply.msisdn, reply.received_at, reply.destination, reply.kind, reply.keyword, reply.effect,
                        reply.parts, reply.missing, reply.text,
                    )
                    for reply in replies
                ]
            ),
        )  # fmt: skip
    done: list[tuple[int, int | None]] = [(number, None) for number in repeated]
    done += [(number, reply.inbound_nos[0]) for reply in replies for number in reply.inbound_nos]
    if done:
        await connection.execute(sql("mark_read"), *columns(done))


async def _matched(connection: Connection, replies: Sequence[NewReply]) -> Mapping[int, int]:
    """reply_no -> campaign_id, of those that answer one.

    A recipient counts as sent to from its intent on (law 2); one whom the SMSC then refused does not answer.
    """
    if not replies:
        return {}
    await make_spans(connection)
    await connection.execute(LOOK_UP)
    asked = [(each.inbound_nos[0], each.msisdn, each.carrier_no, each.received_at) for each in replies]
    rows = await connection.fetch(sql("match_replies"), *columns(asked), MATCH_DAYS)
    return {row["reply_no"]: row["campaign_id"] for row in rows}


async def make_spans(connection: Connection) -> None:
    """Every slice that this transaction sees can be found by its numbers; some 0.2 s a million recipients, once."""
    await connection.execute(sql("make_spans"))


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows (at least one) as the arrays of an unnest."""
    return [list(column) for column in zip(*rows, strict=True)]


# ---------------------------------------------------------------- to look at


async def counts(connection: Connection, campaign_id: CampaignId) -> list[ReplyCount]:
    """Per carrier, keyword and effect; campaign_id may be NO_CAMPAIGN."""
    return [ReplyCount(**row) for row in await connection.fetch(sql("reply_counts"), campaign_id)]


async def latest(connection: Connection, campaign_id: CampaignId, most: int) -> list[Reply]:
    """The newest first."""
    return [Reply(**row) for row in await connection.fetch(sql("latest_replies"), campaign_id, most)]


async def every(connection: Connection, campaign_id: CampaignId) -> AsyncIterator[Reply]:
    """All of a campaign, the oldest first, streamed."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(sql("replies_in_order"), campaign_id, prefetch=_PREFETCH):
            yield Reply(**row)


async def elsewhere(connection: Connection) -> Elsewhere:
    """What no campaign's counts show."""
    row = await connection.fetchrow(sql("replies_elsewhere"))
    assert row is not None  # it has no FROM
    return Elsewhere(**row)


def added(ledgers: Sequence[Elsewhere]) -> Elsewhere:
    """That of several ledgers."""
    return Elsewhere(*(sum(column) for column in zip(*map(astuple, ledgers), strict=True)))
