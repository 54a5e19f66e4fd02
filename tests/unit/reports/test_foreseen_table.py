"""Forecast and fact on a page: a row a carrier."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from broadcast.forecast.moments import NEVER, Moments
from broadcast.reports.foreseen import Compared
from broadcast.reports.foreseen_table import ForeseenTable, foreseen_table

LAUNCHED = datetime(2030, 1, 1, 16, 0, tzinfo=UTC)  # 23:00 in Vietnam


def at(minutes: float) -> datetime:
    return LAUNCHED + timedelta(minutes=minutes)


def compared(carrier: str, sent: Moments, foreseen: Moments, currency: str | None = None) -> Compared:
    cost = None if currency is None else Decimal(5000)
    return Compared(carrier, sent, foreseen, NEVER, NEVER, 1200, 1100, cost, cost, currency)


def table(*lines: Compared) -> ForeseenTable:
    return foreseen_table(lines, LAUNCHED, lambda: ZoneInfo("Asia/Ho_Chi_Minh"))


def test_what_came_stands_above_what_was_foreseen() -> None:
    line = compared(
        "viettel", Moments(at(10), at(20), None, at(61)), Moments(at(9), at(20), at(25), at(61.5))
    )
    found = table(line)
    assert found.columns == ("50% sent", "90% sent", "99% sent", "last one sent", "segments")
    assert found.rows == (
        (
            "viettel",
            (
                ("23:10:00", "23:09:00, +1 min 00 s"),
                ("23:20:00", "as foreseen"),
                ("-", "23:25:00"),
                ("2030-01-02 00:01:00", "2030-01-02 00:01:30, \N{MINUS SIGN}30 s"),
                ("1,200", "1,100"),
            ),
        ),
    )


def test_each_carrier_has_every_column_that_one_has() -> None:
    one, other = compared("viettel", NEVER, NEVER, "VND"), compared("mobifone", Moments(half=at(1)), NEVER)
    found = table(one, other)
    assert found.columns == ("50% sent", "segments", "cost")
    assert [cells[0] for _, cells in found.rows] == [("-", ""), ("23:01:00", "")]
    assert [cells[-1] for _, cells in found.rows] == [("5,000 VND", "as foreseen"), ("-", "")]
    assert table() == ForeseenTable(("segments",), ())
