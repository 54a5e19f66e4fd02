"""`broadcast campaign report`: what became of an alert, on the terminal and in files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.marks import marked
from broadcast.cli.files import replacing_sheet, write_text
from broadcast.cli.findings import show_findings, show_misfits, show_oddities
from broadcast.cli.invoices import columns_option, refuse_differing
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say, to_json, words
from broadcast.cli.report_invoices import compared, invoices_document, show_invoices
from broadcast.cli.session import act
from broadcast.cli.settings import time_zone
from broadcast.forecast.verdict import money
from broadcast.languages import _, chosen, codes, grouped, headings, spoken, term
from broadcast.reports.document import STATES
from broadcast.reports.everything import Everything, everything
from broadcast.reports.files import (
    FORECAST,
    RECIPIENTS,
    SUMMARY,
    write_forecast,
    write_recipients,
    write_summary,
)
from broadcast.reports.foreseen import MOMENT_NAMES
from broadcast.reports.page import render
from broadcast.reports.report import Report
from broadcast.words import duration, effect_words

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report")
@click.argument("name")
@click.option("--html", type=_FILE, help="Write the report as one self-contained HTML file.")
@click.option(
    "--csv",
    "summary",
    type=_FILE,
    help="Write recipients per carrier and state as CSV, or XLSX by its ending.",
)
@click.option(
    "--forecast", type=_FILE, help="Write what was foreseen at the launch and what came, the same way."
)
@click.option("--recipients", type=_FILE, help="Write a line per recipient the same way, numbers masked.")
@click.option("--reveal", is_flag=True, help="With --recipients: whole numbers.")
@click.option(
    "--invoice",
    "invoices",
    multiple=True,
    metavar="CARRIER=FILE",
    help="Compare a carrier's invoice with what our books say of this alert; exit 1 when they differ. Repeat for more.",
)
@columns_option
@click.option("--json-file", type=_FILE, help="Write what --json prints to a file.")
@login_option
@json_option
def campaign_report(
    name: str,
    html: Path | None,
    summary: Path | None,
    forecast: Path | None,
    recipients: Path | None,
    reveal: bool,
    invoices: Sequence[str],
    columns: Mapping[str, str],
    json_file: Path | None,
    as_json: bool,
) -> None:
    """What became of an alert: per carrier, state and reason.

    \b
    Example:
      broadcast campaign report flood-warning --html report.html --csv report.csv
      broadcast campaign report flood-warning --csv report.xlsx --recipients recipients.xlsx
      broadcast campaign report flood-warning --invoice viettel=viettel-2026-11.csv
    """
    if reveal and not recipients:
        raise click.UsageError(_("--reveal goes with --recipients FILE"))
    found = _found(name)
    invoiced = compared(found.report.campaign, invoices, columns)
    if html:
        write_text(html, render(found.report, found.audit, found.findings, time_zone))
    _write_sheets(found.report, summary, forecast)
    if json_file:
        write_text(json_file, to_json(_in_english(name, found).document()) + "\n")
    if recipients:
        act(lambda session: _write_recipients(session, recipients, found.report.campaign, reveal))
    if as_json:
        print_json(found.document() | invoices_document(invoiced))
    else:
        _show(found)
        show_invoices(invoiced)
    for wrote in filter(None, (html, summary, forecast, json_file, recipients)):
        note(_("wrote {path}", path=words(wrote)))
    refuse_differing(invoiced)


def _write_sheets(report: Report, summary: Path | None, forecast: Path | None) -> None:
    """None: it was not asked for."""
    if summary:
        with replacing_sheet(summary, "summary", SUMMARY) as sheet:
            write_summary(sheet, report)
    if forecast:
        with replacing_sheet(forecast, "forecast", FORECAST) as sheet:
            write_forecast(sheet, report)


def _found(name: str) -> Everything:
    return act(lambda session: everything(session.connection, name, session.configuration))


def _in_english(name: str, found: Everything) -> Everything:
    """As --json says it, in whatever language the page is: sentences are made where they are found."""
    if chosen() == "en":
        return found
    with spoken("en"):
        return _found(name)


async def _write_recipients(session: Session, path: Path, campaign: Campaign, reveal: bool) -> None:
    await note_read(session, "recipients", campaign.audience or 0, campaign.campaign_id)
    with replacing_sheet(path, "recipients", RECIPIENTS, mode=0o600) as sheet:
        await write_recipients(
            sheet,
            session.connection,
            campaign.campaign_id,
            session.configuration,
            reveal=reveal,
            status=campaign.status,
        )


def _show(found: Everything) -> None:
    campaign, told = found.report.campaign, found.document()
    print_facts(
        marked(
            campaign.status,
            _(
                "{name}: {category} alert from {sender}",
                name=campaign.name,
                category=term(campaign.category),
                sender=campaign.sender,
            ),
        ),
        {
            _("state"): campaign.state,
            _("launched"): campaign.launched_at,
            _("finished"): campaign.finished_at,
            _("took"): duration(found.report.took_s),
            _("segments a message"): campaign.segments and _("up to {segments}", segments=campaign.segments),
        },
    )
    for each in told["imports"]:
        _show_import(each)
    states = [state for state in STATES if told["total"][state]]
    columns = [
        *codes("carrier", "audience"),
        *states,
        *codes("segments_accepted", "segments_per_second", "longest_pause_s"),
    ]
    lines = [*told["carriers"], {**told["total"], "carrier": _("all")}]
    heads = [term(column).replace("_", " ") for column in columns]
    print_table(
        "\n" + _("What became of it"), heads, [[line[column] for column in columns] for line in lines]
    )
    _show_foreseen(found.report)
    _show_why(found.report)
    show_findings(found.findings, _("What is wrong"))
    for problem in found.audit.problems:
        note(_("the books do not balance: {problem}", problem=problem))


def _show_import(each: Mapping[str, Any]) -> None:
    reasons = each["refused_by_reason"].items()
    refused = ", ".join(f"{term(reason)} {grouped(count)}" for reason, count in reasons) or _("none")
    line = {term(key): each[key] for key in codes("lines", "imported", "updated", "duplicate", "refused")}
    print_facts(
        "\n" + _("lines of {source}", source=words(each["source"])), {**line, _("refused because"): refused}
    )


def _show_foreseen(found: Report) -> None:
    """A row a moment, segments and costs below."""
    rows: list[tuple[Any, ...]] = []
    for line in found.foreseen:
        carrier = _("all") if line.carrier == "all" else line.carrier
        rows += [(carrier, _(MOMENT_NAMES[what]), *pair) for what, *pair in line.rows()]
        rows.append((carrier, _("segments"), line.segments_foreseen, line.segments))
        if line.currency and line.cost is not None and line.cost_foreseen is not None:
            costs = (money(each, line.currency) for each in (line.cost_foreseen, line.cost))
            rows.append((carrier, _("cost"), *costs))
    if rows:
        print_table("\n" + _("Forecast and fact"), headings("carrier", "what", "foreseen", "fact"), rows)


def _show_why(found: Report) -> None:
    """Tables for what there is, by reason."""
    if found.exclusions:
        rows = [(each.carrier, term(each.reason), each.recipients) for each in found.exclusions]
        print_table("\n" + _("Who was left out"), headings("carrier", "reason", "recipients"), rows)
    if found.failures:
        rows2 = [
            (each.carrier, term(each.state), term(each.reason) or None, each.recipients)
            for each in found.failures
        ]
        print_table(
            "\n" + _("Why it did not arrive"), headings("carrier", "state", "reason", "recipients"), rows2
        )
    if found.doubts:
        rows3 = [
            (each.carrier, term(each.reason), term(each.ended_as or "still is"), each.recipients)
            for each in found.doubts
        ]
        print_table(
            "\n" + _("Who was in doubt"), headings("carrier", "reason", "ended as", "recipients"), rows3
        )
    if found.progress.withdrawals:
        heads = headings("carrier", "withdrawn", "not withdrawn", "at most not asked for", "note")
        rows5 = [
            (each.carrier, each.withdrawn, each.not_withdrawn, each.to_ask, each.why or None)
            for each in found.progress.withdrawals
        ]
        print_table("\n" + _("What was asked back, in people"), heads, rows5)
    show_oddities(found.oddities)
    if found.misfits:
        say("")
        show_misfits(found.misfits)
    if found.replies:
        rows4 = [
            (each.carrier, each.keyword or None, effect_words(each.effect), each.replies)
            for each in found.replies
        ]
        print_table(
            "\n" + _("What people answered"), headings("carrier", "keyword", "effect", "replies"), rows4
        )
