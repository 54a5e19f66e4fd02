"""What may be spent in a period, and what of it is: accepted segments at their prices. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from broadcast.config import Budget, Period, Price

_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Spending:
    """Of one campaign at one carrier. segments: accepted; to_come: those that it is yet to send. price: of one, and its
    currency; None: nobody said."""

    carrier: str
    segments: int
    to_come: float
    price: tuple[Decimal, str] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a budget now. since: its period's beginning; until: the next one's. spent: accepted segments; committed: what
    running and paused campaigns are yet to send. unpriced: carriers whose segments cost nobody knows how much, or in
    another currency; they are not in it."""

    amount: Decimal
    currency: str
    period: Period
    since: datetime
    until: datetime
    spent: Decimal
    committed: Decimal
    unpriced: tuple[str, ...] = ()

    @property
    def left(self) -> Decimal:
        """Negative: more was spent than there is."""
        return self.amount - self.spent - self.committed

    def over(self, costs: Mapping[str, Decimal]) -> Decimal:
        """By how much so much more would be too much; 0: it would not. costs: by currency."""
        wanted = costs.get(self.currency, Decimal())
        return max(Decimal(), wanted - self.left) if wanted else Decimal()


def standing(budget: Budget, since: datetime, until: datetime, spendings: Iterable[Spending]) -> Standing:
    """since, until: of `period`; spendings: of campaigns launched in it."""
    spent = committed = Decimal()
    unpriced = set()
    for each in spendings:
        if each.price is None or each.price[1] != budget.currency:
            if each.segments or each.to_come:
                unpriced.add(each.carrier)
            continue
        spent += each.segments * each.price[0]
        committed += Decimal(round(each.to_come)) * each.price[0]
    return Standing(
        budget.amount, budget.currency, budget.period, since, until, spent, committed, tuple(sorted(unpriced))
    )


def period(budget: Budget, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From when until when it is, by the country's calendar."""
    local, months = now.astimezone(zone), _MONTHS[budget.period]
    first = (local.month - 1) // months * months
    after = first + months
    return (
        datetime(local.year, first + 1, 1, tzinfo=zone),
        datetime(local.year + after // 12, after % 12 + 1, 1, tzinfo=zone),
    )


def price_of(price: Price | None, alphabet: str) -> tuple[Decimal, str] | None:
    """A segment's by the configuration, for campaigns of which nothing was foreseen."""
    return None if price is None else (price.of(alphabet), price.currency)
