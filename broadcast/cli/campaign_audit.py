"""`broadcast campaign audit`: the books, recounted from their rows and compared with what SMSCs say."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import click

from broadcast.cli.output import json_option, note, print_json, print_table, say
from broadcast.cli.runner import run
from broadcast.errors import AuditError, BroadcastError, InputError
from broadcast.ledger import archive_read
from broadcast.ledger.audit import AuditResult, audit
from broadcast.ledger.books import BookLine, Ours, compare
from broadcast.ledger.progress import progress
from broadcast.ledger.report import find
from broadcast.store.pool import connect
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_BOOK_S = 30.0


@click.command("audit")
@click.argument("name")
@click.option(
    "--book",
    "books",
    multiple=True,
    metavar="CARRIER=URL",
    help="Compare with a simulated carrier's own account, if it served this campaign only. Repeatable.",
)
@json_option
def campaign_audit(name: str, books: Sequence[str], as_json: bool) -> None:
    """Recount every recipient from the ledger's rows and compare. Exit 1 when the books do not balance.

    \b
    Example:
      broadcast campaign audit flood-warning
      broadcast campaign audit rehearsal --book viettel=http://127.0.0.1:8081/book
    """
    urls = dict(_carrier_and_url(each) for each in books)
    result, lines = run(_audit(name, {carrier: read_book(url) for carrier, url in urls.items()}))
    problems = [
        *result.problems,
        *(f"{line.carrier} {line.what}: {line.problem}" for line in lines if line.problem),
    ]
    if as_json:
        print_json({"balanced": not problems, "problems": problems, "ledger": result, "books": lines})
    else:
        _show(result, lines)
        for problem in problems:
            note(problem)
    if problems:
        raise AuditError
    if not as_json:
        say(f"the books balance: {result.audience:,} recipients, each in one state")


def read_book(url: str) -> Mapping[str, Any]:
    """A simulated SMSC's summary. Raises InputError for another URL, BroadcastError when nobody answers."""
    if not url.startswith(("http://", "https://")):
        raise InputError(f"--book: {url} is not an http URL")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # it is ours: never by way of a proxy
    try:
        with opener.open(
            url if url.rstrip("/").endswith("/book") else f"{url.rstrip('/')}/book", timeout=_BOOK_S
        ) as got:
            book = json.load(got)
    except OSError as error:
        raise BroadcastError(f"--book: {url} does not answer: is that simulator still running?") from error
    except ValueError as error:
        raise InputError(f"--book: {url} is not the book of a simulated carrier") from error
    if not isinstance(book, dict):
        raise InputError(f"--book: {url} gives something else than an account")
    return book


async def _audit(name: str, books: Mapping[str, Mapping[str, Any]]) -> tuple[AuditResult, list[BookLine]]:
    connection = await connect()
    try:
        campaign_id = (await find(connection, name)).campaign_id
        result = await audit(connection, campaign_id)
        ours = await _ours(connection, campaign_id)
        missing = sorted(set(books) - set(ours))
        if missing:
            raise InputError(
                f"--book: the campaign has no carrier {', '.join(missing)} ({', '.join(sorted(ours))})"
            )
        return result, [line for carrier, book in books.items() for line in compare(ours[carrier], book)]
    finally:
        await connection.close()


async def _ours(connection: Connection, campaign_id: int) -> dict[str, Ours]:
    now = await progress(connection, campaign_id)
    kept = await archive_read.archived(connection, campaign_id)
    rows: Mapping[str, Any] = (
        archive_read.books(kept)
        if kept
        else {row["carrier"]: row for row in await connection.fetch(sql("books_ours"), campaign_id)}
    )
    return {
        line.carrier: Ours(
            line=line,
            never_sent=rows[line.carrier]["never_sent"],
            doubts=rows[line.carrier]["doubts"],
            resent=rows[line.carrier]["resent"],
            segments_a_message=now.segments or 1,
        )
        for line in now.carriers
    }


def _show(result: AuditResult, lines: Sequence[BookLine]) -> None:
    rows = [
        (line.carrier, line.state, line.counted, line.tallied, line.counted == line.tallied)
        for line in result.lines
    ]
    print_table(
        "The ledger: rows against tallies", ("carrier", "state", "counted", "tallied", "agrees"), rows
    )
    if lines:
        compared = [(line.carrier, line.what, line.ours, line.theirs, line.problem is None) for line in lines]
        print_table(
            "\nThe ledger against the SMSCs", ("carrier", "what", "ours", "theirs", "agrees"), compared
        )


def _carrier_and_url(option: str) -> tuple[str, str]:
    carrier, separator, url = option.partition("=")
    if not separator or not carrier or not url:
        raise click.BadParameter(f"{option} is not CARRIER=URL", param_hint="--book")
    return carrier, url
