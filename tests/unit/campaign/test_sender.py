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


def test_every_character_that_an_alphanumeric_sender_may_have() -> None:
    """What is the same in ASCII, as source_addr has it, and in GSM 03.38, as the telephone gets it."""

    def taken(character: str) -> bool:
        try:
            address(f"A{character}Z")
        except InputError:
            return False
        return True

    allowed = "".join(filter(taken, map(chr, range(0x250))))
    assert allowed == (
        " !\"#$%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    )


@pytest.mark.parametrize("sender", ["ABCDEFGHIJK", "Min. Health", "1922-COVID!", "123456789ab"])
def test_eleven_characters_are_the_most(sender: str) -> None:
    assert len(sender) == 11
    assert address(sender) == SenderAddress(sender, ton=5, npi=0)
    with pytest.raises(InputError, match="12 characters: an alphanumeric one has at most 11"):
        address(sender + "x")
