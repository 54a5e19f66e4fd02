"""A carrier's invoice at the terminal: read from a file, and what of it differs from our books shown."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import click

from broadcast.cli.forecast_moments import money_words
from broadcast.cli.output import note, print_table, say
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _, headings
from broadcast.reports.invoice import COLUMNS, Invoice, Line, read, total

Invoiced = Mapping[str, Sequence[Line]]  # what is compared, by carrier


def _column(text: str) -> tuple[str, str]:
    name, _sign, head = text.partition("=")
    if name not in COLUMNS or not head:
        raise InputError(
            _(
                "--column {text}: write COLUMN=HEAD; columns are {columns}",
                text=text,
                columns=", ".join(COLUMNS),
            )
        )
    return name, head


def _columns(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    return dict(map(_column, given))


columns_option = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_columns,
    metavar="COLUMN=HEAD",
    help="The invoice's head of a column: campaign, day, number, segments or amount. Repeat for more.",
)


def read_invoice(path: Path, config: Config, columns: Mapping[str, str], month: date | None) -> Invoice:
    """columns: of COLUMNS -> head. month: that every day must lie in, if any. Raises InputError."""
    with _opened(path) as file:
        return read(file, config.country, columns, month)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise InputError(_("{path} is not UTF-8: save it as UTF-8", path=path)) from error
    except OSError as error:
        raise InputError(_("cannot read {path}: {strerror}", path=path, strerror=error.strerror)) from error


def lines_document(lines: Sequence[Line]) -> dict[str, Any]:
    def told(line: Line) -> dict[str, Any]:
        return {
            "campaign": line.campaign,
            "day": line.day and line.day.isoformat(),
            "billed": line.billed,
            "accepted": line.accepted,
            "delivered": line.delivered,
            "more": line.more,
            "amount": line.amount,
            "due": line.due,
            "apart": line.apart,
            "differs": line.differs,
        }

    return {"lines": [told(each) for each in lines], "total": told(total(lines))}


def show_lines(title: str, lines: Sequence[Line]) -> None:
    """What differs, and the sums."""
    differing = [each for each in lines if each.differs]
    rows = [
        (
            each.campaign or None,
            each.day and each.day.isoformat(),
            each.billed,
            each.accepted,
            each.delivered,
            each.more,
            money_words(each.amount),
            _due_words(each),
        )
        for each in (*differing, total(lines))
    ]
    rows[-1] = (_("all"), *rows[-1][1:])
    columns = headings("campaign", "day", "billed", "accepted", "delivered", "more", "amount", "due")
    print_table(title, columns, rows)
    if differing:
        say(_("{differing:,} of {lines:,} lines differ", differing=len(differing), lines=len(lines)))
    else:
        say(_("the invoice is as our books have it: {lines:,} lines", lines=len(lines)))


def _due_words(line: Line) -> str | None:
    words = money_words(line.due)
    return _("about {amount}", amount=words) if words and line.apart else words


def refuse_differing(found: Invoiced) -> None:
    """Exit 1, with the carriers, when anything differs."""
    differing = [carrier for carrier, lines in found.items() if any(each.differs for each in lines)]
    if differing:
        note(_("not as our books have it: the invoice of {carriers}", carriers=", ".join(differing)))
        raise SystemExit(1)
