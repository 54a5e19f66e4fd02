"""The audit: count every recipient from the books that speak for it, and compare with the tallies (law 1)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broadcast.archive.books import books_of, snapshot
from broadcast.audience.carriers import carrier_names
from broadcast.errors import InputError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.languages import _
from broadcast.ledger.books import Books, Counted
from broadcast.ledger.states import RecipientState
from broadcast.ledger.tallies import by_state, tallies
from broadcast.reports import differences
from broadcast.reports.differences import AuditLine, Difference
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


@dataclass(frozen=True, slots=True)
class Recount:
    """What is compared, of one moment. names: of carriers by number. receipts: per carrier, acked and placed."""

    audience: int
    names: Mapping[CarrierNo, str]
    counted: Counted
    tallied: Mapping[tuple[CarrierNo, RecipientState], int]
    receipts: Sequence[tuple[str, int, int]]


async def audit(connection: Connection, campaign_id: CampaignId) -> AuditResult:
    """Recount a campaign in one snapshot of the database, beside whatever goes on: every snapshot balances. Raises
    InputError when it was never launched."""
    async with snapshot(connection):
        books = await books_of(connection, campaign_id)
        found = await recount(connection, campaign_id, books)
    return judged(found, await books.problems())


async def recount(connection: Connection, campaign_id: CampaignId, books: Books) -> Recount:
    """Within the snapshot of the books. Raises InputError when it was never launched."""
    audience = await connection.fetchval(sql("audience_here"), campaign_id)
    if audience is None:
        raise InputError(_("this campaign was never launched: there is nothing to audit"))
    names = await carrier_names(connection)
    receipts = await connection.fetch(sql("audit_receipts"))
    return Recount(
        audience=audience,
        names=names,
        counted=await books.counted(),
        tallied=by_state(await tallies(connection, campaign_id)),
        receipts=[(row["name"], row["received"], row["placed"]) for row in receipts],
    )


def judged(found: Recount, damage: Sequence[str]) -> AuditResult:
    """damage: as of Books.problems. Pure."""
    counted, names = found.counted.recipients, found.names
    lines = tuple(
        AuditLine(names[key[0]], key[1].column, counted.get(key, 0), found.tallied.get(key, 0))
        for key in sorted({*counted, *found.tallied}, key=lambda key: (names[key[0]], key[1]))
    )
    total = sum(counted.values())
    differing = (
        *differences.states(lines),
        *differences.audience(total, found.audience),
        *differences.contradictions(found.counted.contradictions, names),
        *differences.receipts(found.receipts),
        *differences.archive(damage),
    )
    return AuditResult(not differing, found.audience, total, lines, differing)


async def entries_here(connection: Connection, campaign_id: CampaignId) -> int:
    """How often people entered the campaign in this database. Within the snapshot of the books."""
    return int(await connection.fetchval(sql("entries_here"), campaign_id) or 0)


async def whole(
    home: Connection,
    campaign_id: CampaignId,
    parts: Mapping[str, AuditResult],
    entries: Mapping[str, int],
    lost: Mapping[str, int],
) -> AuditResult:
    """As `together`; where home is the only ledger, its own. entries: by ledger, as of `entries_here`."""
    if "" in parts:
        return parts[""]
    return together(await _expected(home, campaign_id, parts, entries), parts, lost)


async def _expected(
    home: Connection, campaign_id: CampaignId, parts: Mapping[str, AuditResult], entries: Mapping[str, int]
) -> int:
    """The people that home has in the campaign, with those who entered in ledgers and home has yet to hear of, and
    without those who entered since the ledgers were read."""
    rows = await home.fetch(sql("parts_known"), campaign_id)
    apart: int = sum(
        parts[row["ledger"]].audience - row["audience"]
        for row in rows
        if row["ledger"] in parts and row["entries"] != entries[row["ledger"]]
    )
    return int(rows[0]["whole"] or 0) + apart


def together(
    home_audience: int, parts: Mapping[str, AuditResult], lost: Mapping[str, int] | None = None
) -> AuditResult:
    """Those of all ledgers, by name, against what home says: carriers added up, what differs told by ledger. Pure.

    lost: people, by ledger, of which it has nothing any more.
    """
    counts = Counter[tuple[str, str]]()
    tallied = Counter[tuple[str, str]]()
    for part in parts.values():
        for line in part.lines:
            counts[line.carrier, line.state] += line.counted
            tallied[line.carrier, line.state] += line.tallied
    differing = [
        replace(each, line=f"ledger {name}: {each.line}")
        for name, part in parts.items()
        for each in part.differences
    ]
    lost = lost or {}
    differing += differences.lost(lost)
    audience = sum(part.audience for part in parts.values()) + sum(lost.values())
    differing += differences.audience(audience, home_audience)
    return AuditResult(
        balanced=not differing,
        audience=home_audience,
        counted=sum(part.counted for part in parts.values()),
        lines=tuple(
            AuditLine(*key, counts[key], tallied[key]) for key in sorted(counts.keys() | tallied.keys())
        ),
        differences=tuple(differing),
    )


async def record(connection: Connection, campaign_id: CampaignId, problems: Sequence[str]) -> None:
    """Remember an audit's result with the campaign: metrics and `campaign show` know it from there. No MSISDN."""
    await connection.execute(sql("audit_record"), campaign_id, list(problems))
