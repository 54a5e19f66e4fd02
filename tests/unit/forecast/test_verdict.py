"""What speaks against a launch, and the ways out: each figure is enough by itself, and hardly more than enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from broadcast.config import Budget, Price
from broadcast.forecast.budget import Spending, Standing, period, standing
from broadcast.forecast.flow import Flow
from broadcast.forecast.moments import Canary
from broadcast.forecast.question import Question
from broadcast.forecast.verdict import Verdict, judge, money
from broadcast.forecast.ways import Around, Asked, CarrierLoad, Pace

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
TEXT = "Bộ Y tế: " + "rửa tay thường xuyên. " * 5  # two segments; in plain letters one
LOADS = (
    CarrierLoad("viettel", 36_000, 10, "udh8", "gsm0338"),
    CarrierLoad("mobifone", 10, 10, "udh8", "gsm0338"),
)
AROUND = {load.carrier: Around(price=Price("VND", Decimal("300"))) for load in LOADS}
BUDGET = Budget(Decimal(30_000_000), "VND")


def question(hours: float, text: str = TEXT, spent: int = 0, **asked: object) -> Question:
    made = Asked(text, "ucs2", LOADS, NOW, NOW + timedelta(hours=hours), around=AROUND)
    spending = [Spending("viettel", spent, 0, (Decimal(300), "VND"))]
    budget = standing(BUDGET, *period(BUDGET, HANOI, NOW), spending)
    return Question(replace(made, **asked), budget)


def judged(asked: Question) -> Verdict:
    return judge(asked, asked.drafted(), "hands", HANOI)


def test_nothing_speaks_against_what_is_in_time_and_paid() -> None:
    assert judged(question(3)) == Verdict()


def test_too_late_with_every_way_out() -> None:
    found = judged(question(1.5))
    assert found.problems == (
        "viettel would be done at 2026-11-29 21:00:00 +07:00, 30 min 00 s after the expiry",
    )
    assert list(found.ways_out) == [
        "plain letters: `broadcast campaign edit hands --plain`: 36,010 segments instead of 72,020, done at "
        "2026-11-29 20:00:00 +07:00",
        "14 TPS at viettel",
        "27,000 people at viettel instead of 36,000",
        "a later expiry: `broadcast campaign edit hands --expires 2026-11-29T21:05+07:00`",
    ]
    assert "Ways out: plain letters" in str(found)


@pytest.mark.parametrize("pace", [Pace(), Pace(canary=Canary(10, 600)), Pace(quiet=((600, 1200),))])
def test_each_figure_is_enough(pace: Pace) -> None:
    around = AROUND | {"viettel": Around((Flow(5000, until_s=3000),))}
    asked = question(1.5, pace=pace, around=around).asked
    tps, people = Question(asked).tps_needed("viettel"), Question(asked).people_in_time("viettel")
    assert tps is not None
    viettel, mobifone = LOADS

    def late(load: CarrierLoad) -> bool:
        return bool(judged(Question(replace(asked, loads=(load, mobifone)))).problems)

    assert (late(replace(viettel, tps=tps)), late(replace(viettel, tps=tps - 1))) == (False, True)
    assert (late(replace(viettel, recipients=people)), late(replace(viettel, recipients=people + 2))) == (
        False,
        True,
    )


def test_where_no_tps_is_enough_none_is_named() -> None:
    found = judged(question(1.5, pace=Pace(people_per_hour=100)))
    assert not any("TPS" in each for each in found.ways_out)
    assert any("people at viettel" in each for each in found.ways_out)


def test_too_dear_with_every_way_out() -> None:
    found = judged(question(3, spent=50_000))
    assert found.problems == (
        "it would cost 21,606,000 VND, which is 6,606,000 VND more than the budget of this month has left "
        "(15,000,000 VND of 30,000,000 VND)",
    )
    assert list(found.ways_out) == [
        "plain letters: `broadcast campaign edit hands --plain`: 10,803,000 VND",
        "25,000 people in all instead of 36,010",
        'a greater budget: amount = "36606000" in [budget] of the configuration',
        "the next budget, from 2026-12-01 00:00:00 +07:00",
    ]


def test_many_carriers_are_named_and_not_told_one_by_one() -> None:
    loads = tuple(replace(LOADS[0], carrier=f"c{number}") for number in range(8))
    found = judged(question(1.5, loads=loads))
    assert len(found.problems) == 6
    assert found.problems[-1].endswith(" too")


def test_what_was_spent_and_is_yet_to_be() -> None:
    since, until = period(BUDGET, HANOI, NOW)
    found = standing(
        BUDGET,
        since,
        until,
        [
            Spending("viettel", 100, 50.0, (Decimal("2.5"), "VND")),
            Spending("abroad", 10, 0, (Decimal(1), "EUR")),
            Spending("free", 5, 0, None),
            Spending("idle", 0, 0, None),
        ],
    )
    assert (found.spent, found.committed, found.unpriced) == (Decimal(250), Decimal(125), ("abroad", "free"))
    assert found.left == BUDGET.amount - 375
    assert found.over({"EUR": Decimal(10**12)}) == 0
    assert found.over({"VND": found.left}) == 0
    assert found.over({"VND": found.left + 1}) == 1
    empty = Standing(Decimal(0), "VND", "month", since, until, Decimal(5), Decimal(0))
    assert empty.over({}) == 0
    assert empty.over({"VND": Decimal(1)}) == 6


@pytest.mark.parametrize(
    ("of", "since", "until"),
    [("month", (2026, 11), (2026, 12)), ("quarter", (2026, 10), (2027, 1)), ("year", (2026, 1), (2027, 1))],
)
def test_periods_are_of_the_countrys_calendar(
    of: str, since: tuple[int, int], until: tuple[int, int]
) -> None:
    found = period(replace(BUDGET, period=of), HANOI, NOW)
    assert found == tuple(datetime(*each, 1, tzinfo=HANOI) for each in (since, until))
    # the last evening of the year in London is next year there
    late = datetime(2026, 12, 31, 20, tzinfo=UTC)
    assert period(replace(BUDGET, period=of), HANOI, late)[0] == datetime(2027, 1, 1, tzinfo=HANOI)


def test_money_has_no_fraction_where_there_is_none() -> None:
    assert money(Decimal("1234567.00"), "VND") == "1,234,567 VND"
    assert money(Decimal("12.5"), "EUR") == "12.50 EUR"
