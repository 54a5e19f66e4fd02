"""Of a forecast: when an alert will be sent and there, what it costs, and what speaks against it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from broadcast.cli.output import print_table, say
from broadcast.cli.settings import time_zone
from broadcast.forecast.budget import Standing
from broadcast.forecast.moments import Moments
from broadcast.forecast.verdict import PERIODS, Verdict, money
from broadcast.forecast.ways import Forecast
from broadcast.languages import _, headings


def show_moments(found: Forecast) -> None:
    """A row a carrier. Times of another day have it in front."""
    if found.problem is not None or found.sent.last is None:
        return
    first = found.sent.half
    lines = {each.carrier: each for each in found.carriers if each.sent.last is not None}
    rows = [
        (each.carrier, *_times(each.sent, first), *_times(each.delivered, first), _percent(each.reach))
        for each in lines.values()
    ]
    rows.append((_("all"), *_times(found.sent, first), *_times(found.delivered, first), "-"))
    columns = headings("carrier", "50% sent", "90%", "99%", "50% there", "90%", "99%", "gets it")
    print_table(_("when it is sent, and there (of those who will have it)"), columns, rows)
    if found.unlearnt:
        say(
            _(
                "not known yet how soon receipts come, and left out of `there`: {carriers}",
                carriers=", ".join(found.unlearnt),
            )
        )


def show_costs(ways: Sequence[Forecast], budget: Standing | None) -> None:
    """Of each way, and what the budget has left."""
    found, other = ways
    for currency, cost in found.costs.items():
        plain = other.costs.get(currency)
        said = _("cost: {cost}", cost=money(cost, currency))
        if plain is not None and other.problem is None:
            said = _(
                "cost: {cost}; for comparison {plain}",
                cost=money(cost, currency),
                plain=money(plain, currency),
            )
        say(said)
    if found.unpriced and found.costs:
        say(_("without a price, and not in the cost: {carriers}", carriers=", ".join(found.unpriced)))
    if budget is not None:
        say(budget_words(budget))


def budget_words(budget: Standing) -> str:
    """In one line."""
    return _(
        "budget of {period}: {amount}; spent {spent}, to be spent by what runs {committed}, left {left}",
        period=_(PERIODS[budget.period]),
        amount=money(budget.amount, budget.currency),
        spent=money(budget.spent, budget.currency),
        committed=money(budget.committed, budget.currency),
        left=money(budget.left, budget.currency),
    )


def budget_document(budget: Standing | None) -> dict[str, Any] | None:
    """For JSON."""
    if budget is None:
        return None
    return {each.name: getattr(budget, each.name) for each in fields(budget)} | {"left": budget.left}


def show_verdict(verdict: Verdict, *, emergency: bool) -> None:
    """A line for each thing that speaks against its launch, and for each way out."""
    if not verdict.problems:
        return
    say(
        _("an emergency is launched all the same, with a warning:")
        if emergency
        else _("its launch would be refused:")
    )
    for each in verdict.problems:
        say(f"  {each}")
    for each in verdict.ways_out:
        say(_("  way out: {each}", each=each))


def _times(moments: Moments, first: datetime | None) -> tuple[str, ...]:
    return tuple(_time(each, first) for each in (moments.half, moments.ninety, moments.ninety_nine))


def _time(at: datetime | None, first: datetime | None) -> str:
    if at is None or first is None:
        return "-"
    local, beside = at.astimezone(time_zone()), first.astimezone(time_zone())
    if local.year != beside.year:
        return f"{local:%Y-%m-%d}"
    return f"{local:%H:%M:%S}" if local.date() == beside.date() else f"{local:%m-%d %H:%M}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def money_words(amount: Decimal | None) -> str | None:
    """Without a currency; None stays so."""
    return None if amount is None else money(amount, "").rstrip()
