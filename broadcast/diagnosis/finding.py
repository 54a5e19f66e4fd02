"""One thing that is wrong, and the words that its sentence is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from broadcast.languages import _, ngettext

FEW: Final = 20  # receipts, answers, recipients: fewer prove nothing


class Code(StrEnum):
    """What is wrong; the order is that in which an operator should hear it."""

    OVERRIDDEN = "overridden"
    FIRST_SHARE_FAILED = "first_share_failed"
    NO_WORKER = "no_worker"
    NOT_HELD = "not_held"
    BINDS_DOWN = "binds_down"
    NO_GRANT = "no_grant"
    CANNOT_SEND = "cannot_send"
    RECEIPTS_MISFIT = "receipts_misfit"
    RECEIPTS_MISSING = "receipts_missing"
    RECEIPTS_PARTIAL = "receipts_partial"
    RECEIPTS_UNKNOWN = "receipts_unknown"
    RECEIPTS_UNREADABLE = "receipts_unreadable"
    REFUSED = "refused"
    SLOWED = "slowed"
    WINDOW_FULL = "window_full"
    NO_SLICES = "no_slices"
    SLOW = "slow"
    FIRST_SHARE_ASKS = "first_share_asks"
    FIRST_SHARE = "first_share"
    PAUSED = "paused"
    QUIET = "quiet"
    GIVES_WAY = "gives_way"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. carrier: empty where it concerns all. command: what to run, or empty.

    grave: people are not reached, or nobody can know whether they are; else it costs time.
    """

    code: Code
    carrier: str
    grave: bool
    sentence: str
    command: str

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


def merged(ledgers: Iterable[Iterable[Finding]]) -> tuple[Finding, ...]:
    """What is wrong in several ledgers, each once, in the order in which an operator should hear it."""
    order = list(Code)
    found = {(each.code, each.carrier): each for ledger in ledgers for each in ledger}
    return tuple(sorted(found.values(), key=lambda each: order.index(each.code)))


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
