"""The whole audit of a campaign: its ledger recounted, and compared with what SMSCs say, by sums and by person."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from broadcast.archive.books import books_of, snapshot
from broadcast.campaign.campaigns import by_name
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.ledger.books import Books, SecondCopies
from broadcast.reports.audit import (
    AuditResult,
    Recount,
    entries_here,
    judged,
    record,
    recount,
    whole,
)
from broadcast.reports.comparison import BookLine, Ours, compare, plus
from broadcast.reports.everybody import Compared, compare_people
from broadcast.reports.our_side import ours
from broadcast.reports.people import Difference
from broadcast.reports.simulated_book import SimulatedBook
from broadcast.store.ledgers import parts_of
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
    home: Connection,
    name: str,
    theirs: Mapping[str, SimulatedBook],
    found: Callable[[Difference], None],
    config: Config | None = None,
) -> WholeAudit:
    """Of one snapshot of each ledger; the result is remembered with the campaign. config: where there are several.

    theirs: by carrier, read before. found: is given everybody who differs. Raises InputError when there is no such
    campaign, it was never launched, or has not these carriers.
    """
    campaign = await by_name(home, name)
    campaign_id = campaign.campaign_id
    async with parts_of(home, config, campaign_id) as parts, AsyncExitStack() as stack:
        libraries, counted, mine = dict[str, Books](), dict[str, Recount](), dict[str, Ours]()
        entries: dict[str, int] = {}
        for part in parts.all():
            await stack.enter_async_context(snapshot(part.connection))
            books = libraries[part.name] = await books_of(part.connection, campaign_id)
            counted[part.name] = await recount(part.connection, campaign_id, books)
            entries[part.name] = await entries_here(part.connection, campaign_id)
            for carrier, each in (await ours(part.connection, campaign_id, books)).items():
                mine[carrier] = plus(mine[carrier], each) if carrier in mine else each
        _check_carriers(theirs, mine)
        lines = [line for carrier, book in theirs.items() for line in compare(mine[carrier], book.summary)]
        accounts = {carrier: book.people for carrier, book in theirs.items()}
        resends = {carrier: each.by_name for carrier, each in mine.items()}
        people = await compare_people(list(libraries.values()), accounts, resends, found)
        copies = [each for books in libraries.values() for each in await books.second_copies()]
        audits = {part: judged(counted[part], await books.problems()) for part, books in libraries.items()}
        ledger = await whole(home, campaign_id, audits, entries, parts.lost)
        result = WholeAudit(ledger, lines, people, copies)
        await stack.aclose()
        for part in parts.reached:
            if not part.home:  # its workers serve the metric
                await record(part.connection, campaign_id, audits[part.name].problems)
        await record(home, campaign_id, result.problems)
    return result


def _check_carriers(asked: Collection[str], known: Collection[str]) -> None:
    missing = sorted(set(asked) - set(known))
    if missing:
        raise InputError(
            _(
                "--book: the campaign has no carrier {missing} ({known})",
                missing=", ".join(missing),
                known=", ".join(sorted(known)),
            )
        )
