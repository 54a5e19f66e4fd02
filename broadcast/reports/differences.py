"""What an audit finds, explained: what differs and by how much, what it may mean, what to do. Pure, no MSISDN."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.ids import CarrierNo
from broadcast.languages import N_, _, term
from broadcast.ledger.books import Contradiction

KEEP: Final = N_(
    "stop the workers and keep the database as it is (a copy: pg_dump), then report it with "
    "`broadcast campaign audit NAME --json`"
)
AGAIN: Final = N_(
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
            _(
                "{carrier} {state}: {counted} counted, {tallied} tallied",
                carrier=line.carrier,
                state=term(line.state),
                counted=line.counted,
                tallied=line.tallied,
            ),
            abs(line.counted - line.tallied),
            _state_means(line, sums[line.carrier], [each for each in off if each.carrier == line.carrier]),
        )
        for line in off
    ]


def _state_means(line: AuditLine, left: int, off: Sequence[AuditLine]) -> str:
    if left == 0:
        more = " and ".join(each.state for each in off if each.counted > each.tallied)
        fewer = " and ".join(each.state for each in off if each.counted < each.tallied)
        return _(
            "nobody of {carrier} is lost: a step moved recipients from {fewer} to {more} in the rows and not "
            "in the tallies, or back in the tallies only; the rows are right",
            carrier=line.carrier,
            fewer=fewer,
            more=more,
        )
    if left < 0:
        return _(
            "rows of {left} recipients of {carrier} are gone or were never written; the tallies know them",
            left=-left,
            carrier=line.carrier,
        )
    return _(
        "{left} recipients of {carrier} have rows that no tally knows: written twice, or tallied too little",
        left=left,
        carrier=line.carrier,
    )


def audience(counted: int, fixed: int) -> list[Difference]:
    """The sum over all rows against the audience as it was at launch."""
    if counted == fixed:
        return []
    means = (
        _(
            "{missing} recipients are in no row at all: somebody or something has deleted rows",
            missing=fixed - counted,
        )
        if counted < fixed
        else _("{twice} recipients are counted twice: two rows speak for one of them", twice=counted - fixed)
    )
    return [
        Difference(
            _("{counted} recipients counted, the audience is {fixed}", counted=counted, fixed=fixed),
            abs(counted - fixed),
            f"{means} (law 1)",
        )
    ]


def lost(people: Mapping[str, int]) -> list[Difference]:
    """By ledger: those that home launched there, and of which it has nothing."""
    return [
        Difference(
            _(
                "ledger {name}: {count} recipients are not there, for it was set back to before the launch",
                name=name,
                count=count,
            ),
            count,
            _("whom it had sent to until then, and what became of them, only the SMSCs know"),
            _(
                "`broadcast campaign cancel NAME` ends it; draft another one for those whom the SMSCs do not know"
            ),
        )
        for name, count in people.items()
    ]


def contradictions(found: Iterable[Contradiction], names: Mapping[CarrierNo, str]) -> list[Difference]:
    """Rows that cannot all be true. names: of carriers."""
    return [
        Difference(
            _(
                "{carrier}: {what} ({recipients} recipients, {places})",
                carrier=names[each.carrier_no],
                what=_(each.what),
                recipients=each.recipients,
                places=_places(each),
            ),
            each.recipients,
            _(
                "what was committed together is not together any more, or was written twice: what is counted for "
                "these may not be what became of them"
            ),
        )
        for each in found
    ]


def _places(contradiction: Contradiction) -> str:
    named = ", ".join(
        _("{ordinal} of slice {slice_id}", ordinal=ordinal, slice_id=slice_id)
        for slice_id, ordinal in contradiction.places
    )
    more = " ..." if contradiction.recipients > len(contradiction.places) else ""
    return _("places {named}{more}", named=named, more=more)


def receipts(counts: Iterable[tuple[str, int, int]]) -> list[Difference]:
    """Per carrier: receipts that were acked against those that have a place now."""
    return [
        Difference(
            _(
                "{carrier}: {count} receipts acked, {placed} have a place",
                carrier=carrier,
                count=count,
                placed=placed,
            ),
            abs(count - placed),
            _(
                "{count} receipts were acked and are nowhere: the SMSC will not send them again (law 3)",
                count=count - placed,
            )
            if count > placed
            else _(
                "{placed} receipts have two places: one was matched and kept as misfit too",
                placed=placed - count,
            ),
        )
        for carrier, count, placed in counts
        if count != placed
    ]


def archive(problems: Iterable[str]) -> list[Difference]:
    """What `archive_read.problems` says."""
    means = _(
        "the files were changed after they were archived: their rows do not add up to the sums of the manifest"
    )
    return [Difference(line, 1, means, AGAIN) for line in problems]
