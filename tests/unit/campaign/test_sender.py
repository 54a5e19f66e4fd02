"""Senders: types of number, and what no carrier could take."""

import pytest

from broadcast.campaign.sender import SenderAddress, address
from broadcast.errors import InputError


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("BOYTE", SenderAddress("BOYTE", 5, 0)),
        ("Bo Y te 115", SenderAddress("Bo Y te 115", 5, 0)),
        ("1022", SenderAddress("1022", 3, 0)),
        ("12345678", SenderAddress("12345678", 3, 0)),
        ("+84912345678", SenderAddress("84912345678", 1, 1)),
        ("84912345678", SenderAddress("84912345678", 1, 1)),
    ],
)
def test_address(sender: str, expected: SenderAddress) -> None:
    assert address(sender) == expected


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("MINISTRYOFHEALTH", "16 characters.*at most 11"),
        ("ABCDEFGHIJKL", "12 characters"),
        ("", "empty"),
        (" BOYTE", "blank"),
        ("BỘ Y TẾ", r"U\+1EBE, U\+1ED8"),
        ("A[B]", r"U\+005B"),
        ("a@b", r"U\+0040"),
        ("12", "no letter"),
        ("1234567890123456", "no letter"),
        ("+12", "no letter"),
        ("a\n", "blank"),
    ],
)
def test_refused(sender: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        address(sender)
