"""The whole audit of a campaign: its ledger recounted, and compared with what SMSCs say, by sums and by person."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.archive.books import books_of, snapshot
from broadcast.campaign.campaigns import by_name
from broadcast.errors import InputError
from broadcast.ledger.books import SecondCopies
from broadcast.reports.audit import AuditResult, judged, record, recount
from broadcast.reports.comparison import BookLine, compare
from broadcast.reports.everybody import Compared, compare_people
from broadcast.reports.our_side import ours
from broadcast.reports.people import Difference
from broadcast.reports.simulated_book import SimulatedBook
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class WholeAudit:
    """ledger: rows against tallies. books: our counts against SMSCs'; people: the same by person."""

    ledger: AuditResult
    books: Sequence[BookLine]
    people: Compared
    copies: Sequence[SecondCopies]

    @property
    def problems(self) -> list[str]:
        """What differs and must not, a sentence each."""
        said = [f"{line.carrier} {line.what}: {line.problem}" for line in self.books if line.problem]
        return [*self.ledger.problems, *said, *self.people.problems]

    def document(self) -> dict[str, Any]:
        """For JSON; numbers masked."""
        return {
            "balanced": not self.problems,
            "problems": self.problems,
            "ledger": self.ledger,
            "books": self.books,
            "people": self.people.documents(),
            "second_copies": self.copies,
        }


async def whole_audit(
    connection: Connection,
    name: str,
    theirs: Mapping[str, SimulatedBook],
    actor: str,
    found: Callable[[Difference], None],
) -> WholeAudit:
    """Of one snapshot; the result is remembered with the campaign.

    theirs: by carrier, read before. found: is given everybody who differs. Raises InputError when there is no such
    campaign, it was never launched, or has not these carriers.
    """
    campaign_id = (await by_name(connection, name)).campaign_id
    async with snapshot(connection):
        books = await books_of(connection, campaign_id)
        counted = await recount(connection, campaign_id, books)
        mine = await ours(connection, campaign_id, books)
        _check_carriers(theirs, mine)
        lines = [line for carrier, book in theirs.items() for line in compare(mine[carrier], book.summary)]
        accounts = {carrier: book.people for carrier, book in theirs.items()}
        resends = {carrier: each.by_name for carrier, each in mine.items()}
        people = await compare_people(books, accounts, resends, found)
        copies = await books.second_copies()
    result = WholeAudit(judged(counted, await books.problems()), lines, people, copies)
    await record(connection, campaign_id, actor, result.problems)
    return result


def _check_carriers(asked: Collection[str], known: Collection[str]) -> None:
    missing = sorted(set(asked) - set(known))
    if missing:
        raise InputError(
            f"--book: the campaign has no carrier {', '.join(missing)} ({', '.join(sorted(known))})"
        )
