"""What was foreseen of a campaign at its launch beside what came: moments, segments, cost. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from broadcast.campaign.campaigns import CampaignEvent
from broadcast.forecast.kept import Kept
from broadcast.forecast.moments import NEVER, Moments
from broadcast.languages import N_
from broadcast.ledger.books import TICK_US, Ends
from broadcast.reports.progress import Progress

MOMENT_NAMES: Final[Mapping[str, str]] = {
    "sent_half": N_("50% sent"),
    "sent_ninety": N_("90% sent"),
    "sent_ninety_nine": N_("99% sent"),
    "sent_last": N_("last one sent"),
    "delivered_half": N_("50% delivered"),
    "delivered_ninety": N_("90% delivered"),
    "delivered_ninety_nine": N_("99% delivered"),
}
_TICK_S: Final = TICK_US / 1e6


@dataclass(frozen=True, slots=True)
class Compared:
    """One carrier, or `all`. sent, delivered: of who is at their end. segments: of all messages; accepted. cost: in
    `currency`, at the price of the launch; None: it had none."""

    carrier: str
    sent: Moments
    sent_foreseen: Moments
    delivered: Moments
    delivered_foreseen: Moments
    segments: int
    segments_foreseen: int
    cost: Decimal | None
    cost_foreseen: Decimal | None
    currency: str | None

    def rows(self) -> list[tuple[str, datetime | None, datetime | None]]:
        """Of each moment its name, what was foreseen and what came; without those of which neither is known."""
        found = []
        for what, foreseen, fact in (
            ("sent", self.sent_foreseen, self.sent),
            ("delivered", self.delivered_foreseen, self.delivered),
        ):
            for each in fields(Moments):
                pair = getattr(foreseen, each.name), getattr(fact, each.name)
                if pair != (None, None):
                    found.append((f"{what}_{each.name}", *pair))
        return found

    def document(self) -> dict[str, Any]:
        """For JSON."""
        moments = {name: {"foreseen": foreseen, "fact": fact} for name, foreseen, fact in self.rows()}
        return {
            "carrier": self.carrier,
            **moments,
            "segments": {"foreseen": self.segments_foreseen, "fact": self.segments},
            "cost": {"foreseen": self.cost_foreseen, "fact": self.cost, "currency": self.currency},
        }


def kept_of(events: Sequence[CampaignEvent]) -> Kept | None:
    """What its launch kept; None: an older version launched it, or nobody asked."""
    for each in events:
        if each.event == "launched" and (document := each.details.get("foreseen")):
            return Kept.read(document)
    return None


def compared(kept: Kept, launched_at: datetime, ends: Ends, now: Progress) -> list[Compared]:
    """Each carrier of the campaign, and all together where there is more than one. What was foreseen counts from the
    launch, as what came."""
    later = launched_at - kept.at
    lines = [
        Compared(
            line.carrier,
            moments([ends.sent.get(line.carrier, {})], launched_at),
            _shifted(next((each.sent for each in kept.of_carrier(line.carrier)), NEVER), later),
            _without_last(moments([ends.delivered.get(line.carrier, {})], launched_at)),
            _shifted(next((each.delivered for each in kept.of_carrier(line.carrier)), NEVER), later),
            line.segments,
            sum(each.segments for each in kept.of_carrier(line.carrier)),
            *_costs(kept, line.carrier, line.segments),
        )
        for line in now.carriers
        if line.to_send
    ]
    if len(lines) < 2:
        return lines
    currencies = {each.currency for each in lines}
    return [*lines, _all(kept, launched_at, ends, lines, currencies.pop() if len(currencies) == 1 else None)]


def _all(
    kept: Kept, launched_at: datetime, ends: Ends, lines: Sequence[Compared], currency: str | None
) -> Compared:
    later = launched_at - kept.at
    cost = sum((each.cost or Decimal() for each in lines), Decimal())
    foreseen = sum((each.cost_foreseen or Decimal() for each in lines), Decimal())
    return Compared(
        "all",
        moments(list(ends.sent.values()), launched_at),
        _shifted(kept.sent, later),
        _without_last(moments(list(ends.delivered.values()), launched_at)),
        _shifted(kept.delivered, later),
        sum(each.segments for each in lines),
        sum(each.segments_foreseen for each in lines),
        cost if currency else None,
        foreseen if currency else None,
        currency,
    )


def moments(ticks: Sequence[Mapping[int, int]], launched_at: datetime) -> Moments:
    """ticks: of TICK_US since the launch -> recipients, side by side."""
    counts = Counter[int]()
    for each in ticks:
        counts.update(each)
    if not counts:
        return NEVER
    whole, seen, wanted = sum(counts.values()), 0, [0.5, 0.9, 0.99, 1.0]
    found: list[datetime] = []
    for tick in sorted(counts):
        seen += counts[tick]
        while len(found) < len(wanted) and seen >= wanted[len(found)] * whole:
            found.append(launched_at + timedelta(seconds=(tick + 1) * _TICK_S))
    return Moments(*found)


def _without_last(found: Moments) -> Moments:
    """The last one to have it was nobody's to foresee."""
    return replace(found, last=None)


def _shifted(found: Moments, later: timedelta) -> Moments:
    told = (getattr(found, each.name) for each in fields(Moments))
    return Moments(*(None if at is None else at + later for at in told))


def _costs(kept: Kept, carrier: str, segments: int) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Of these segments, as foreseen, and the currency."""
    price = kept.price(carrier)
    if price is None:
        return None, None, None
    foreseen = sum((each.cost or Decimal() for each in kept.of_carrier(carrier)), Decimal())
    return segments * price[0], foreseen, price[1]
