"""`broadcast campaign audit`: the books, recounted from their rows and compared with what SMSCs say, and explained."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import by_name
from broadcast.cli.files import replacing_sheet
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table, say, words
from broadcast.cli.session import act_on
from broadcast.errors import AuditError
from broadcast.languages import _, headings, term
from broadcast.ledger.books import SecondCopies
from broadcast.reports.comparison import BookLine
from broadcast.reports.differences import KEEP
from broadcast.reports.everybody import COLUMNS, Compared, row
from broadcast.reports.people import Difference
from broadcast.reports.simulated_book import SimulatedBook, read_book
from broadcast.reports.whole_audit import WholeAudit, whole_audit

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("audit")
@click.argument("name")
@click.option(
    "--book",
    "books",
    multiple=True,
    metavar="CARRIER=URL",
    help="Compare with a simulated carrier's own account, if it served this campaign only. Repeatable.",
)
@click.option(
    "--differences", "file", type=_FILE, help="Write everybody who differs from --book as CSV, or XLSX."
)
@click.option("--reveal", is_flag=True, help="Whole numbers in that file.")
@login_option
@json_option
def campaign_audit(name: str, books: Sequence[str], file: Path | None, reveal: bool, as_json: bool) -> None:
    """Recount every recipient from the ledger's rows and compare. Exit 1 when the books do not balance.

    With --book everybody's state is compared with what that carrier itself told of them.
    The result is remembered with the campaign; workers serve it as the metric `broadcast_audit_differences`.

    \b
    Example:
      broadcast campaign audit flood-warning
      broadcast campaign audit rehearsal --book viettel=http://127.0.0.1:8081/book
    """
    theirs = {carrier: read_book(url) for carrier, url in dict(map(_carrier_and_url, books)).items()}
    with _differences(file, reveal=reveal) as written:
        found = act_on(name, lambda session: _audited(session, name, theirs, written if file else None))
    if as_json:
        print_json(found.document())
    else:
        _show(found)
    if file:
        note(_("wrote {file}", file=words(file)))
    if found.problems:
        raise AuditError
    if not as_json:
        say(
            _("the books balance: {audience:,} recipients, each in one state", audience=found.ledger.audience)
        )


async def _audited(
    session: Session,
    name: str,
    theirs: Mapping[str, SimulatedBook],
    written: Callable[[Difference], None] | None,
) -> WholeAudit:
    """written: takes who differs into a file, of which the chain knows before it is there."""
    many = 0

    def take(difference: Difference) -> None:
        nonlocal many
        if written:
            many += 1
            written(difference)

    found = await whole_audit(session.connection, name, theirs, take, session.configuration)
    if written:
        campaign_id = (await by_name(session.connection, name)).campaign_id
        await note_read(session, "differences", many, campaign_id)
    return found


@contextmanager
def _differences(path: Path | None, *, reveal: bool) -> Iterator[Callable[[Difference], None]]:
    """Takes who differs, each a row of this file; of none, nothing is written."""
    if path is None:
        yield lambda difference: None
        return
    with replacing_sheet(path, "differences", COLUMNS, mode=0o600) as sheet:
        yield lambda difference: sheet.row(row(difference, reveal=reveal).values())


def _show(found: WholeAudit) -> None:
    rows = [
        (line.carrier, term(line.state), line.counted, line.tallied, line.counted == line.tallied)
        for line in found.ledger.lines
    ]
    print_table(
        _("The ledger: rows against tallies"),
        headings("carrier", "state", "counted", "tallied", "agrees"),
        rows,
    )
    if found.books:
        _show_books(found.books)
    if found.people.comparisons:
        _show_people(found.people)
    if found.copies:
        _show_copies(found.copies)
    _explain(found)


def _explain(found: WholeAudit) -> None:
    """What differs, what it may mean, what to do."""
    for line in found.books:
        if line.means and not line.problem:
            note(
                _(
                    "{carrier} {what}: {ours:,} and {theirs:,}, explained: {means}",
                    carrier=line.carrier,
                    what=line.what,
                    ours=line.ours,
                    theirs=line.theirs,
                    means=line.means,
                )
            )
    for each in found.ledger.differences:
        note(
            _(
                "{line}\n  by {by:,}; it may mean: {means}\n  next: {next}",
                line=each.line,
                by=each.by,
                means=each.means,
                next=_(each.next),
            )
        )
    for line in found.books:
        if line.problem:
            _note_problem(f"{line.carrier} {line.what}: {line.problem}", line.means)
    for problem, means in zip(found.people.problems, found.people.means, strict=True):
        _note_problem(problem, means)


def _note_problem(problem: str, means: str | None) -> None:
    note(_("{problem}\n  it may mean: {means}\n  next: {next}", problem=problem, means=means, next=_(KEEP)))


def _show_books(lines: Sequence[BookLine]) -> None:
    rows = [(line.carrier, line.what, line.ours, line.theirs, line.problem is None) for line in lines]
    print_table(
        "\n" + _("The ledger against the SMSCs"),
        headings("carrier", "what", "ours", "theirs", "agrees"),
        rows,
    )


def _show_copies(copies: Sequence[SecondCopies]) -> None:
    rows = [(each.carrier, each.recipients, each.resends, each.told, each.delivered) for each in copies]
    heads = headings("carrier", "recipients", "sent again", "copies before: told of", "delivered")
    print_table("\n" + _("Second copies (who: `broadcast campaign doubts NAME --resent`)"), heads, rows)


def _show_people(people: Compared) -> None:
    rows = [
        (each.carrier, _(verdict.value), count, verdict not in each.differing)
        for each in people.comparisons
        for verdict, count in each.counts.items()
    ]
    print_table(
        "\n" + _("Everybody against the SMSCs"), headings("carrier", "people", "number", "allowed"), rows
    )
    if people.first:
        told = [list(row(each).values()) for each in people.first]
        print_table(
            "\n" + _("The first {count} who differ (all: --differences FILE)", count=len(told)),
            list(map(term, COLUMNS)),
            told,
        )


def _carrier_and_url(option: str) -> tuple[str, str]:
    carrier, separator, url = option.partition("=")
    if not separator or not carrier or not url:
        raise click.BadParameter(_("{option} is not CARRIER=URL", option=option), param_hint="--book")
    return carrier, url
