"""`broadcast campaign report --invoice`: what carriers bill for one alert, against our own books of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from broadcast.actions.session import Session
from broadcast.campaign.campaigns import Campaign
from broadcast.cli.invoices import Invoiced, lines_document, read_invoice, show_lines
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.reports.billed import billed_of
from broadcast.reports.invoice import Invoice, Line, compare
from broadcast.tables import nearest


def compared(campaign: Campaign, given: Sequence[str], columns: Mapping[str, str]) -> Invoiced:
    """given: CARRIER=FILE. Lines of other campaigns are left aside; an invoice that names none is taken to be of this
    one. Raises InputError."""
    if not given:
        return {}
    config = configuration()
    carriers = campaign.carriers or sorted(config.country.prefixes)
    invoices = {
        carrier: read_invoice(Path(path), config, columns, None).of(campaign.name)
        for carrier, path in (_parted(each, carriers) for each in given)
    }

    async def ours(session: Session) -> Invoiced:
        return {
            carrier: await _against(session, config, carrier, campaign, invoice)
            for carrier, invoice in invoices.items()
        }

    return act(ours, config)


async def _against(
    session: Session, config: Config, carrier: str, campaign: Campaign, invoice: Invoice
) -> list[Line]:
    own = await billed_of(session.connection, config, carrier, campaign)
    return compare(invoice, own.own)


def _parted(text: str, carriers: Sequence[str]) -> tuple[str, str]:
    carrier, sign, path = text.partition("=")
    if not sign or not path:
        raise InputError(_("--invoice {text}: write CARRIER=FILE", text=text))
    if carrier not in carriers:
        raise InputError(
            _("the alert had no carrier {name}: {nearest}", name=carrier, nearest=nearest(carrier, carriers))
        )
    return carrier, path


def invoices_document(found: Invoiced) -> dict[str, Any]:
    return {"invoices": {carrier: lines_document(lines) for carrier, lines in found.items()}} if found else {}


def show_invoices(found: Invoiced) -> None:
    for carrier, lines in found.items():
        show_lines("\n" + _("Invoice of {carrier}: segments", carrier=carrier), lines)
