"""A sender beside the product: as fast as it goes at first, then as many as receipts come."""

from broadcast.bench.senders import Credit


def test_any_number_at_first() -> None:
    credit = Credit(100.0)
    assert credit.left(5_000_000, 0, 107.9) > 10**9


def test_then_one_for_each_receipt() -> None:
    credit = Credit(100.0)
    assert credit.left(5000, 300, 107.9) > 10**9
    assert credit.left(5000, 300, 108.0) == 0
    assert credit.left(5000, 1300, 108.1) == 1050
    assert credit.left(6050, 1300, 108.2) == 0
