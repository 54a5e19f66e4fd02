"""Shares of delays."""

import pytest

from broadcast.reports.report import share_within


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.0, 1), (0.5, 1), (0.51, 3), (0.99, 3), (0.991, 60), (1.0, 60)]
)
def test_share_within(share: float, seconds: int) -> None:
    assert share_within({3: 49, 1: 50, 60: 1}, share) == seconds


def test_share_of_nothing() -> None:
    assert share_within({}, 0.5) is None
