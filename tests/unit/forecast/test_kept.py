"""What a launch keeps of its forecast: prices of a segment."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from broadcast.forecast.kept import Kept

AT = datetime(2026, 11, 30, tzinfo=UTC)


def kept(*lines: tuple[str, int, str | None]) -> Kept:
    """language, segments, cost: of one carrier."""

    def line(language: str, segments: int, cost: str | None) -> dict[str, Any]:
        nothing: dict[str, str | None] = {}
        return {
            "carrier": "vinaphone", "language": language, "recipients": segments, "segments": segments,
            "sent": nothing, "delivered": nothing, "reach": None, "cost": cost, "currency": cost and "VND",
        }  # fmt: skip

    nothing: dict[str, str | None] = {}
    return Kept.read(
        {
            "at": AT.isoformat(),
            "sent": nothing,
            "delivered": nothing,
            "carriers": [line(*each) for each in lines],
        }
    )


def test_one_price_is_no_mean() -> None:
    found = kept(("vi", 7, "2187.50"), ("en", 3, "937.50"))
    assert found.price("vinaphone") == (Decimal("312.5"), "VND")
    assert found.price_apart("vinaphone") == 0
    assert found.segments("vinaphone") == 10


def test_prices_by_alphabet_are_so_far_apart() -> None:
    found = kept(("vi", 3, "1050"), ("en", 1, "290"))
    assert found.price("vinaphone") == (Decimal(335), "VND")
    assert found.price_apart("vinaphone") == 45


@pytest.mark.parametrize("lines", [(), (("vi", 3, None),)])
def test_without_a_price(lines: tuple[tuple[str, int, str | None], ...]) -> None:
    assert kept(*lines).price("vinaphone") is None
    assert kept(*lines).price_apart("vinaphone") == 0
