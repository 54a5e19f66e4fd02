"""Carriers dealt to databases."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.capacity.ledgers import dealt


def test_who_fits_shares_one() -> None:
    assert dealt({"a": 40.0, "b": 60.0, "c": 30.0}, 100) == ({"b": 1.0, "a": 1.0}, {"c": 1.0})


def test_who_is_too_large_is_split_and_never_beside_itself() -> None:
    assert dealt({"a": 250.0}, 100) == ({"a": pytest.approx(1 / 3)},) * 3
    assert dealt({"a": 101.0, "b": 40.0}, 100) == ({"a": 0.5, "b": 1.0}, {"a": 0.5})


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0.1, 1e6), min_size=1, max_size=8),
    st.floats(1e3, 1e6),
)
def test_everybody_has_a_place_and_no_database_has_too_much(rates: dict[str, float], most: float) -> None:
    found = dealt(rates, most)
    whole: Counter[str] = Counter()
    for parts in found:
        assert sum(rates[name] * part for name, part in parts.items()) <= most * (1 + 1e-9)
        whole.update(parts)
    for name in rates:
        assert sum(parts.get(name, 0.0) for parts in found) == pytest.approx(1)
    assert len(found) <= 2 * sum(rates.values()) / most + 1  # of any two, one is more than half full
