"""A carrier's invoice as carriers have them, beside our own books."""

import tomllib
from array import array
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from unit.config_files import COUNTRY

from broadcast.config import Country
from broadcast.config.files import made
from broadcast.errors import InputError
from broadcast.reports.invoice import Own, Sums, compare, differing_numbers, read, total

NOVEMBER = date(2026, 11, 1)


def country() -> Country:
    return made(tomllib.loads(COUNTRY), "test").country


def of(text: str, **columns: str) -> Any:
    return read(text.splitlines(keepends=True), country(), columns, NOVEMBER)


def test_sums_by_campaign_and_day() -> None:
    found = of(
        "Date;Campaign;SMS count;Amount\n01/11/2026;flood;1.234;385.625,50\n02/11/2026;flood;10;3125\n\n"
    )
    assert (found.by_campaign, found.by_day, found.lines) == (True, True, 2)
    assert found.sums["flood", date(2026, 11, 1)] == Sums(1234, Decimal("385625.50"))
    assert found.sums["flood", date(2026, 11, 2)].amount == 3125


def test_a_sum_alone_and_heads_of_its_own() -> None:
    assert of("\ufeffMT,Tien\n100,31250\n", segments="mt", amount="tien").sums == {
        ("", None): Sums(100, Decimal(31250))
    }


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234", "1234"),
        ("1,234,567.25", "1234567.25"),
        ("1.234.567,8", "1234567.8"),
        ("1\u202f234,5", "1234.5"),
        ("1,23,456.00", "123456"),
        ("0.234", "0.234"),  # a price of a message, and no thousands
        ("1,234.567", "1234.567"),
        ("1234.567", "1234.567"),
        ("-1.234,50", "-1234.5"),  # a credit
    ],
)
def test_amounts_as_spreadsheets_write_them(text: str, amount: str) -> None:
    (sums,) = of(f"segments;amount\n1;{text}\n").sums.values()
    assert sums.amount == Decimal(amount)


def test_a_line_a_message() -> None:
    found = of(
        "msisdn,date\n0981234567,2026-11-03 10:00:01\n+84981234567,2026-11-03\n+8613800138000,2026-11-03\n"
    )
    assert found.sums == {("", date(2026, 11, 3)): Sums(3)}
    told = differing_numbers(found, array("q", [84981234567, 84320000001]), array("q", [2, 4]))
    assert list(told) == [(84320000001, 0, 4), (8613800138000, 1, 0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "neither segments nor numbers: it has a, b"),
        ("", "neither segments nor numbers"),
        ("segments,date\n1,2026-10-31\n", "line 2 of the invoice: 2026-10-31 is not in 2026-11"),
        ("segments,date\n1,yesterday\n", "line 2 of the invoice: the day is none"),
        ("segments\nmany\n", "segments are no whole number"),
        ("segments,amount\n1,=1+1\n", "the amount is no number"),
        ("date,segments\n2026-11-01\n", "cells are missing"),
        ("msisdn\n0981234567/8\n", "line 2 of the invoice: there is no mobile number"),
        ("segments\n1\n\n\nmany\n", "line 5 of the invoice: segments are no whole number"),
        (f"segments\n{'9' * 5000}\n", "line 2 of the invoice: a cell cannot be read"),
        (f"msisdn,segments\n0981234567,{'9' * 30}\n", "line 2 of the invoice: a cell cannot be read"),
        (
            f"segments,amount\n1,{'x' * 200_000}\n",
            "line 2 of the invoice: (a cell cannot be read|the amount is no number)",
        ),
        ("segments,amount\n1,1.23E+11\n", "the amount is no number"),
        ("segments,amount\n-1,5\n", "segments are no whole number"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        of(text)
    assert "98123" not in str(error.value)


def test_a_head_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no column MT: it has segments"):
        of("segments\n1\n", segments="MT")


OWN = {
    ("flood", date(2026, 11, 1)): Own(1200, 1100, Decimal("1200")),
    ("flood", date(2026, 11, 2)): Own(10, 9, Decimal(10)),
    ("flood", None): Own(3, 0, Decimal(3)),
    ("heat", date(2026, 11, 2)): Own(5, 5, Decimal(5)),
}


def test_where_alphabets_have_prices_of_their_own_no_mix_of_them_differs() -> None:
    own = {("flood", date(2026, 11, 1)): Own(558, 535, Decimal("192017.65"), Decimal(165))}
    for amount, differs in (("192000", False), ("192182.65", False), ("192183", True), ("191000", True)):
        (line,) = compare(of(f"segments;amount\n558;{amount}\n"), own)
        assert line.differs is differs


def test_differences_are_told_by_day_and_campaign() -> None:
    found = compare(
        of("day,campaign,segments,amount\n2026-11-01,flood,1201,1200\n2026-11-02,flood,10,10\n"), OWN
    )
    told = {
        (each.campaign, each.day): (each.billed, each.accepted, each.more, each.differs) for each in found
    }
    assert told == {
        ("flood", date(2026, 11, 1)): (1201, 1200, 1, True),
        ("flood", date(2026, 11, 2)): (10, 10, 0, False),
        ("heat", date(2026, 11, 2)): (None, 5, -5, True),
        ("flood", None): (None, 3, -3, True),  # copies that were sent again are nobody's day
    }
    assert (total(found).billed, total(found).accepted, total(found).due) == (1211, 1218, Decimal(1218))


def test_of_sums_alone_the_sums_are_compared() -> None:
    (line,) = compare(of("segments,amount\n1218,1218.01\n"), OWN)
    assert (line.more, line.differs, line.amount, line.due) == (0, True, Decimal("1218.01"), Decimal(1218))
    (line,) = compare(of("segments\n1218\n"), OWN)
    assert not line.differs
