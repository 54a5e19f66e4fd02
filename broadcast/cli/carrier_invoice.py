"""`broadcast carrier invoice`: a carrier's invoice against our own books, to the segment."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import click

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.cli.files import replacing_sheet
from broadcast.cli.invoices import columns_option, lines_document, read_invoice, refuse_differing, show_lines
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.reports.billed import Billed, billed
from broadcast.reports.invoice import Invoice, Line, compare, differing_numbers

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("invoice")
@click.argument("carrier")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--month", required=True, metavar="YYYY-MM", help="That is billed, of the country's calendar.")
@columns_option
@click.option("--numbers", type=_FILE, help="Write the numbers that differ to a file for its owner alone.")
@login_option
@json_option
def carrier_invoice(
    carrier: str, file: Path, month: str, columns: Mapping[str, str], numbers: Path | None, as_json: bool
) -> None:
    """Compare a carrier's invoice (CSV) of a month with what our books say it accepted, to the segment.

    Its lines may be sums, by campaign and day or neither, or one a message. Exit 1 when they differ.

    \b
    Example:
      broadcast carrier invoice viettel viettel-2026-11.csv --month 2026-11
      broadcast carrier invoice viettel november.csv --month 2026-11 --column segments=MT --column day=Ngay
    """
    config, first = configuration(), _month(month)
    invoice = read_invoice(file, config, columns, first)
    if numbers and not invoice.numbers:
        raise InputError(_("--numbers: this invoice has sums alone, and no numbers"))
    lines = act(lambda session: _compared(session, config, carrier, invoice, (first, numbers)), config)
    if numbers:
        note(_("wrote {path}", path=words(numbers)))
    if as_json:
        print_json(lines_document(lines))
    else:
        show_lines(_("{carrier}, {month}: segments", carrier=carrier, month=month), lines)
    refuse_differing({carrier: lines})


async def _billed(session: Session, config: Config, carrier: str, month: date) -> Billed:
    config.country.check_carrier(carrier)
    return await billed(session.connection, config, carrier, month)


async def _compared(
    session: Session, config: Config, carrier: str, invoice: Invoice, what: tuple[date, Path | None]
) -> list[Line]:
    """what: the month, and the file for numbers that differ, of which the chain knows before it is there."""
    month, numbers = what
    own = await _billed(session, config, carrier, month)
    if numbers:
        rows = list(differing_numbers(invoice, own.numbers, own.segments))
        await note_read(session, "invoice", len(rows))
        _write_numbers(numbers, rows)
    return compare(invoice, own.own)


def _month(text: str) -> date:
    try:
        month = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  # of the country's calendar
    except ValueError:
        month = date.min
    if not 2000 <= month.year < 3000:
        raise InputError(_("--month {text}: write 2026-11", text=text))
    return month


def _write_numbers(path: Path, rows: Iterable[tuple[int, int, int]]) -> None:
    with replacing_sheet(path, "numbers", ("msisdn", "billed", "accepted"), mode=0o600) as sheet:
        for msisdn, billed, accepted in rows:
            sheet.row((str(msisdn), billed, accepted))
