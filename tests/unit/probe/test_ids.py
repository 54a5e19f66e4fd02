"""Which reading makes ids of responses and receipts meet."""

import pytest

from broadcast.probe.ids import READINGS, Reading, best, form, meet

TEXT = Reading("text", "text")


@pytest.mark.parametrize(
    ("response", "receipt", "expected"),
    [
        ("a1b2", "A1B2", Reading("text", "text", id_case="fold")),
        ("000123", "123", Reading("decimal", "decimal")),
        ("00ab12", "AB12", Reading("text", "text", "strip", "fold")),
        ("00ab-2", "ab-2", Reading("text", "text", "strip")),
        ("0x", "0x", TEXT),
        ("3ade68b1", "987654321", Reading("hex", "decimal")),
        ("987654321", "3ADE68B1", Reading("decimal", "hex")),
        ("SAR-12-2-1", "sar-12-2-1", Reading("text", "text", id_case="fold")),
    ],
)
def test_the_plainest_that_fits(response: str, receipt: str, expected: Reading) -> None:
    assert meet(response, receipt)
    assert best(TEXT, [(response, receipt)]) == expected


@pytest.mark.parametrize(
    ("response", "receipt", "reading"),
    [
        ("1F4", "500", Reading("hex", "decimal")),
        ("500", "1f4", Reading("decimal", "hex")),
        ("1F4", "0001f4", Reading("hex", "hex")),
        ("500", "0000000500", Reading("decimal", "decimal")),
        ("00000000000000000000000", "0", Reading("decimal", "decimal")),
        ("12345678901234567890123", "0012345678901234567890123", Reading("decimal", "decimal")),
        ("0x1F4", "500", Reading("hex", "decimal")),
        ("ABC-def", "abc-DEF", Reading("text", "text", id_case="fold")),
        (
            "6F9619FF-8B86-D011-B42D-00CF4FC964FF", "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            Reading("text", "text", id_case="fold"),
        ),
        ("SAR-1a2b-2-1", "sar-1A2B-2-1", Reading("decimal", "hex", id_case="fold")),
        ("500", " 500 ", Reading("decimal", "decimal")),
        ("00-AB", "000-AB", Reading("text", "text", "strip")),
        ("0", "0000", Reading("text", "text", "strip")),
    ],
)  # fmt: skip
def test_ids_meet(response: str, receipt: str, reading: Reading) -> None:
    assert reading.meet(response, receipt)
    assert not TEXT.meet(response, receipt)


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
