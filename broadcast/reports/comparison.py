"""Our ledger beside an SMSC's own account of one campaign. Pure.

Counts only; people.py compares person by person. The SMSC's account counts recipients by what it did with them,
whatever we learnt of it. Whoever is open in our ledger (accepted, in doubt, unknown) may be anywhere in the other one,
and so may whoever was to be sent another copy, which expired or was refused: the SMSC may have the first. Nobody else
may: with none of these the two are equal, and otherwise the SMSC is ahead by no more than they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broadcast.languages import N_, _, term
from broadcast.reports.progress import CarrierProgress, together

_FATES = ("delivered", "undeliverable", "expired", "rejected")
_OPEN = ("accepted", "in_doubt", "unknown")
_OTHER_BOOK = N_(
    "the simulator was started anew (its book is in memory), or this is the book of another carrier"
)


@dataclass(frozen=True, slots=True)
class Ours:
    """One carrier of one campaign in our ledger.

    never_sent: recipients counted as expired who never left us. doubts: recipients ever in doubt. resent: of
    them, sent a second time; by_name: these by MSISDN, and how often (people.py). acked: receipts and what could not be
    read, of this carrier and whatever campaign.
    """

    line: CarrierProgress
    never_sent: int
    doubts: int
    resent: int
    segments_a_message: int
    by_name: Mapping[int, int] = field(default_factory=dict)
    acked: int = 0


def plus(one: Ours, other: Ours) -> Ours:
    """A carrier that is split over two ledgers, as one. acked: of whatever campaign, each ledger has its own."""
    return Ours(
        line=together(one.line.carrier, (one.line, other.line)),
        never_sent=one.never_sent + other.never_sent,
        doubts=one.doubts + other.doubts,
        resent=one.resent + other.resent,
        segments_a_message=max(one.segments_a_message, other.segments_a_message),
        by_name={**one.by_name, **other.by_name},
        acked=one.acked + other.acked,
    )


@dataclass(frozen=True, slots=True)
class BookLine:
    """One figure on both sides; what is wrong with it, if anything is; why they may or may not differ, if they do."""

    carrier: str
    what: str
    ours: int
    theirs: int
    problem: str | None
    means: str | None = None


def compare(ours: Ours, book: Mapping[str, Any]) -> tuple[BookLine, ...]:
    """book: the summary of a simulated SMSC that has served nothing else (`GET /book`)."""
    lines = [*_fates(ours, book), _segments(ours, book), _copies(ours, book), _receipts(ours, book)]
    if book.get("tps"):
        lines.append(_rate(ours, book))
    return tuple(lines)


def _fates(ours: Ours, book: Mapping[str, Any]) -> list[BookLine]:
    states = ours.line.states
    room = sum(states[state] for state in _OPEN)
    again = min(ours.resent, ours.never_sent + states["rejected"])
    theirs = {fate: int(book.get("fates", {}).get(fate, 0)) for fate in _FATES}
    theirs["rejected"] += int(
        book.get("rejected", 0)
    )  # refused at submit_sm, beside those refused by receipt
    mine = {fate: states[fate] for fate in _FATES}
    mine["expired"] -= ours.never_sent
    ahead = sum(theirs[fate] - mine[fate] for fate in _FATES)
    lines = []
    for fate in _FATES:
        problem = means = None
        if theirs[fate] < mine[fate]:
            problem, means = _("the SMSC has fewer"), _(_OTHER_BOOK)
        elif theirs[fate] > mine[fate] and ahead > room + again:
            problem = _("the SMSC has more, and only {room} of ours are open", room=room)
            means = _(
                "receipts of ours were settled as something else, or are not settled yet: try again in a minute"
            )
        elif theirs[fate] > mine[fate]:
            means = _(
                "decided there; {room} of ours still wait for a receipt or an answer, or never got one",
                room=room,
            )
        lines.append(BookLine(ours.line.carrier, term(fate), mine[fate], theirs[fate], problem, means))
    return lines


def _segments(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    """Segments whose answer was lost are known to the SMSC only."""
    theirs, mine = int(book.get("segments", 0)), ours.line.segments
    room = ours.doubts * ours.segments_a_message
    problem = means = None
    if not mine <= theirs <= mine + room:
        problem = (
            _("they differ")
            if not room
            else _("they differ by more than the {room} that were ever in doubt", room=room)
        )
        means = (
            _(_OTHER_BOOK)
            if theirs < mine
            else _("something was sent that the ledger never intended (law 2)")
        )
    elif theirs > mine:
        means = _(
            "{theirs} were taken and their answer never came: their recipients were in doubt",
            theirs=theirs - mine,
        )
    return BookLine(ours.line.carrier, _("segments"), mine, theirs, problem, means)


def _copies(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    """Recipients with more than one copy: no more than those whom we sent a second one."""
    theirs = int(book.get("duplicates", 0))
    problem = means = None
    if theirs > ours.resent:
        problem = _("more second copies than we resent")
        means = _("somebody got the message twice and no row says so (law 2)")
    elif theirs < ours.resent:
        means = _("whoever was resent and has one copy: the first never left, or was lost")
    return BookLine(ours.line.carrier, _("second copies"), ours.resent, theirs, problem, means)


def _receipts(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    """Whatever the SMSC knows as acked, we committed before (law 3)."""
    theirs = int(book.get("receipts", {}).get("acked", 0))
    problem = means = None
    if theirs > ours.acked:
        problem = _("acked receipts are not in the ledger")
        means = _("they were acked before their commit, or their rows are gone (law 3)")
    elif theirs < ours.acked:
        means = _(
            "told twice, intermediate, of another campaign, or acked on a link that was cut before the ack arrived"
        )
    return BookLine(ours.line.carrier, _("receipts acked"), ours.acked, theirs, problem, means)


def _rate(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    most, tps = int(book.get("max_per_second", 0)), int(book["tps"])
    problem = _("more in a second than the carrier allows") if most > tps else None
    means = (
        _("the grants of the workers, or what a link wrote at once, went beyond the TPS (law 4)")
        if problem
        else None
    )
    return BookLine(ours.line.carrier, _("most segments in a second"), tps, most, problem, means)
