"""What speaks against a launch, and each way out of it with its figure. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from broadcast.forecast.question import Question
from broadcast.forecast.ways import CarrierForecast, Forecast
from broadcast.languages import N_, _, grouped
from broadcast.words import duration, time_words

_ROUND_S: Final = 300
_CARRIERS_MOST: Final = 5  # whose ways out are told
PERIODS: Final = {"month": N_("this month"), "quarter": N_("this quarter"), "year": N_("this year")}


@dataclass(frozen=True, slots=True)
class Verdict:
    """problems: a sentence each; none: nothing speaks against it. ways_out: clauses, each enough by itself for what it
    names."""

    problems: tuple[str, ...] = ()
    ways_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = "; ".join(self.problems)
        if not self.ways_out:
            return said
        return _("{problems}. Ways out: {ways}", problems=said, ways="; ".join(self.ways_out))


def judge(question: Question, drafted: Forecast, name: str, zone: ZoneInfo) -> Verdict:
    """drafted: as the question has it. name: of the campaign; zone: of the times that are said."""
    late = sorted(
        (line for line in drafted.carriers if line.problem is None and not line.in_time),
        key=lambda line: line.ends_at,
        reverse=True,
    )
    late = list({line.carrier: line for line in late}.values())  # a line a language
    over = question.budget.over(drafted.costs) if question.budget else Decimal()
    problems = [_late(line, question.asked.expires_at, zone) for line in late[:_CARRIERS_MOST]]
    if more := late[_CARRIERS_MOST:]:
        problems.append(_("{carriers} too", carriers=", ".join(line.carrier for line in more)))
    ways_out: list[str] = []
    other = question.other() if late or over else drafted
    if late:
        ways_out += _in_time(question, drafted, other, late, name, zone)
    if over:
        problems.append(_too_dear(question, drafted, over))
        ways_out += _cheaper(question, drafted, other, over, name, zone)
    return Verdict(tuple(problems), tuple(dict.fromkeys(ways_out)))


def money(amount: Decimal, currency: str) -> str:
    """1,234,567 VND; 12.50 EUR."""
    whole = amount == amount.to_integral_value()
    return f"{grouped(amount, ',.0f' if whole else ',.2f')} {currency}"  # type: ignore[arg-type]


def _late(line: CarrierForecast, expires_at: datetime, zone: ZoneInfo) -> str:
    return _(
        "{carrier} would be done at {ends}, {late} after the expiry",
        carrier=line.carrier,
        ends=time_words(line.ends_at, lambda: zone),
        late=duration((line.ends_at - expires_at).total_seconds()),
    )


def _in_time(
    question: Question,
    drafted: Forecast,
    other: Forecast,
    late: list[CarrierForecast],
    name: str,
    zone: ZoneInfo,
) -> Iterator[str]:
    yield from _plainly(drafted, other, name, zone)
    for line in late[:_CARRIERS_MOST]:
        tps = question.tps_needed(line.carrier)
        if tps is not None:
            yield _("{tps:,} TPS at {carrier}", tps=tps, carrier=line.carrier)
        people = question.people_in_time(line.carrier)
        whole = sum(each.recipients for each in drafted.carriers if each.carrier == line.carrier)
        yield _(
            "{people:,} people at {carrier} instead of {whole:,}",
            people=people,
            carrier=line.carrier,
            whole=whole,
        )
    ends = max(line.ends_at for line in late)
    rounded = datetime.fromtimestamp(-(-ends.timestamp() // _ROUND_S) * _ROUND_S + _ROUND_S, zone)
    if rounded - question.asked.starts_at < timedelta(days=366):
        yield _(
            "a later expiry: `broadcast campaign edit {name} --expires {when}`",
            name=name,
            when=rounded.isoformat(timespec="minutes"),
        )


def _plainly(drafted: Forecast, other: Forecast, name: str, zone: ZoneInfo) -> Iterator[str]:
    """Where plain letters are fewer segments."""
    if drafted.alphabet == "ucs2" and other.problem is None and other.total_segments < drafted.total_segments:
        ends_at = max((line.ends_at for line in other.carriers), default=None)
        yield _(
            "plain letters: `broadcast campaign edit {name} --plain`: {segments:,} segments instead of {before:,}, "
            "done at {ends}",
            name=name,
            segments=other.total_segments,
            before=drafted.total_segments,
            ends="-" if ends_at is None else time_words(ends_at, lambda: zone),
        )


def _too_dear(question: Question, drafted: Forecast, over: Decimal) -> str:
    assert question.budget is not None  # it is over it
    budget = question.budget
    return _(
        "it would cost {cost}, which is {over} more than the budget of {period} has left ({left} of {amount})",
        cost=money(drafted.costs[budget.currency], budget.currency),
        over=money(over, budget.currency),
        period=_(PERIODS[budget.period]),
        left=money(budget.left, budget.currency),
        amount=money(budget.amount, budget.currency),
    )


def _cheaper(
    question: Question, drafted: Forecast, other: Forecast, over: Decimal, name: str, zone: ZoneInfo
) -> Iterator[str]:
    assert question.budget is not None  # it is over it
    budget = question.budget
    plain = other.costs.get(budget.currency)
    if drafted.alphabet == "ucs2" and plain is not None and plain < drafted.costs[budget.currency]:
        yield _(
            "plain letters: `broadcast campaign edit {name} --plain`: {cost}",
            name=name,
            cost=money(plain, budget.currency),
        )
    people = question.people_paid()
    if people:
        yield _("{people:,} people in all instead of {whole:,}", people=people, whole=drafted.recipients)
    yield _(
        "a greater budget: amount = {amount} in [budget] of the configuration",
        amount=f'"{budget.amount + over}"',
    )
    yield _("the next budget, from {when}", when=time_words(budget.until, lambda: zone))
