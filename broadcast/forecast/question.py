"""All that a forecast is made of, asked once, and again with something else: which figures would be enough. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.plain import PlainLetter
from broadcast.forecast.budget import Standing
from broadcast.forecast.ways import AT_ONCE, Around, CarrierLoad, Forecast, Pace, forecast

_MOST_TPS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """As of `ways.forecast`. budget: None: there is none."""

    text: str
    alphabet: Alphabet
    loads: Sequence[CarrierLoad]
    starts_at: datetime
    expires_at: datetime
    changes: tuple[PlainLetter, ...] = ()
    around: Mapping[str, Around] = field(default_factory=dict)
    pace: Pace = AT_ONCE
    budget: Standing | None = None

    def ways(self) -> tuple[Forecast, Forecast]:
        """As it is, and in the other alphabet."""
        return forecast(
            self.text, self.alphabet, self.loads, self.starts_at, self.expires_at, self.changes, self.around,
            self.pace,
        )  # fmt: skip

    def tps_needed(self, carrier: str) -> int | None:
        """At which it would be in time there; None: at none."""

        def enough(tps: int) -> bool:
            return self._in_time(
                carrier, [replace(each, tps=tps) if each.carrier == carrier else each for each in self.loads]
            )

        now = max(each.tps for each in self.loads if each.carrier == carrier)
        return _least(enough, now, _MOST_TPS)

    def people_in_time(self, carrier: str) -> int:
        """Of those there, as many as it would be in time for."""
        whole = sum(each.recipients for each in self.loads if each.carrier == carrier)

        def too_many(fewer: int) -> bool:
            return self._in_time(carrier, _with(self.loads, carrier, whole - fewer, whole))

        fewer = _least(too_many, 0, whole)
        return 0 if fewer is None else whole - fewer

    def people_paid(self) -> int | None:
        """How many in all, in proportion, the budget is enough for; None: nobody's cost is known."""
        found, whole = self.ways()[0], sum(each.recipients for each in self.loads)
        cost = found.costs.get(self.budget.currency) if self.budget else None
        if not cost or self.budget is None:
            return None
        return int(max(Decimal(), self.budget.left) * whole / cost)

    def _in_time(self, carrier: str, loads: Sequence[CarrierLoad]) -> bool:
        found = replace(self, loads=loads).ways()[0]
        return all(line.in_time for line in found.carriers if line.carrier == carrier)


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
