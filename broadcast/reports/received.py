"""What a carrier's SMSC told us by itself, over all campaigns: where its receipts are, and what nobody understood."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime

from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Oddity:
    """What a carrier's SMSC said and its profile does not know. kind: status, receipt_state or message_id.

    times: since first_at, over all campaigns.
    """

    carrier: str
    kind: str
    value: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """Receipts that were acked, and where they are now: intermediate, matched with a submit, duplicate, unmatched (they
    fit none, yet), or dropped (unmatched for too long, or too many); the rest waits to be resolved. unreadable:
    distinct PDUs in quarantine, and how often they came.
    """

    received: int
    intermediate: int
    matched: int
    duplicate: int
    unmatched: int
    dropped: int
    unreadable: int
    unreadable_times: int


@dataclass(frozen=True, slots=True)
class Misfit:
    """Receipts that fitted nothing when they were looked at, over all campaigns; a submission may have come since.

    reason: unknown (id), other_number, older (than the submission with that id), clash (several people, no number).
    """

    carrier: str
    reason: str
    receipts: int
    first_at: datetime
    last_at: datetime


def added(ledgers: Iterable[Received | None]) -> Received | None:
    """That of several ledgers; None: none knows the carrier yet."""
    known = [astuple(each) for each in ledgers if each is not None]
    return Received(*(sum(column) for column in zip(*known, strict=True))) if known else None


async def misfits(connection: Connection, carrier: str) -> tuple[Misfit, ...]:
    """That carrier's, the most frequent first."""
    return tuple(Misfit(**row) for row in await connection.fetch(sql("carrier_misfits"), carrier))


async def oddities(connection: Connection, carrier: str) -> tuple[Oddity, ...]:
    """What that carrier's SMSC ever said that its profile does not know."""
    return tuple(Oddity(**row) for row in await connection.fetch(sql("carrier_oddities"), carrier))


async def received(connection: Connection, carrier: str) -> Received | None:
    """None: the database does not know that carrier yet."""
    row = await connection.fetchrow(sql("carrier_received"), carrier)
    return None if row is None else Received(**row)
