"""`broadcast carrier invoice`: a carrier's invoice against our own books, to the segment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from broadcast.actions.session import Session
from broadcast.cli.files import replacing
from broadcast.cli.forecast_moments import money_words
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table, say, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.csv_files import CsvWriter
from broadcast.errors import InputError
from broadcast.languages import _, headings
from broadcast.reports.billed import Billed, billed
from broadcast.reports.invoice import COLUMNS, Invoice, Line, compare, differing_numbers, read, total
from broadcast.tables import nearest

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("invoice")
@click.argument("carrier")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--month", required=True, metavar="YYYY-MM", help="That is billed, of the country's calendar.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="COLUMN=HEAD",
    help="The head of a column: campaign, day, number, segments or amount. Repeat for more.",
)
@click.option("--numbers", type=_FILE, help="Write the numbers that differ to a file for its owner alone.")
@login_option
@json_option
def carrier_invoice(
    carrier: str, file: Path, month: str, columns: Sequence[str], numbers: Path | None, as_json: bool
) -> None:
    """Compare a carrier's invoice (CSV) of a month with what our books say it accepted, to the segment.

    Its lines may be sums, by campaign and day or neither, or one a message. Exit 1 when they differ.

    \b
    Example:
      broadcast carrier invoice viettel viettel-2026-11.csv --month 2026-11
      broadcast carrier invoice viettel november.csv --month 2026-11 --column segments=MT --column day=Ngay
    """
    config, first = configuration(), _month(month)
    invoice = _read(file, config, dict(map(_column, columns)), first)
    own = act(lambda session: _billed(session, config, carrier, first), config)
    lines = compare(invoice, own.own)
    if numbers:
        _write_numbers(numbers, invoice, own)
    if as_json:
        print_json(_document(lines))
    else:
        _show(carrier, month, lines)
    if any(each.differs for each in lines):
        raise SystemExit(1)


async def _billed(session: Session, config: Config, carrier: str, month: date) -> Billed:
    known = sorted(config.country.prefixes)
    if carrier not in known:
        raise InputError(
            _(
                "no carrier {name} in the numbering plan: {nearest}",
                name=carrier,
                nearest=nearest(carrier, known),
            )
        )
    return await billed(session.connection, config, carrier, month)


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  # of the country's calendar
    except ValueError:
        raise InputError(_("--month {text}: write 2026-11", text=text)) from None


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


def _read(path: Path, config: Config, columns: dict[str, str], month: date) -> Invoice:
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


def _write_numbers(path: Path, invoice: Invoice, own: Billed) -> None:
    if not invoice.numbers:
        raise InputError(_("--numbers: this invoice has sums alone, and no numbers"))
    with replacing(path, mode=0o600) as file:
        writer = CsvWriter(file, ("msisdn", "billed", "accepted"))
        for each in differing_numbers(invoice, own.numbers, own.segments):
            writer.row(each)
    note(_("wrote {path}", path=words(path)))


def _document(lines: Sequence[Line]) -> dict[str, Any]:
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
            "differs": line.differs,
        }

    return {"lines": [told(each) for each in lines], "total": told(total(lines))}


def _show(carrier: str, month: str, lines: Sequence[Line]) -> None:
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
            money_words(each.due),
        )
        for each in (*differing, total(lines))
    ]
    rows[-1] = (_("all"), *rows[-1][1:])
    columns = headings("campaign", "day", "billed", "accepted", "delivered", "more", "amount", "due")
    print_table(_("{carrier}, {month}: segments", carrier=carrier, month=month), columns, rows)
    if differing:
        say(_("{differing:,} of {lines:,} lines differ", differing=len(differing), lines=len(lines)))
    else:
        say(_("the invoice is as our books have it: {lines:,} lines", lines=len(lines)))
