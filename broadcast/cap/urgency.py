"""How urgent an alert is here: a row of the configuration's table, by urgency, severity and certainty. Pure."""

from collections.abc import Sequence

from broadcast.cap.record import Alert, Info
from broadcast.config.cap import Urgent


def urgent(alert: Alert, table: Sequence[Urgent]) -> Urgent:
    """Of several <info> the most urgent counts. table: its last row fits every one."""
    return max((_row(info, table) for info in alert.infos), key=lambda row: row.priority, default=table[-1])


def _row(info: Info, table: Sequence[Urgent]) -> Urgent:
    return next(
        row
        for row in table
        if (not row.urgency or info.urgency in row.urgency)
        and (not row.severity or info.severity in row.severity)
        and (not row.certainty or info.certainty in row.certainty)
    )
