"""What an audit finds, explained: what differs and by how much, what it may mean, what to do. Pure, no MSISDN."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.ids import CarrierNo
from broadcast.ledger.books import Contradiction

KEEP: Final = (
    "stop the workers and keep the database as it is (a copy: pg_dump), then report it with "
    "`broadcast campaign audit NAME --json`"
)
AGAIN: Final = (
    "restore the archive's files from your own copy; the database's own sums say what they must hold"
)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One state at one carrier. counted: from rows; tallied: from the running totals."""

    carrier: str
    state: str
    counted: int
    tallied: int


@dataclass(frozen=True, slots=True)
class Difference:
    """line: what differs, a sentence. by: recipients or receipts. means: what it may be. next: what to do."""

    line: str
    by: int
    means: str
    next: str = KEEP


def states(lines: Iterable[AuditLine]) -> list[Difference]:
    """States whose rows and tallies differ. What it means depends on the carrier's other states."""
    off = [line for line in lines if line.counted != line.tallied]
    sums: dict[str, int] = {}
    for line in off:
        sums[line.carrier] = sums.get(line.carrier, 0) + line.counted - line.tallied
    return [
        Difference(
            f"{line.carrier} {line.state}: {line.counted} counted, {line.tallied} tallied",
            abs(line.counted - line.tallied),
            _state_means(line, sums[line.carrier], [each for each in off if each.carrier == line.carrier]),
        )
        for line in off
    ]


def _state_means(line: AuditLine, left: int, off: Sequence[AuditLine]) -> str:
    if left == 0:
        more = " and ".join(each.state for each in off if each.counted > each.tallied)
        fewer = " and ".join(each.state for each in off if each.counted < each.tallied)
        return (
            f"nobody of {line.carrier} is lost: a step moved recipients from {fewer} to {more} in the rows and not "
            f"in the tallies, or back in the tallies only; the rows are right"
        )
    if left < 0:
        return f"rows of {-left} recipients of {line.carrier} are gone or were never written; the tallies know them"
    return f"{left} recipients of {line.carrier} have rows that no tally knows: written twice, or tallied too little"


def audience(counted: int, fixed: int) -> list[Difference]:
    """The sum over all rows against the audience as it was at launch."""
    if counted == fixed:
        return []
    means = (
        f"{fixed - counted} recipients are in no row at all: somebody or something has deleted rows"
        if counted < fixed
        else f"{counted - fixed} recipients are counted twice: two rows speak for one of them"
    )
    return [
        Difference(
            f"{counted} recipients counted, the audience is {fixed}", abs(counted - fixed), f"{means} (law 1)"
        )
    ]


def lost(people: Mapping[str, int]) -> list[Difference]:
    """By ledger: those that home launched there, and of which it has nothing."""
    return [
        Difference(
            f"ledger {name}: {count} recipients are not there, for it was set back to before the launch",
            count,
            "whom it had sent to until then, and what became of them, only the SMSCs know",
            "`broadcast campaign cancel NAME` ends it; draft another one for those whom the SMSCs do not know",
        )
        for name, count in people.items()
    ]


def contradictions(found: Iterable[Contradiction], names: Mapping[CarrierNo, str]) -> list[Difference]:
    """Rows that cannot all be true. names: of carriers."""
    return [
        Difference(
            f"{names[each.carrier_no]}: {each.what} ({each.recipients} recipients, {_places(each)})",
            each.recipients,
            "what was committed together is not together any more, or was written twice: what is counted for these may "
            "not be what became of them",
        )
        for each in found
    ]


def _places(contradiction: Contradiction) -> str:
    named = ", ".join(f"{ordinal} of slice {slice_id}" for slice_id, ordinal in contradiction.places)
    return f"places {named}{' ...' if contradiction.recipients > len(contradiction.places) else ''}"


def receipts(counts: Iterable[tuple[str, int, int]]) -> list[Difference]:
    """Per carrier: receipts that were acked against those that have a place now."""
    return [
        Difference(
            f"{carrier}: {count} receipts acked, {placed} have a place",
            abs(count - placed),
            f"{count - placed} receipts were acked and are nowhere: the SMSC will not send them again (law 3)"
            if count > placed
            else f"{placed - count} receipts have two places: one was matched and kept as misfit too",
        )
        for carrier, count, placed in counts
        if count != placed
    ]


def archive(problems: Iterable[str]) -> list[Difference]:
    """What `archive_read.problems` says."""
    means = "the files were changed after they were archived: their rows do not add up to the sums of the manifest"
    return [Difference(line, 1, means, AGAIN) for line in problems]
