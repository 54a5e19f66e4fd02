"""`broadcast campaign report`: what became of an alert, on the terminal and in files."""

from collections.abc import Sequence
from pathlib import Path

import click

from broadcast.cli.files import write_text
from broadcast.cli.findings import show_findings
from broadcast.cli.misfits import show_misfits
from broadcast.cli.oddities import show_oddities
from broadcast.cli.output import (
    duration,
    effect_words,
    json_option,
    note,
    print_facts,
    print_json,
    print_table,
    say,
    to_json,
    words,
)
from broadcast.cli.report_document import STATES, document, refusals
from broadcast.cli.report_files import write_recipients, write_summary
from broadcast.cli.report_html import render
from broadcast.cli.runner import run
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.reports.audit import AuditResult, audit
from broadcast.reports.report import Report, report
from broadcast.store.pool import connect

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report")
@click.argument("name")
@click.option("--html", type=_FILE, help="Write the report as one self-contained HTML file.")
@click.option("--csv", "summary", type=_FILE, help="Write recipients per carrier and state as CSV.")
@click.option("--recipients", type=_FILE, help="Write a line per recipient as CSV, numbers masked.")
@click.option("--reveal", is_flag=True, help="With --recipients: whole numbers.")
@click.option("--json-file", type=_FILE, help="Write what --json prints to a file.")
@json_option
def campaign_report(
    name: str,
    html: Path | None,
    summary: Path | None,
    recipients: Path | None,
    reveal: bool,
    json_file: Path | None,
    as_json: bool,
) -> None:
    """What became of an alert: per carrier, state and reason.

    \b
    Example:
      broadcast campaign report flood-warning --html report.html --csv report.csv
    """
    if reveal and not recipients:
        raise click.UsageError("--reveal goes with --recipients FILE")
    found, audited, findings = run(_read(name))
    if html:
        write_text(html, render(found, audited, findings))
    if summary:
        write_summary(summary, found)
    if json_file:
        write_text(json_file, to_json(document(found, audited, findings)) + "\n")
    if recipients:
        run(_write_recipients(recipients, found.facts.campaign_id, reveal))
    if as_json:
        print_json(document(found, audited, findings))
    else:
        _show(found, audited, findings)
    for path in filter(None, (html, summary, json_file, recipients)):
        note(f"wrote {words(path)}")


async def _read(name: str) -> tuple[Report, AuditResult, tuple[Finding, ...]]:
    connection = await connect()
    try:
        found = await report(connection, name)
        campaign_id = found.facts.campaign_id
        findings = await Diagnosis(connection, campaign_id).findings(refusals(found))
        return found, await audit(connection, campaign_id), findings
    finally:
        await connection.close()


async def _write_recipients(path: Path, campaign_id: int, reveal: bool) -> None:
    connection = await connect()
    try:
        await write_recipients(path, connection, campaign_id, reveal=reveal)
    finally:
        await connection.close()


def _show(found: Report, audited: AuditResult, findings: Sequence[Finding]) -> None:
    facts, everything = found.facts, document(found, audited, findings)
    took = duration(facts.took_s) if facts.took_s is not None else None
    print_facts(
        f"{facts.name}: {facts.category} alert from {facts.sender}",
        {
            "state": facts.state,
            "launched": facts.launched_at,
            "finished": facts.finished_at,
            "took": took,
            "segments a message": facts.segments and f"up to {facts.segments}",
        },
    )
    for each in everything["imports"]:
        refused = (
            ", ".join(f"{reason} {count:,}" for reason, count in each["refused_by_reason"].items()) or "none"
        )
        line = {key: each[key] for key in ("lines", "imported", "updated", "duplicate", "refused")}
        print_facts(f"\nlines of {words(each['source'])}", {**line, "refused because": refused})
    states = [state for state in STATES if everything["total"][state]]
    columns = ["carrier", "audience", *states, "segments_accepted", "segments_per_second", "longest_pause_s"]
    lines = [*everything["carriers"], everything["total"]]
    heads = [column.replace("_", " ") for column in columns]
    print_table("\nWhat became of it", heads, [[line[column] for column in columns] for line in lines])
    _show_why(found)
    show_findings(findings, "What is wrong")
    for problem in audited.problems:
        note(f"the books do not balance: {problem}")


def _show_why(found: Report) -> None:
    """Tables for what there is, by reason."""
    if found.exclusions:
        rows = [(each.carrier, each.reason, each.recipients) for each in found.exclusions]
        print_table("\nWho was left out", ("carrier", "reason", "recipients"), rows)
    if found.failures:
        rows2 = [(each.carrier, each.state, each.reason or None, each.recipients) for each in found.failures]
        print_table("\nWhy it did not arrive", ("carrier", "state", "reason", "recipients"), rows2)
    if found.doubts:
        rows3 = [
            (each.carrier, each.reason, each.ended_as or "still is", each.recipients) for each in found.doubts
        ]
        print_table("\nWho was in doubt", ("carrier", "reason", "ended as", "recipients"), rows3)
    show_oddities(found.oddities)
    if found.misfits:
        say("")
        show_misfits(found.misfits)
    if found.replies:
        rows4 = [
            (each.carrier, each.keyword or None, effect_words(each.effect), each.replies)
            for each in found.replies
        ]
        print_table("\nWhat people answered", ("carrier", "keyword", "effect", "replies"), rows4)
