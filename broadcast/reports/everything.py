"""All that is told of one campaign when it is asked for: the report, its audit, what is wrong with it."""

from dataclasses import dataclass
from typing import Any

from broadcast.archive.books import books_of, snapshot
from broadcast.campaign.campaigns import by_name
from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.order import merged
from broadcast.reports import audit
from broadcast.reports.audit import AuditResult, judged, recount
from broadcast.reports.document import document
from broadcast.reports.progress import progress
from broadcast.reports.report import Report, read, report, together
from broadcast.smpp import status
from broadcast.store.ledgers import parts_of
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Everything:
    """As `report`, `recount` and `Diagnosis` found it."""

    report: Report
    audit: AuditResult
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return document(self.report, self.audit, self.findings)


async def everything(home: Connection, name: str, config: Config | None = None) -> Everything:
    """Report and audit, of one moment in each ledger. config: where there are several.

    Raises InputError when there is no such campaign, or it was never launched; DatabaseError: a ledger is away.
    """
    campaign = await by_name(home, name)
    async with parts_of(home, config, campaign.campaign_id) as parts:
        reads, audits, entries = [], dict[str, AuditResult](), dict[str, int]()
        for part in parts.all():
            async with snapshot(part.connection):
                campaign = await by_name(home, name)
                books = await books_of(part.connection, campaign.campaign_id)
                reads.append(await read(part.connection, campaign, books))
                counted = await recount(part.connection, campaign.campaign_id, books)
                entries[part.name] = await audit.entries_here(part.connection, campaign.campaign_id)
            audits[part.name] = judged(counted, await books.problems())
        whole = together(await progress(home, campaign.campaign_id), reads)
        found = await report(home, campaign, whole)
        audited = await audit.whole(home, campaign.campaign_id, audits, entries, parts.lost)
        wrong = [
            await Diagnosis(part.connection, campaign.campaign_id, home).findings(refusals(found))
            for part in parts.reached
        ]
    return Everything(found, audited, merged(wrong))


def refusals(report: Report) -> dict[str, dict[int, int]]:
    """Carrier -> command_status -> recipients that its SMSC refused for good."""
    found: dict[str, dict[int, int]] = {}
    for each in report.failures:
        kind, _, reason = each.reason.partition(":")
        answer = status.number(reason.split(" ")[0]) if kind == "status" else None  # ... after 5 retries
        if answer is not None:
            mine = found.setdefault(each.carrier, {})
            mine[answer] = mine.get(answer, 0) + each.recipients
    return found
