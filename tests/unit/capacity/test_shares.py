"""People spread over carriers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.capacity.shares import divided, numbers_of
from broadcast.config import Country


def country(prefixes: dict[str, tuple[str, ...]], **other: Any) -> Country:
    return Country("Nowhere", "99", (9,), prefixes, "UTC", **other)


def test_each_prefix_has_its_numbers() -> None:
    assert numbers_of(country({"a": ("32", "33"), "b": ("5",)})) == {"a": 2e7, "b": 1e8}


def test_what_lies_in_a_longer_one_is_not_the_shorter_ones() -> None:
    found = numbers_of(country({"a": ("5",), "b": ("52", "521"), "c": ("5211",)}))
    assert found == {"a": 9e7, "b": 1e7 - 1e5, "c": 1e5}


def test_what_is_left_over_goes_to_the_largest_remainders() -> None:
    assert divided(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert divided(100, {"a": 54, "b": 46}) == {"a": 54, "b": 46}


@given(
    st.integers(1, 10**12),
    st.dictionaries(st.text("abc", min_size=1), st.floats(1e-3, 1e9), min_size=1, max_size=9),
)
def test_everybody_is_somewhere(count: int, weights: dict[str, float]) -> None:
    parts = divided(count, weights)
    assert sum(parts.values()) == count
    whole = sum(weights.values())
    for name, part in parts.items():
        assert part == pytest.approx(count * weights[name] / whole, abs=1 + count * 1e-9)
