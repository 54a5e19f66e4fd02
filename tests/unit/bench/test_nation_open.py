"""How long late receipts waited, told from what was seen of them now and then."""

import pytest

from broadcast.bench.nation_open import lags


def test_none_is_told_too_short() -> None:
    acked = [(0.0, 0), (1.0, 2), (2.0, 3)]
    settled = [(0.1, 0), (1.5, 1), (2.5, 3)]
    # the first two were acked after 0.0, the third after 1.0
    assert lags(acked, settled).tolist() == [1.5, 2.5, 1.5]


def test_receipts_of_before_count_from_the_first_look() -> None:
    assert lags([(3.0, 4)], [(3.5, 2), (4.0, 4)]).tolist() == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("curve", [[(0.0, 0)], [(0.0, 0), (1.0, 0)]])
def test_where_none_came(curve: list[tuple[float, int]]) -> None:
    assert len(lags(curve, curve)) == 0


def test_of_millions_some_are_told_the_last_among_them() -> None:
    found = lags([(0.0, 0), (1.0, 5_000_000)], [(2.0, 4_999_999), (9.0, 5_000_000)])
    assert len(found) == 100_000
    assert (found.min(), found[-1]) == (2.0, 9.0)
