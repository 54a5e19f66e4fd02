"""The audit: count every recipient from the books that speak for it, and compare with the tallies (law 1)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from broadcast.archive.books import books_of
from broadcast.errors import DatabaseError, InputError
from broadcast.ledger.states import RecipientState
from broadcast.reports import differences
from broadcast.reports.differences import AuditLine, Difference
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

# While settlement waits for us: whoever is suspended then, or lost, is ended by the server.
_LIMITS = (
    "SET lock_timeout = '60s'; SET idle_session_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '10s'"
)

Ring = dict[int, tuple[int, int]]  # by carrier: accepted recipients, final receipts


@dataclass(frozen=True, slots=True)
class AuditResult:
    """balanced: every line agrees, they sum to the audience, nobody has two ends, every receipt has a place."""

    balanced: bool
    audience: int
    counted: int
    lines: tuple[AuditLine, ...]
    differences: tuple[Difference, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What differs, a sentence each."""
        return tuple(each.line for each in self.differences)


async def audit(connection: Connection, campaign_id: int) -> AuditResult:
    """Recount a campaign in one snapshot of the database. Raises InputError when it was never launched, DatabaseError
    when a settlement takes longer than a minute.

    Settlement pauses while the ring is read, some hundred milliseconds at most, and goes on beside the rest. After an
    error the connection must be closed: it may still hold the settler up.
    """
    async with (
        _limited(connection) as idle_s,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute(plans.SETS)
        ring = await _ring(connection, campaign_id)
        await connection.execute(sql("settling_goes_on"))
        await connection.execute(sql("idle_in_transaction"), idle_s, True)
        audience = await connection.fetchval(sql("audit_audience"), campaign_id)
        if audience is None:
            raise InputError("this campaign was never launched: there is nothing to audit")
        names = {row["carrier_no"]: row["name"] for row in await connection.fetch(sql("audit_names"))}
        books = await books_of(connection, campaign_id)
        counted = await books.counted({carrier_no: accepted for carrier_no, (accepted, _) in ring.items()})
        tallied = await _tallied(connection, campaign_id)
        twice = await books.twice()
        receipts = await connection.fetch(sql("audit_receipts"))
    lines = tuple(
        AuditLine(names[key[0]], key[1].column, counted.get(key, 0), tallied.get(key, 0))
        for key in sorted({*counted, *tallied}, key=lambda key: (names[key[0]], key[1]))
    )
    total = sum(counted.values())
    found = [
        *differences.states(lines),
        *differences.audience(total, audience),
        *differences.twice(twice),
        *differences.receipts(
            {row["name"]: row["received"] for row in receipts},
            {row["name"]: row["placed"] + ring.get(row["carrier_no"], (0, 0))[1] for row in receipts},
        ),
        *differences.archive(await books.problems()),
    ]
    return AuditResult(not found, audience, total, lines, tuple(found))


async def _tallied(connection: Connection, campaign_id: int) -> dict[tuple[int, RecipientState], int]:
    return {
        (row["carrier_no"], state): row[state.column]
        for row in await connection.fetch(sql("audit_tallied"), campaign_id)
        for state in RecipientState
        if row[state.column]
    }


async def record(connection: Connection, campaign_id: int, actor: str, problems: Sequence[str]) -> None:
    """Remember an audit's result with the campaign: metrics and `campaign show` know it from there. No MSISDN."""
    await connection.execute(sql("audit_record"), campaign_id, actor, list(problems))


@asynccontextmanager
async def _limited(connection: Connection) -> AsyncIterator[str]:
    """With settlement held up, and no longer than the server lets an idle session. Gives the limit in transactions that
    was set before; it is set again at the end."""
    idle_s: str = await connection.fetchval("SHOW idle_in_transaction_session_timeout")
    await connection.execute(_LIMITS)
    try:
        await connection.execute(sql("settling_stops"))
        yield idle_s
    except asyncpg.LockNotAvailableError as error:
        raise DatabaseError(
            "settlement has been at work for a minute: audit again when it is done"
        ) from error
    finally:
        if not connection.is_closed():
            await connection.execute("RESET lock_timeout; RESET idle_session_timeout")
            await connection.execute(sql("idle_in_transaction"), idle_s, False)


async def _ring(connection: Connection, campaign_id: int) -> Ring:
    """Accepted recipients and receipts per carrier. The first query of its transaction: it makes the snapshot.

    The savepoint's end frees the locks on the ring, which settlement truncates; the snapshot stays.
    """
    step = connection.transaction()
    await step.start()
    rows = await connection.fetch(sql("audit_ring"), campaign_id)
    await step.rollback()
    return {row["carrier_no"]: (row["accepted"], row["receipts"]) for row in rows}
