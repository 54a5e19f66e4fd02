"""The first share of an alert goes ahead: whether the rest may follow. Pure.

1. A carrier that has too many final refusals, or failures, for its bound ever to be met holds the alert at once.
2. While anybody of the share has yet to be sent to, and for wait_s since the last of them was, the rest waits.
3. Then each carrier is judged by itself: who is in doubt was not accepted, and who waits for a receipt did not get it.
4. Nobody is judged by what nobody can know: those whom no receipt was asked for.
5. Over several ledgers a carrier's people are those of all of them. A ledger that has yet to say what became of its
   own, at the moment of 2, is waited for; and none of its carriers is judged before it has said anything.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from operator import add
from typing import Any, Final, Literal

from broadcast.campaign.content import Content
from broadcast.campaign.plan import Canary
from broadcast.errors import RefusedError
from broadcast.languages import _

Figure = Literal["accepted", "delivered", "rejected", "undeliverable"]


@dataclass(frozen=True, slots=True)
class Share:
    """The people of the first share at one carrier, by state as `tally` counts them. waiting: to be sent to."""

    carrier: str
    waiting: int = 0
    in_doubt: int = 0
    accepted: int = 0
    unknown: int = 0
    rejected: int = 0
    undeliverable: int = 0
    delivered: int = 0

    @property
    def took(self) -> int:
        """Whom the carrier accepted, whatever became of them."""
        return self.accepted + self.unknown + self.undeliverable + self.delivered

    def added(self, other: "Share") -> "Share":
        """With those of the same carrier in another ledger."""
        return Share(self.carrier, *map(add, astuple(self)[1:], astuple(other)[1:]))

    @property
    def sent(self) -> int:
        return self.took + self.rejected + self.in_doubt


@dataclass(frozen=True, slots=True)
class Seen:
    """The first share in one ledger, as it was at a moment in seconds; infinite: it stays so. last_sent: as of
    `decide`."""

    shares: tuple[Share, ...]
    last_sent: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a carrier holds the alert: `count` of `of` people, at a bound of `least` percent."""

    carrier: str
    figure: Figure
    count: int
    of: int
    least: int


@dataclass(frozen=True, slots=True)
class Decision:
    """faults: of a hold, a carrier each."""

    what: Literal["wait", "go_on", "hold"]
    faults: tuple[Fault, ...] = ()


WAIT: Final = Decision("wait")
GO_ON: Final = Decision("go_on")


def decide(canary: Canary, shares: Iterable[Share], last_sent: float | None, now: float) -> Decision:
    """last_sent: when the last of the share was sent to, as `now` in seconds; None: nobody was."""
    known = list(shares)
    if final := tuple(fault for each in known for fault in _already(canary, each)):
        return Decision("hold", final)
    if last_sent is None or not any(each.sent for each in known) or any(each.waiting for each in known):
        return WAIT
    if now < last_sent + canary.wait_s:
        return WAIT
    faults = tuple(fault for each in known for fault in _in_the_end(canary, each))
    return Decision("hold", faults) if faults else GO_ON


def together(seen: Sequence[Seen], unheard: Collection[str]) -> tuple[tuple[Share, ...], float | None, float]:
    """What `decide` is to judge: the shares of all ledgers, when the last of them was sent to, and of which moment all
    of that is. unheard: the carriers of ledgers that have said nothing yet, of whom nothing is judged."""
    sums: dict[str, Share] = {}
    for share in (share for each in seen for share in each.shares if share.carrier not in unheard):
        sums[share.carrier] = share.added(sums.get(share.carrier, Share(share.carrier)))
    sent = [each.last_sent for each in seen if each.last_sent is not None]
    at = -math.inf if unheard else min(each.at for each in seen)
    return tuple(sums[carrier] for carrier in sorted(sums)), max(sent, default=None), at


def in_words(found: Mapping[str, Any]) -> str:
    """What an event or entry keeps of a decision (`kept`), as people read it."""
    return "; ".join(_fault_words(Fault(**each)) for each in found.get("faults", ()))


def kept(canary: Canary, decision: Decision, shares: Iterable[Share]) -> dict[str, Any]:
    """What it was decided by, for JSON."""
    figures = {each.carrier: _figures(each) for each in shares if each.sent or each.waiting}
    found: dict[str, Any] = {"share": canary.share, "figures": figures}
    return found | ({"faults": [asdict(each) for each in decision.faults]} if decision.faults else {})


def plan_words(canary: Canary) -> str:
    """What it does, for who approves it."""
    said = _(
        "{share} % of the people at each carrier and in each area; {wait_s} s after the last of them everybody else, "
        "if {accepted} % were accepted and {delivered} % of these got it at every carrier; else it holds by itself",
        share=canary.share,
        wait_s=canary.wait_s,
        accepted=canary.least_accepted,
        delivered=canary.least_delivered,
    )
    asks = _("even then somebody is asked first: `broadcast campaign resume`")
    return f"{said}; {asks}" if canary.then == "ask" else said


def check(content: Content) -> None:
    """Raises RefusedError for an alert that cannot have a first share."""
    if content.plan.canary is None:
        return
    if content.hearers == "corrected":
        raise RefusedError(
            _(
                "a correction goes to all at once: whoever heard the wrong text must not wait for a first share"
            )
        )


def _already(canary: Canary, share: Share) -> Iterable[Fault]:
    """What no answer and no receipt that may still come can mend."""
    people = share.sent + share.waiting
    if _short(people - share.rejected, people, canary.least_accepted):
        yield Fault(share.carrier, "rejected", share.rejected, people, canary.least_accepted)
        return
    perhaps = people - share.rejected - share.unknown
    if _short(perhaps - share.undeliverable, perhaps, canary.least_delivered):
        yield Fault(share.carrier, "undeliverable", share.undeliverable, perhaps, canary.least_delivered)


def _in_the_end(canary: Canary, share: Share) -> Iterable[Fault]:
    if _short(share.took, share.sent, canary.least_accepted):
        yield Fault(share.carrier, "accepted", share.took, share.sent, canary.least_accepted)
        return
    told = share.took - share.unknown
    if _short(share.delivered, told, canary.least_delivered):
        yield Fault(share.carrier, "delivered", share.delivered, told, canary.least_delivered)


def _short(part: int, whole: int, least: int) -> bool:
    return 100 * part < least * whole


def _figures(share: Share) -> dict[str, int]:
    return {
        each.name: value
        for each in fields(share)
        if each.name != "carrier" and (value := getattr(share, each.name))
    }


def _fault_words(fault: Fault) -> str:
    said = {"carrier": fault.carrier, "count": fault.count, "of": fault.of, "least": fault.least}
    if fault.figure == "rejected":
        return _("{carrier}: {count:,} of {of:,} were rejected, and {least} % are to be accepted", **said)
    if fault.figure == "undeliverable":
        return _("{carrier}: {count:,} of {of:,} were undeliverable, and {least} % are to get it", **said)
    if fault.figure == "accepted":
        return _("{carrier}: {count:,} of {of:,} were accepted, and {least} % are to be", **said)
    return _("{carrier}: {count:,} of {of:,} got it in the time, and {least} % are to", **said)
