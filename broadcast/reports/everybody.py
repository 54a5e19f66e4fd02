"""The part of an audit that goes person by person: ours streamed past what the SMSCs say of everybody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from broadcast.languages import _
from broadcast.ledger.books import Books
from broadcast.ledger.states import RecipientState
from broadcast.masked import shown
from broadcast.reports.people import MEANS, Account, Comparison, Difference, Verdict

COLUMNS: Final = ("carrier", "msisdn", "ours", "told", "decided", "copies", "difference")
_SHOWN: Final = 20  # differences that are told of one by one


@dataclass(slots=True)
class Compared:
    """What came of it. comparisons: a carrier each. first: some of those that differ."""

    comparisons: Sequence[Comparison] = ()
    first: list[Difference] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """A line for each kind of difference, and how many people."""
        return [
            _(
                "{carrier} people: {count:,} {verdict}",
                carrier=each.carrier,
                count=count,
                verdict=_(verdict.value),
            )
            for each in self.comparisons
            for verdict, count in each.differing.items()
        ]

    @property
    def means(self) -> list[str]:
        """For each of `problems`, what it may mean."""
        return [_(MEANS[verdict]) for each in self.comparisons for verdict in each.differing]

    def documents(self) -> list[dict[str, Any]]:
        """For JSON: by carrier, the people of each verdict, and the first that differ, masked."""
        return [
            {
                "carrier": each.carrier,
                "people": each.people,
                "agree": each.people - sum(each.differing.values()),
                "differ": sum(each.differing.values()),
                "verdicts": {
                    verdict.value: each.counts[verdict] for verdict in Verdict if each.counts[verdict]
                },
                "first": [row(one) for one in self.first if one.carrier == each.carrier],
            }
            for each in self.comparisons
        ]


async def compare_people(
    libraries: Sequence[Books],
    accounts: Mapping[str, Account],
    resends: Mapping[str, Mapping[int, int]],
    found: Callable[[Difference], None],
) -> Compared:
    """Within the transactions of the books, those of each ledger. accounts: by carrier. resends: as Books.resent.
    found: is given every difference."""
    by_carrier = {
        name: Comparison(name, account, resends.get(name, {})) for name, account in accounts.items()
    }
    compared = Compared(tuple(by_carrier.values()))

    def note(difference: Difference) -> None:
        if len(compared.first) < _SHOWN:
            compared.first.append(difference)
        found(difference)

    for books in libraries if by_carrier else ():
        async for people in books.people():
            comparison = by_carrier.get(people.carrier)
            if comparison is None:
                continue
            for _at, _no, msisdn, state, _count, submitted_at, settled_at, *_rest in people.rows():
                sent = submitted_at is not None or settled_at is not None
                difference = comparison.look(msisdn, RecipientState(state), sent)
                if difference is not None:
                    note(difference)
    for comparison in by_carrier.values():
        for difference in comparison.rest():
            note(difference)
    return compared


def row(each: Difference, *, reveal: bool = False) -> dict[str, Any]:
    """By COLUMNS."""
    theirs = each.theirs
    told = "refused" if theirs.refused and theirs.told is None else theirs.told and theirs.told.column
    return {
        "carrier": each.carrier,
        "msisdn": shown(each.msisdn, reveal=reveal),
        "ours": each.ours,
        "told": told,
        "decided": theirs.decided and theirs.decided.column,
        "copies": theirs.copies,
        "difference": each.verdict.value,
    }
