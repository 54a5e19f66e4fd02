"""The files of a report: written beside their place and then moved there, so that none is half a file."""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from broadcast.cli.output import masked, time_cell
from broadcast.cli.report_document import STATES
from broadcast.errors import InputError
from broadcast.ledger.report import Report, recipients
from broadcast.store.types import Connection


def write_text(path: Path, text: str) -> None:
    """The HTML and JSON files. Raises InputError when the place cannot be written."""
    with replacing(path) as file:
        file.write(text)


def write_summary(path: Path, report: Report) -> None:
    """CSV: a line per carrier and state (and reason of an exclusion); they sum to the audience."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    for each in report.exclusions:
        reasons.setdefault(each.carrier, []).append((each.reason, each.recipients))
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("carrier", "state", "reason", "recipients"))
        for line in report.progress.carriers:
            for state in STATES:
                parts = reasons.get(line.carrier, []) if state == "excluded" else [("", line.states[state])]
                writer.writerows((line.carrier, state, reason, count) for reason, count in parts if count)


async def write_recipients(path: Path, connection: Connection, campaign_id: int, *, reveal: bool) -> int:
    """CSV: a line per recipient, numbers masked unless `reveal`; returns how many."""
    count = 0
    with replacing(path, mode=0o600) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("carrier", "msisdn", "state", "submitted_at", "settled_at", "err", "smsc_ids"))
        async for each in recipients(connection, campaign_id):
            msisdn = str(each.msisdn) if reveal else masked(each.msisdn)
            times = map(time_cell, (each.submitted_at, each.settled_at))
            writer.writerow((each.carrier, msisdn, each.state, *times, each.err, each.smsc_ids))
            count += 1
    return count


@contextmanager
def replacing(path: Path, mode: int = 0o644) -> Iterator[TextIO]:
    """A new file in the place of `path` when the block ends well. Raises InputError when it cannot be written."""
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            draft = Path(file.name)
            yield file  # type: ignore[misc]  # a NamedTemporaryFile in text mode is a TextIO in all but name
        draft.chmod(mode)
        draft.replace(path)
    except ConnectionError:  # of the database, while its rows are written
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
