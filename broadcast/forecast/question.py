"""All that a forecast is made of, asked once, and again with something else: which figures would be enough. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from broadcast.campaign.plain import PlainLetter
from broadcast.forecast.budget import Standing
from broadcast.forecast.ways import Asked, CarrierLoad, Forecast, as_drafted, ends, otherwise

_MOST_TPS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """budget: None: there is none."""

    asked: Asked
    budget: Standing | None = None

    def with_changes(self, changes: tuple[PlainLetter, ...]) -> "Question":
        """With what was written plainly in the text."""
        return replace(self, asked=replace(self.asked, changes=changes))

    def drafted(self) -> Forecast:
        """As it is."""
        return as_drafted(self.asked)

    def other(self) -> Forecast:
        """In the other alphabet."""
        return otherwise(self.asked)

    def tps_needed(self, carrier: str) -> int | None:
        """At which it would be in time there; None: at none."""

        def enough(tps: int) -> bool:
            return self._in_time(
                carrier,
                [replace(each, tps=tps) if each.carrier == carrier else each for each in self.asked.loads],
            )

        now = max(each.tps for each in self.asked.loads if each.carrier == carrier)
        return _least(enough, now, _MOST_TPS)

    def people_in_time(self, carrier: str) -> int:
        """Of those there, as many as it would be in time for."""
        whole = sum(each.recipients for each in self.asked.loads if each.carrier == carrier)

        def too_many(fewer: int) -> bool:
            return self._in_time(carrier, _with(self.asked.loads, carrier, whole - fewer, whole))

        fewer = _least(too_many, 0, whole)
        return 0 if fewer is None else whole - fewer

    def people_paid(self) -> int | None:
        """How many in all, in proportion, the budget is enough for; None: nobody's cost is known."""
        found, whole = self.drafted(), sum(each.recipients for each in self.asked.loads)
        cost = found.costs.get(self.budget.currency) if self.budget else None
        if not cost or self.budget is None:
            return None
        return int(max(Decimal(), self.budget.left) * whole / cost)

    def _in_time(self, carrier: str, loads: Sequence[CarrierLoad]) -> bool:
        pace = self.asked.pace
        if pace.canary is None and pace.people_per_hour is None:  # otherwise what is elsewhere counts here
            loads = [each for each in loads if each.carrier == carrier]
        ends_at = ends(replace(self.asked, loads=loads)).get(carrier, self.asked.starts_at)
        return ends_at <= self.asked.expires_at


def _with(loads: Sequence[CarrierLoad], carrier: str, people: int, whole: int) -> list[CarrierLoad]:
    """So many there, each language its part."""
    return [
        replace(each, recipients=each.recipients * people // whole)
        if each.carrier == carrier and whole
        else each
        for each in loads
    ]


def _least(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least number above low, up to high, of which it holds, as of every greater one."""
    if not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
