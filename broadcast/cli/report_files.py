"""The CSV files of a report."""

from pathlib import Path

from broadcast.cli.files import replacing
from broadcast.cli.output import masked, time_cell
from broadcast.cli.report_document import STATES
from broadcast.csv_files import CsvWriter
from broadcast.reports.recipients import recipients
from broadcast.reports.report import Report
from broadcast.store.types import Connection


def write_summary(path: Path, report: Report) -> None:
    """CSV: a line per carrier and state (and reason of an exclusion); they sum to the audience."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    for each in report.exclusions:
        reasons.setdefault(each.carrier, []).append((each.reason, each.recipients))
    with replacing(path) as file:
        writer = CsvWriter(file, ("carrier", "state", "reason", "recipients"))
        for line in report.progress.carriers:
            for state in STATES:
                parts = reasons.get(line.carrier, []) if state == "excluded" else [("", line.states[state])]
                for reason, count in parts:
                    if count:
                        writer.row((line.carrier, state, reason, count))


async def write_recipients(path: Path, connection: Connection, campaign_id: int, *, reveal: bool) -> int:
    """CSV: a line per recipient, numbers masked unless `reveal`; returns how many."""
    count = 0
    with replacing(path, mode=0o600) as file:
        columns = ("carrier", "msisdn", "state", "submitted_at", "settled_at", "err", "smsc_ids")
        writer = CsvWriter(file, columns)
        async for each in recipients(connection, campaign_id):
            msisdn = str(each.msisdn) if reveal else masked(each.msisdn)
            times = map(time_cell, (each.submitted_at, each.settled_at))
            writer.row((each.carrier, msisdn, each.state, *times, each.err, each.smsc_ids))
            count += 1
    return count
