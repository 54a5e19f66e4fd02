"""In which order findings are heard: the gravest first, and whatever explains another one before that one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from broadcast.diagnosis.finding import Code, Finding

_DATABASE: Final = frozenset({Code.DATABASE_FULL, Code.DATABASE_SLOW})
_LINKS: Final = frozenset({Code.NO_WORKER, Code.NOT_HELD, Code.BINDS_DOWN, Code.NO_GRANT, Code.CANNOT_SEND})
_HELD: Final = frozenset(
    {
        Code.FIRST_SHARE_FAILED,
        Code.FIRST_SHARE_ASKS,
        Code.FIRST_SHARE,
        Code.PAUSED,
        Code.QUIET,
        Code.CAPPED,
        Code.GIVES_WAY,
    }
)
_PACE: Final = frozenset({Code.SLOWED, Code.WINDOW_FULL, Code.NO_SLICES, Code.SLOW, Code.WORKER_LOST})

# Symptom -> what explains it, of the same carrier or of all. Nothing explains what explains it.
EXPLAINED_BY: Final[Mapping[Code, frozenset[Code]]] = {
    Code.DATABASE_SLOW: frozenset({Code.DATABASE_FULL}),
    Code.WORKER_LOST: _DATABASE,
    Code.SETTLING_BEHIND: _DATABASE | {Code.NO_WORKER},
    Code.BINDS_DOWN: frozenset({Code.NO_WORKER}),
    Code.NO_GRANT: frozenset({Code.BINDS_DOWN, *_DATABASE}),
    Code.RECEIPTS_MISSING: _LINKS | _DATABASE | {Code.RECEIPTS_UNREADABLE},
    Code.RECEIPTS_PARTIAL: _DATABASE
    | {Code.SETTLING_BEHIND, Code.IDS_COME_AGAIN, Code.RECEIPTS_MISFIT, Code.RECEIPTS_UNKNOWN},
    Code.WINDOW_FULL: frozenset({Code.BINDS_DOWN, *_DATABASE}),
    Code.NO_SLICES: _LINKS | _DATABASE | {Code.REFUSED, Code.WORKER_LOST},
    Code.SLOW: _LINKS | _DATABASE | {Code.WORKER_LOST},
    Code.EXPIRY_AT_RISK: _LINKS | _DATABASE | _HELD | _PACE | {Code.REFUSED},
}
# What is no malady: never the one to show, where there is another.
BESIDE: Final = frozenset({Code.OVERRIDDEN, Code.TPS_REACHED})

_RANK: Final = {code: rank for rank, code in enumerate(Code)}


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, as an operator should hear them: a symptom comes behind what explains it, however grave it is."""
    waiting = sorted(found, key=lambda each: (not each.grave, _RANK[each.code], each.carrier))
    said: dict[Finding, None] = {}
    for each in waiting:
        _say(each, waiting, said)
    return tuple(said)


def _say(one: Finding, among: Sequence[Finding], said: dict[Finding, None]) -> None:
    if one in said:
        return
    for other in among:
        if explains(other, one):
            _say(other, among, said)
    said[one] = None


def explains(cause: Finding, symptom: Finding) -> bool:
    """Whether the one is why there is the other."""
    where = {cause.carrier, symptom.carrier}
    return cause.code in EXPLAINED_BY.get(symptom.code, ()) and ("" in where or len(where) == 1)


def cause(found: Sequence[Finding]) -> Finding | None:
    """The one to show where there is room for one. found: in order."""
    return next((each for each in found if each.code not in BESIDE), next(iter(found), None))


def merged(ledgers: Iterable[Iterable[Finding]]) -> tuple[Finding, ...]:
    """What is wrong in several ledgers, each once, in order: where it is grave in one of them, that is told."""
    found: dict[tuple[Code, str], Finding] = {}
    for each in (each for ledger in ledgers for each in ledger):
        key = each.code, each.carrier
        if key not in found or (each.grave and not found[key].grave):
            found[key] = each
    return ordered(found.values())
