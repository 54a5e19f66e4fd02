"""`broadcast campaign audit`: the books, recounted from their rows and compared with what SMSCs say, and explained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from broadcast.archive.books import books_of
from broadcast.cli.audit_people import COLUMNS, Compared, compare_people, differences_file, document, row
from broadcast.cli.operator import actor_option
from broadcast.cli.output import json_option, note, print_json, print_table, say, words
from broadcast.cli.runner import run
from broadcast.cli.simulated_book import SimulatedBook, read_book
from broadcast.errors import AuditError, InputError
from broadcast.ledger.books import SecondCopies
from broadcast.reports.audit import AuditResult, audit, record
from broadcast.reports.comparison import BookLine, compare
from broadcast.reports.differences import KEEP
from broadcast.reports.our_side import ours
from broadcast.reports.people import Difference
from broadcast.reports.report import find
from broadcast.store.pool import connect

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
@click.option("--differences", "file", type=_FILE, help="Write everybody who differs from --book as CSV.")
@click.option("--reveal", is_flag=True, help="Whole numbers in that file.")
@actor_option
@json_option
def campaign_audit(
    name: str, books: Sequence[str], file: Path | None, reveal: bool, actor: str, as_json: bool
) -> None:
    """Recount every recipient from the ledger's rows and compare. Exit 1 when the books do not balance.

    With --book everybody's state is compared with what that carrier itself told of them.
    The result is remembered with the campaign; workers serve it as the metric `broadcast_audit_differences`.

    \b
    Example:
      broadcast campaign audit flood-warning
      broadcast campaign audit rehearsal --book viettel=http://127.0.0.1:8081/book
    """
    urls = dict(_carrier_and_url(each) for each in books)
    theirs = {carrier: read_book(url) for carrier, url in urls.items()}
    with differences_file(file, reveal=reveal) as write:
        found = run(_audit(name, theirs, actor, write))
    if as_json:
        print_json(
            {
                "balanced": not found.problems,
                "problems": found.problems,
                "ledger": found.ledger,
                "books": found.books,
                "people": document(found.people),
                "second_copies": found.copies,
            }
        )
    else:
        _show(found)
    if file:
        note(f"wrote {words(file)}")
    if found.problems:
        raise AuditError
    if not as_json:
        say(f"the books balance: {found.ledger.audience:,} recipients, each in one state")


@dataclass(frozen=True, slots=True)
class _Found:
    """ledger: rows against tallies. books: our counts against SMSCs'; people: the same by person."""

    ledger: AuditResult
    books: Sequence[BookLine]
    people: Compared
    copies: Sequence[SecondCopies]

    @property
    def problems(self) -> list[str]:
        said = [f"{line.carrier} {line.what}: {line.problem}" for line in self.books if line.problem]
        return [*self.ledger.problems, *said, *self.people.problems]


async def _audit(
    name: str, books: Mapping[str, SimulatedBook], actor: str, write: Callable[[Difference], None]
) -> _Found:
    connection = await connect()
    try:
        campaign_id = (await find(connection, name)).campaign_id
        result = await audit(connection, campaign_id)
        kept = await books_of(connection, campaign_id)
        mine = await ours(connection, campaign_id, kept)
        missing = sorted(set(books) - set(mine))
        if missing:
            raise InputError(
                f"--book: the campaign has no carrier {', '.join(missing)} ({', '.join(sorted(mine))})"
            )
        found = _Found(
            result,
            [line for carrier, book in books.items() for line in compare(mine[carrier], book.summary)],
            await compare_people(
                connection,
                campaign_id,
                {carrier: book.people for carrier, book in books.items()},
                {carrier: each.by_name for carrier, each in mine.items()},
                write,
            ),
            await kept.second_copies(),
        )
        await record(connection, campaign_id, actor, found.problems)
        return found
    finally:
        await connection.close()


def _show(found: _Found) -> None:
    rows = [
        (line.carrier, line.state, line.counted, line.tallied, line.counted == line.tallied)
        for line in found.ledger.lines
    ]
    print_table(
        "The ledger: rows against tallies", ("carrier", "state", "counted", "tallied", "agrees"), rows
    )
    if found.books:
        compared = [
            (line.carrier, line.what, line.ours, line.theirs, line.problem is None) for line in found.books
        ]
        print_table(
            "\nThe ledger against the SMSCs", ("carrier", "what", "ours", "theirs", "agrees"), compared
        )
    if found.people.comparisons:
        _show_people(found.people)
    if found.copies:
        resent = [
            (each.carrier, each.recipients, each.resends, each.told, each.delivered) for each in found.copies
        ]
        heads = ("carrier", "recipients", "sent again", "copies before: told of", "delivered")
        print_table("\nSecond copies (who: `broadcast campaign doubts NAME --resent`)", heads, resent)
    for line in found.books:
        if line.means and not line.problem:
            note(f"{line.carrier} {line.what}: {line.ours:,} and {line.theirs:,}, explained: {line.means}")
    for each in found.ledger.differences:
        note(f"{each.line}\n  by {each.by:,}; it may mean: {each.means}\n  next: {each.next}")
    for line in found.books:
        if line.problem:
            note(f"{line.carrier} {line.what}: {line.problem}\n  it may mean: {line.means}\n  next: {KEEP}")
    for problem, means in zip(found.people.problems, found.people.means, strict=True):
        note(f"{problem}\n  it may mean: {means}\n  next: {KEEP}")


def _show_people(people: Compared) -> None:
    rows = [
        (each.carrier, verdict.value, count, verdict not in each.differing)
        for each in people.comparisons
        for verdict, count in each.counts.items()
    ]
    print_table("\nEverybody against the SMSCs", ("carrier", "people", "number", "allowed"), rows)
    if people.first:
        told = [list(row(each).values()) for each in people.first]
        print_table(f"\nThe first {len(told)} who differ (all: --differences FILE)", COLUMNS, told)


def _carrier_and_url(option: str) -> tuple[str, str]:
    carrier, separator, url = option.partition("=")
    if not separator or not carrier or not url:
        raise click.BadParameter(f"{option} is not CARRIER=URL", param_hint="--book")
    return carrier, url
