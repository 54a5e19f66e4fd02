"""The audit: count every recipient from the books that speak for it, and compare with the tallies (law 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.archive.books import books_of
from broadcast.errors import InputError
from broadcast.ledger.states import RecipientState
from broadcast.reports import differences
from broadcast.reports.differences import AuditLine, Difference
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class AuditResult:
    """balanced: every line agrees, they sum to the audience, no rows contradict one another, every receipt has a
    place."""

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
    """Recount a campaign in one snapshot of the database, beside whatever goes on: every snapshot balances. Raises
    InputError when it was never launched."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(plans.SETS)
        audience = await connection.fetchval(sql("audit_audience"), campaign_id)
        if audience is None:
            raise InputError("this campaign was never launched: there is nothing to audit")
        names = {row["carrier_no"]: row["name"] for row in await connection.fetch(sql("audit_names"))}
        books = await books_of(connection, campaign_id)
        counted = await books.counted()
        tallied = await _tallied(connection, campaign_id)
        receipts = await connection.fetch(sql("audit_receipts"))
    lines = tuple(
        AuditLine(names[key[0]], key[1].column, counted.recipients.get(key, 0), tallied.get(key, 0))
        for key in sorted({*counted.recipients, *tallied}, key=lambda key: (names[key[0]], key[1]))
    )
    total = sum(counted.recipients.values())
    found = [
        *differences.states(lines),
        *differences.audience(total, audience),
        *differences.contradictions(counted.contradictions, names),
        *differences.receipts(
            {row["name"]: row["received"] for row in receipts},
            {row["name"]: row["placed"] for row in receipts},
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
