"""All that is told of one campaign when it is asked for: the report, its audit, what is wrong with it."""

from dataclasses import dataclass
from typing import Any

from broadcast.archive.books import books_of, snapshot
from broadcast.campaign.campaigns import by_name
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.reports.audit import AuditResult, judged, recount
from broadcast.reports.document import document
from broadcast.reports.report import Report, report
from broadcast.smpp import status
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


async def everything(connection: Connection, name: str) -> Everything:
    """Report and audit of one moment. Raises InputError when there is no such campaign, or it was never launched."""
    async with snapshot(connection):
        campaign = await by_name(connection, name)
        books = await books_of(connection, campaign.campaign_id)
        found = await report(connection, campaign, books)
        counted = await recount(connection, campaign.campaign_id, books)
    audited = judged(counted, await books.problems())
    findings = await Diagnosis(connection, campaign.campaign_id).findings(refusals(found))
    return Everything(found, audited, findings)


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
