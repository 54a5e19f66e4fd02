"""`broadcast campaign audit`: the books, recounted from their rows and compared with what SMSCs say, and explained."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from broadcast.archive.books import books_of
from broadcast.cli.operator import actor_option
from broadcast.cli.output import json_option, masked, note, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.errors import AuditError, BroadcastError, InputError
from broadcast.ledger.books import SecondCopies
from broadcast.reports.audit import AuditResult, audit, record
from broadcast.reports.comparison import BookLine, compare, unnamed
from broadcast.reports.differences import KEEP
from broadcast.reports.our_side import ours
from broadcast.reports.report import find
from broadcast.store.pool import connect

_BOOK_S = 30.0
_NAMED = 5  # numbers shown, masked


@click.command("audit")
@click.argument("name")
@click.option(
    "--book",
    "books",
    multiple=True,
    metavar="CARRIER=URL",
    help="Compare with a simulated carrier's own account, if it served this campaign only. Repeatable.",
)
@actor_option
@json_option
def campaign_audit(name: str, books: Sequence[str], actor: str, as_json: bool) -> None:
    """Recount every recipient from the ledger's rows and compare. Exit 1 when the books do not balance.

    The result is remembered with the campaign; workers serve it as the metric `broadcast_audit_differences`.

    \b
    Example:
      broadcast campaign audit flood-warning
      broadcast campaign audit rehearsal --book viettel=http://127.0.0.1:8081/book
    """
    urls = dict(_carrier_and_url(each) for each in books)
    found = run(
        _audit(name, {carrier: (read_book(url), read_copies(url)) for carrier, url in urls.items()}, actor)
    )
    if as_json:
        print_json(
            {
                "balanced": not found.problems,
                "problems": found.problems,
                "ledger": found.ledger,
                "books": found.books,
                "second_copies": found.copies,
            }
        )
    else:
        _show(found)
    if found.problems:
        raise AuditError
    if not as_json:
        say(f"the books balance: {found.ledger.audience:,} recipients, each in one state")


@dataclass(frozen=True, slots=True)
class _Found:
    """ledger: rows against tallies. books: ours against SMSCs'. unnamed: MSISDNs with copies that no row names."""

    ledger: AuditResult
    books: Sequence[BookLine]
    copies: Sequence[SecondCopies]
    unnamed: Sequence[int]

    @property
    def problems(self) -> list[str]:
        said = [f"{line.carrier} {line.what}: {line.problem}" for line in self.books if line.problem]
        return [*self.ledger.problems, *said]


def read_book(url: str) -> Mapping[str, Any]:
    """A simulated SMSC's summary. Raises InputError for another URL, BroadcastError when nobody answers."""
    return _read(url, "")


def read_copies(url: str) -> Mapping[str, int]:
    """Its recipients with more than one copy: digits -> copies. Raises as `read_book`."""
    return _read(url, "/copies")


def _read(url: str, page: str) -> Mapping[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise InputError(f"--book: {url} is not an http URL")
    # it is ours: never by way of a proxy
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    root = url.rstrip("/")
    try:
        with opener.open((root if root.endswith("/book") else f"{root}/book") + page, timeout=_BOOK_S) as got:
            book = json.load(got)
    except OSError as error:
        raise BroadcastError(f"--book: {url} does not answer: is that simulator still running?") from error
    except ValueError as error:
        raise InputError(f"--book: {url} is not the book of a simulated carrier") from error
    if not isinstance(book, dict):
        raise InputError(f"--book: {url} gives something else than an account")
    return book


_Books = Mapping[str, tuple[Mapping[str, Any], Mapping[str, int]]]


async def _audit(name: str, books: _Books, actor: str) -> _Found:
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
            [
                line
                for carrier, (book, copies) in books.items()
                for line in compare(mine[carrier], book, copies)
            ],
            await kept.second_copies(),
            [
                each
                for carrier, (_, copies) in books.items()
                for each in unnamed(copies, mine[carrier].by_name)
            ],
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
    if found.unnamed:
        shown = ", ".join(masked(msisdn) for msisdn in found.unnamed[:_NAMED])
        note(f"copies that no row names: {shown}{' ...' if len(found.unnamed) > _NAMED else ''}")


def _carrier_and_url(option: str) -> tuple[str, str]:
    carrier, separator, url = option.partition("=")
    if not separator or not carrier or not url:
        raise click.BadParameter(f"{option} is not CARRIER=URL", param_hint="--book")
    return carrier, url
