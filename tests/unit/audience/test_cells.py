"""What cells say: read, normalised, or unknown and counted."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience import attributes, cells
from broadcast.audience.cells import Cells, Unclear, boolean, language_tag, number, text
from broadcast.errors import InputError, RefusedError


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("3", 3), ("+3", 3), ("-3", -3), ("-0", 0), ("3.0", 3), ("3.25", 3.25), ("1e3", 1000), ("1E-2", 0.01),
        ("1,5", None), ("1.000,5", None), (".5", None), ("5.", None), ("nan", None), ("inf", None), ("0x10", None),
        ("1_000", None), ("\u0663", None), ("1" * 18, int("1" * 18)), ("1" * 19, None), ("", None), ("1e400", None),
    ],
)  # fmt: skip
def test_numbers(said: str, value: float | None) -> None:
    found = number(said)
    assert (found, type(found)) == (value, type(value))


@given(st.text(max_size=30))
def test_a_number_is_finite_or_none(said: str) -> None:
    found = number(said)
    assert found is None or (math.isfinite(found) and not isinstance(found, bool))


@pytest.mark.parametrize(
    ("said", "value"),
    [("Yes", True), ("x", True), ("0", False), ("NO", False), ("perhaps", None), ("2", None)],
)
def test_booleans(said: str, value: bool | None) -> None:
    assert boolean(said) is value


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("VI", "vi"), ("en-us", "en-US"), ("ZH-HANT-TW", "zh-Hant-TW"), ("sl-rozaj-1994", "sl-rozaj-1994"),
        ("hmn", "hmn"),
        ("tiếng Việt", None), ("v", None), ("vi_VN", None), ("vi-", None), ("en" + "-abcdefgh" * 5, None),
    ],
)  # fmt: skip
def test_languages(said: str, tag: str | None) -> None:
    assert language_tag(said) == tag


def test_texts_are_of_one_form_and_short() -> None:
    assert text("Qua\u0309ng Nam") == "Quảng Nam"
    assert text("x" * 64) == "x" * 64
    assert text("x" * 65) is None
    assert text("a\0b") is None


def test_combinations_are_numbered_and_unclear_cells_counted() -> None:
    made = Cells({"band": "number"}, ("area", "band"), {"48": "48", "Đà Nẵng": "48"}.get)
    assert made.number(("48", "3"), 2) == (0, True)
    assert made.number((" Đà Nẵng\u00a0", "3.0"), 3) == (0, True)
    assert made.number(("", "\u200b"), 4) == (1, True)
    assert made.take_new() == [("48", 3), (None, None)]
    assert made.number(("Nowhere", "much"), 5) == (1, False)
    assert made.number(("Nowhere", "'-4"), 6) == (2, False)
    assert (made.take_new(), made.take_new()) == ([(None, -4)], [])
    assert made.unclear == {"area": Unclear(2, 5), "band": Unclear(1, 5)}
    assert cells.read_unclear(cells.unclear_document(made.unclear)) == made.unclear
    assert cells.read_unclear(None) == {}


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_PROFILES", 2)
    made = Cells({}, ("area",), text)
    made.number(("1",), 2)
    made.number(("2",), 3)
    made.number(("1",), 4)
    with pytest.raises(RefusedError, match="more than 2 combinations of area"):
        made.number(("3",), 5)


@pytest.mark.parametrize("name", ["Band", "2nd", "a b", "", "x" * 33, "đ", "a-b", "_a"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="is no name for an attribute"):
        attributes.check_name(name)


@pytest.mark.parametrize(
    "name", ["and", "list", "area", "language", "known", "true", "msisdn", "carrier", "reason"]
)
def test_names_that_are_taken(name: str) -> None:
    with pytest.raises(InputError, match="a word of filters"):
        attributes.check_name(name)


def test_declared() -> None:
    assert attributes.declared("age_band:number") == ("age_band", "number")
    for said in ("age_band", "age_band:", "age_band:integer", ":number", "Age:number"):
        with pytest.raises(InputError):
            attributes.declared(said)


def test_new_ones() -> None:
    known: Any = {"a": "text"}
    assert attributes.check_new(known, {"a": "text", "b": "number"}) == {"b": "number"}
    with pytest.raises(RefusedError, match="a is registered as text"):
        attributes.check_new(known, {"a": "number"})
    with pytest.raises(RefusedError, match="there are 1 attributes, 16 at most"):
        attributes.check_new(known, {f"b{n}": "text" for n in range(16)})
