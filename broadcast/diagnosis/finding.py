"""One thing that is wrong, and the words that its sentence is made of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import wraps
from typing import Final, ParamSpec

from broadcast.languages import _, answering, ngettext, spoken_to

P = ParamSpec("P")

FEW: Final = 20  # receipts, answers, recipients: fewer prove nothing


class Code(StrEnum):
    """What is wrong; the order is that in which an operator should hear it, causes apart (order.py)."""

    OVERRIDDEN = "overridden"
    FIRST_SHARE_FAILED = "first_share_failed"
    NO_WORKER = "no_worker"
    DATABASE_FULL = "database_full"
    DATABASE_SLOW = "database_slow"
    NOT_HELD = "not_held"
    BINDS_DOWN = "binds_down"
    NO_GRANT = "no_grant"
    CANNOT_SEND = "cannot_send"
    IDS_COME_AGAIN = "ids_come_again"
    RECEIPTS_MISFIT = "receipts_misfit"
    SETTLING_BEHIND = "settling_behind"
    RECEIPTS_MISSING = "receipts_missing"
    RECEIPTS_PARTIAL = "receipts_partial"
    RECEIPTS_UNKNOWN = "receipts_unknown"
    RECEIPTS_UNREADABLE = "receipts_unreadable"
    REFUSED = "refused"
    EXPIRY_AT_RISK = "expiry_at_risk"
    WORKER_LOST = "worker_lost"
    SLOWED = "slowed"
    WINDOW_FULL = "window_full"
    NO_SLICES = "no_slices"
    SLOW = "slow"
    FIRST_SHARE_ASKS = "first_share_asks"
    FIRST_SHARE = "first_share"
    PAUSED = "paused"
    QUIET = "quiet"
    CAPPED = "capped"
    GIVES_WAY = "gives_way"
    TPS_REACHED = "tps_reached"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. carrier: empty where it concerns all. command: what to run, or empty.

    grave: people are not reached, or nobody can know whether they are; else it costs time. sentences: in each language,
    where its readers have several.
    """

    code: Code
    carrier: str
    grave: bool
    sentence: str
    command: str
    sentences: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        who = f"{self.carrier}: " if self.carrier else ""
        run = _("; run `{command}`", command=self.command) if self.command else ""
        return f"{who}{self.sentence}{run}"

    def document(self) -> dict[str, object]:
        """For JSON; `line` is what a person is shown."""
        return {
            "code": self.code.value,
            "carrier": self.carrier or None,
            "grave": self.grave,
            "sentence": self.sentence,
            "run": self.command or None,
            "line": str(self),
        }


def in_all_languages(judge: Callable[P, tuple[Finding, ...]]) -> Callable[P, tuple[Finding, ...]]:
    """What a judge of figures finds has its sentences in each language too, where somebody wants that."""

    @wraps(judge)
    def judging(*figures: P.args, **how: P.kwargs) -> tuple[Finding, ...]:
        found = judge(*figures, **how)
        said: dict[tuple[Code, str], dict[str, str]] = {}
        for language in spoken_to() if found else ():
            with answering(language):
                for each in judge(*figures, **how):
                    said.setdefault((each.code, each.carrier), {})[language] = each.sentence
        return tuple(replace(each, sentences=said.get((each.code, each.carrier), {})) for each in found)

    return judging


def added(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for each in counts:
        for key, count in each.items():
            total[key] = total.get(key, 0) + count
    return total


def binds(count: int) -> str:
    return ngettext("{n} bind", "{n} binds", count)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def age(seconds: float) -> str:
    return (
        _("{seconds:.0f} s", seconds=seconds)
        if seconds < 120
        else _("{minutes:.0f} min", minutes=seconds / 60)
    )
