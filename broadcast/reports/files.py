"""The tables of a report that go into files."""

from typing import Final

from broadcast.config import Config
from broadcast.ids import CampaignId
from broadcast.masked import shown
from broadcast.reports.document import STATES
from broadcast.reports.recipients import recipients
from broadcast.reports.report import Report
from broadcast.sheets import Sheet
from broadcast.store.types import Connection

SUMMARY: Final = ("carrier", "state", "reason", "recipients", "status")
FORECAST: Final = ("carrier", "what", "foreseen", "fact", "unit")
RECIPIENTS: Final = ("carrier", "msisdn", "state", "submitted_at", "settled_at", "err", "smsc_ids", "status")


def write_summary(sheet: Sheet, report: Report) -> None:
    """By SUMMARY: a line per carrier and state (and reason of an exclusion); they sum to the audience."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    for each in report.exclusions:
        reasons.setdefault(each.carrier, []).append((each.reason, each.recipients))
    for line in report.progress.carriers:
        for state in STATES:
            parts = reasons.get(line.carrier, []) if state == "excluded" else [("", line.states[state])]
            for reason, count in parts:
                if count:
                    sheet.row((line.carrier, state, reason, count, report.campaign.status))


def write_forecast(sheet: Sheet, report: Report) -> None:
    """By FORECAST: a line per carrier and moment, what was foreseen and what came; segments and costs below them."""
    for line in report.foreseen:
        for what, foreseen, fact in line.rows():
            sheet.row((line.carrier, what, foreseen, fact, ""))
        sheet.row((line.carrier, "segments", line.segments_foreseen, line.segments, ""))
        if line.currency:
            sheet.row((line.carrier, "cost", line.cost_foreseen, line.cost, line.currency))


async def write_recipients(
    sheet: Sheet,
    home: Connection,
    campaign_id: CampaignId,
    config: Config | None = None,
    *,
    status: str = "actual",
    reveal: bool,
) -> int:
    """By RECIPIENTS: a line each, numbers masked unless `reveal`; returns how many. status: of the campaign's content.
    config: as of `recipients`."""
    count = 0
    async for each in recipients(home, campaign_id, config):
        msisdn = shown(each.msisdn, reveal=reveal)
        times = (each.submitted_at, each.settled_at)
        sheet.row((each.carrier, msisdn, each.state, *times, each.err, each.smsc_ids, status))
        count += 1
    return count
