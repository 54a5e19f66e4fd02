"""The CSV files of a report, written to what is open for them."""

from typing import TextIO

from broadcast.config import Config
from broadcast.csv_files import CsvWriter
from broadcast.ids import CampaignId
from broadcast.masked import shown
from broadcast.reports.document import STATES
from broadcast.reports.recipients import recipients
from broadcast.reports.report import Report
from broadcast.store.types import Connection
from broadcast.words import Zone, time_cell, utc


def write_summary(file: TextIO, report: Report) -> None:
    """A line per carrier and state (and reason of an exclusion); they sum to the audience."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    for each in report.exclusions:
        reasons.setdefault(each.carrier, []).append((each.reason, each.recipients))
    writer = CsvWriter(file, ("carrier", "state", "reason", "recipients", "status"))
    for line in report.progress.carriers:
        for state in STATES:
            parts = reasons.get(line.carrier, []) if state == "excluded" else [("", line.states[state])]
            for reason, count in parts:
                if count:
                    writer.row((line.carrier, state, reason, count, report.campaign.status))


def write_forecast(file: TextIO, report: Report, zone: Zone = utc) -> None:
    """A line per carrier and moment, what was foreseen and what came; segments and costs below them."""
    writer = CsvWriter(file, ("carrier", "what", "foreseen", "fact", "unit"))
    for line in report.foreseen:
        for what, foreseen, fact in line.rows():
            writer.row((line.carrier, what, time_cell(foreseen, zone), time_cell(fact, zone), ""))
        writer.row((line.carrier, "segments", line.segments_foreseen, line.segments, ""))
        if line.currency:
            writer.row((line.carrier, "cost", str(line.cost_foreseen), str(line.cost), line.currency))


async def write_recipients(
    file: TextIO,
    home: Connection,
    campaign_id: CampaignId,
    config: Config | None = None,
    *,
    status: str = "actual",
    reveal: bool,
    zone: Zone = utc,
) -> int:
    """A line per recipient, numbers masked unless `reveal`; returns how many. status: of the campaign's content.
    zone: of its times; config: as of `recipients`."""
    count = 0
    columns = ("carrier", "msisdn", "state", "submitted_at", "settled_at", "err", "smsc_ids", "status")
    writer = CsvWriter(file, columns)
    async for each in recipients(home, campaign_id, config):
        msisdn = shown(each.msisdn, reveal=reveal)
        times = (time_cell(at, zone) for at in (each.submitted_at, each.settled_at))
        writer.row((each.carrier, msisdn, each.state, *times, each.err, each.smsc_ids, status))
        count += 1
    return count
