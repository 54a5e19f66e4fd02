"""The audit: count every recipient from the rows that speak for it, and compare with the tallies (law 1)."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from broadcast.errors import DatabaseError, InputError
from broadcast.ledger.states import RecipientState
from broadcast.reports import differences
from broadcast.reports.differences import AuditLine, Difference
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

if TYPE_CHECKING:
    from broadcast.archive.read import Archive

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
        kept = await _archived(connection, campaign_id)
        counted = kept.counted() if kept else await _counted(connection, campaign_id, ring)
        tallied = await _tallied(connection, campaign_id)
        twice = await connection.fetchrow(sql("audit_twice"), campaign_id)
        receipts = await connection.fetch(sql("audit_receipts"))
    lines = tuple(
        AuditLine(names[key[0]], key[1].column, counted.get(key, 0), tallied.get(key, 0))
        for key in sorted({*counted, *tallied}, key=lambda key: (names[key[0]], key[1]))
    )
    total = sum(counted.values())
    found = [
        *differences.states(lines),
        *differences.audience(total, audience),
        *differences.twice(twice is not None),
        *differences.receipts(
            {row["name"]: row["received"] for row in receipts},
            {row["name"]: row["placed"] + ring.get(row["carrier_no"], (0, 0))[1] for row in receipts},
        ),
        *differences.archive(kept.problems() if kept else ()),
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


async def _archived(connection: Connection, campaign_id: int) -> "Archive | None":
    if await connection.fetchrow(sql("archive_place"), campaign_id) is None:
        return None
    # not before it is needed: its Parquet reader takes as much memory as the rest of a worker
    from broadcast.archive import read as archive_read

    return await archive_read.archived(connection, campaign_id)


async def _ring(connection: Connection, campaign_id: int) -> Ring:
    """Accepted recipients and receipts per carrier. The first query of its transaction: it makes the snapshot.

    The savepoint's end frees the locks on the ring, which settlement truncates; the snapshot stays.
    """
    step = connection.transaction()
    await step.start()
    rows = await connection.fetch(sql("audit_ring"), campaign_id)
    await step.rollback()
    return {row["carrier_no"]: (row["accepted"], row["receipts"]) for row in rows}


async def _counted(
    connection: Connection, campaign_id: int, ring: Ring
) -> dict[tuple[int, RecipientState], int]:
    counted = Counter(
        {
            (row["carrier_no"], RecipientState(row["state"])): row["recipients"]
            for row in await connection.fetch(sql("audit_counted"), campaign_id)
        }
    )
    for carrier_no, (accepted, _) in ring.items():
        counted[carrier_no, RecipientState.ACCEPTED] += accepted
    return {key: count for key, count in counted.items() if count}
