"""Which reading makes ids of responses and receipts meet."""

import pytest

from broadcast.engine.probe.ids import READINGS, Reading, best, form, meet

TEXT = Reading("text", "text")


@pytest.mark.parametrize(
    ("response", "receipt", "expected"),
    [
        ("a1b2", "A1B2", TEXT),  # letters of either case are the same already
        ("000123", "123", Reading("decimal", "decimal")),
        ("00ab12", "AB12", Reading("text", "text", "strip")),
        ("0x", "0x", TEXT),
        ("3ade68b1", "987654321", Reading("hex", "decimal")),
        ("987654321", "3ADE68B1", Reading("decimal", "hex")),
        ("SAR-12-2-1", "sar-12-2-1", TEXT),
    ],
)
def test_the_plainest_that_fits(response: str, receipt: str, expected: Reading) -> None:
    assert meet(response, receipt)
    assert best(TEXT, [(response, receipt)]) == expected


def test_what_meets_under_none() -> None:
    assert not meet("123", "456")
    assert not meet("", "")
    assert best(TEXT, [("123", "456")]) == TEXT


def test_the_profile_stays_where_it_is_as_good() -> None:
    for profile in READINGS[:2]:
        assert best(profile, [("123", "123"), ("124", "124")]) == profile


def test_most_pairs_decide() -> None:
    pairs = [("10", "16"), ("11", "17"), ("1f", "31")]
    assert best(TEXT, pairs) == Reading("hex", "decimal")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0123", "decimal digits, 4, zeros in front"),
        ("3ADE", "hexadecimal digits, 4, capitals"),
        ("c0ffee00-0000-4000-8000-00000000ab12", "UUID"),
        ("SAR-1", "text, 5 characters, capitals"),
        ("", "empty"),
    ],
)
def test_the_form_of_an_id(raw: str, expected: str) -> None:
    assert form(raw) == expected
