"""Our ledger beside an SMSC's own account of one campaign. Pure.

The SMSC's account counts recipients by what it did with them, whatever we learnt of it. Whoever is open in
our ledger (accepted, in doubt, unknown) may be anywhere in the other one, and nobody else may: with none open
the two are equal, and otherwise the SMSC is ahead by no more than these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broadcast.ledger.progress import CarrierProgress

_FATES = ("delivered", "undeliverable", "expired", "rejected")
_OPEN = ("accepted", "in_doubt", "unknown")


@dataclass(frozen=True, slots=True)
class Ours:
    """One carrier of one campaign in our ledger.

    never_sent: recipients counted as expired who never left us. doubts: recipients ever in doubt. resent: of
    them, sent a second time.
    """

    line: CarrierProgress
    never_sent: int
    doubts: int
    resent: int
    segments_a_message: int


@dataclass(frozen=True, slots=True)
class BookLine:
    """One figure on both sides, and what is wrong with it, if anything is."""

    carrier: str
    what: str
    ours: int
    theirs: int
    problem: str | None


def compare(ours: Ours, book: Mapping[str, Any]) -> tuple[BookLine, ...]:
    """book: the summary of a simulated SMSC that has served nothing else (`GET /book`)."""
    lines = [*_fates(ours, book), _segments(ours, book), _copies(ours, book)]
    if book.get("tps"):
        lines.append(_rate(ours, book))
    return tuple(lines)


def _fates(ours: Ours, book: Mapping[str, Any]) -> list[BookLine]:
    room = sum(ours.line.states[state] for state in _OPEN)
    theirs = {fate: int(book.get("fates", {}).get(fate, 0)) for fate in _FATES}
    theirs["rejected"] += int(
        book.get("rejected", 0)
    )  # refused at submit_sm, beside those refused by receipt
    mine = {fate: ours.line.states[fate] for fate in _FATES}
    mine["expired"] -= ours.never_sent
    ahead = sum(theirs[fate] - mine[fate] for fate in _FATES)
    lines = []
    for fate in _FATES:
        problem = None
        if theirs[fate] < mine[fate]:
            problem = "the SMSC has fewer"
        elif theirs[fate] > mine[fate] and ahead > room:
            problem = f"the SMSC has more, and only {room} of ours are open"
        lines.append(BookLine(ours.line.carrier, fate, mine[fate], theirs[fate], problem))
    return lines


def _segments(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    """Segments whose answer was lost are known to the SMSC only."""
    theirs, mine = int(book.get("segments", 0)), ours.line.segments
    room = ours.doubts * ours.segments_a_message
    problem = None
    if not mine <= theirs <= mine + room:
        problem = (
            "they differ" if not room else f"they differ by more than the {room} that were ever in doubt"
        )
    return BookLine(ours.line.carrier, "segments", mine, theirs, problem)


def _copies(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    """Recipients with more than one copy: none but those whom we sent a second one."""
    theirs = int(book.get("duplicates", 0))
    problem = "more second copies than we resent" if theirs > ours.resent else None
    return BookLine(ours.line.carrier, "second copies", ours.resent, theirs, problem)


def _rate(ours: Ours, book: Mapping[str, Any]) -> BookLine:
    most, tps = int(book.get("max_per_second", 0)), int(book["tps"])
    problem = "more in a second than the carrier allows" if most > tps else None
    return BookLine(ours.line.carrier, "most segments in a second", tps, most, problem)
