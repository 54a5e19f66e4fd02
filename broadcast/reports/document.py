"""A report as one plain document: what `--json` prints, and what the HTML template shows."""

from collections.abc import Sequence
from typing import Any

from broadcast.audience.subscribers import PastImport
from broadcast.diagnosis.finding import Finding
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import AuditResult
from broadcast.reports.misfits import misfit_documents
from broadcast.reports.progress import CarrierProgress
from broadcast.reports.report import Report, share_within

STATES = tuple(state.column for state in RecipientState)
_FACTS = (
    *(
        "campaign_id",
        "name",
        "category",
        "priority",
        "sender",
        "text",
        "alphabet",
        "in_doubt_policy",
        "state",
        "status",
        "hearers",
        "languages",
    ),
    *("drafted_by", "drafted_at", "approved_by", "approved_at", "launched_by", "launched_at", "finished_at"),
    *("expires_at", "audience", "segments"),
)


def document(report: Report, audit: AuditResult, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """Everything but the curves; no MSISDN. Counts are recipients unless their name says otherwise."""
    return {
        "training": report.training,
        "campaign": _campaign_document(report),
        "total": _carrier_document(report, report.progress.total),
        "carriers": [_carrier_document(report, line) for line in report.progress.carriers],
        "exclusions": report.exclusions,
        "failures": report.failures,
        "doubts": report.doubts,
        "withdrawals": [each.document() for each in report.progress.withdrawals],
        "oddities": report.oddities,
        "misfits": misfit_documents(report.misfits),
        "forecast": [each.document() for each in report.foreseen],
        "replies": report.replies,
        "imports": [_import_document(each) for each in report.imports],
        "events": [{"at": each.at, "actor": each.actor, "event": each.event} for each in report.events],
        "audit": {"balanced": audit.balanced, "problems": audit.problems},
        "findings": [each.document() for each in findings],
    }


def _campaign_document(report: Report) -> dict[str, Any]:
    """What a reader asks of the campaign itself, and how long it took."""
    return {**{name: getattr(report.campaign, name) for name in _FACTS}, "took_s": report.took_s}


def _carrier_document(report: Report, line: CarrierProgress) -> dict[str, Any]:
    """One carrier (or `all`): its states, segments, rate while it sent, and how fast receipts came."""
    delays, steady = report.times.delays, report.steadiness.get(line.carrier)
    mine = delays.get(line.carrier, {}) if line.carrier != "all" else _sum(list(delays.values()))
    return {
        "carrier": line.carrier,
        "tps": line.tps,
        "audience": line.audience,
        **dict(line.states),
        "segments_accepted": line.segments,
        "segments_per_second": _rate(report, line),
        "tps_used_share": steady and round(steady.used_share, 3),
        "longest_pause_s": steady and steady.longest_pause_s,
        "receipts_half_within_s": share_within(mine, 0.5),
        "receipts_95_percent_within_s": share_within(mine, 0.95),
    }


def _import_document(each: PastImport) -> dict[str, Any]:
    """One import with the sum of its refused lines, so that a reader can add them up."""
    return {
        "source": each.source,
        "finished_at": each.finished_at,
        "lines": each.lines,
        "imported": each.imported,
        "updated": each.updated,
        "duplicate": each.duplicate,
        "refused": sum(each.refused.values()),
        "refused_by_reason": dict(sorted(each.refused.items())),
    }


def _rate(report: Report, line: CarrierProgress) -> float | None:
    """Segments accepted per second, from the first until 95 % were: the few that were tried again say nothing."""
    sent = report.times.sent
    steps = _sum(list(sent.values()) if line.carrier == "all" else [sent.get(line.carrier, {})])
    last = share_within(steps, 0.95)
    if last is None:
        return None
    until = sum(count for step, count in steps.items() if step <= last) / sum(steps.values())
    return round(line.segments * until / ((last - min(steps) + 1) * report.times.step_s), 1)


def _sum(delays: list[Any]) -> dict[int, int]:
    joined: dict[int, int] = {}
    for each in delays:
        for delay, count in each.items():
            joined[delay] = joined.get(delay, 0) + count
    return joined
