"""What stands for somebody who was erased, and how a number goes from what people wrote. Pure.

Where a place counts (in a slice, an exclusion, a doubt, a receipt) a negative number stands for who was there: the same
for one person within a campaign, so that whoever was sent to twice still counts once, another one in the next.
"""

import re
import secrets
from collections.abc import Callable, Collection
from typing import Final

NATIONAL_LEAST: Final = 7  # digits of a national number: what is shorter is found in anything

_BITS: Final = 49  # of a tombstone: whatever takes numbers of 15 digits takes it (key_order)
_RUN: Final = re.compile(r"[0-9](?:[ .\-/()]{0,2}[0-9])+")
_RUN_OCTETS: Final = re.compile(rb"[0-9](?:[ .\-/()]{0,2}[0-9])+")
_RUN_UCS2: Final = re.compile(rb"(?s)\x00[0-9](?:(?:\x00[ .\-/()]){0,2}\x00[0-9])+")


class Tombstones:
    """Negative numbers for people, by campaign; forgotten with this object."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int], int] = {}

    def of(self, campaign_id: int, msisdn: int) -> int:
        """Of this person in this campaign (0: in none)."""
        return self._made.setdefault((campaign_id, msisdn), -1 - secrets.randbits(_BITS))


def national(msisdn: int, country_code: str) -> str:
    """The digits that stand in each spelling of a number; of a foreign one all of them."""
    digits = str(msisdn)
    rest = digits.removeprefix(country_code)
    return rest if len(rest) >= NATIONAL_LEAST else digits


def without(text: str, numbers: Collection[str]) -> str:
    """The text with `x` for each digit of these, spelt in whatever way. numbers: as `national` gives them."""
    return _RUN.sub(lambda run: _struck(run[0], numbers, str.isdigit, "x"), text)


def without_octets(octets: bytes, numbers: Collection[str]) -> bytes:
    """The same of octets in ASCII, GSM 03.38 or UCS-2; as many as before."""
    octets = _RUN_OCTETS.sub(lambda run: _struck_octets(run[0], numbers), octets)
    return _RUN_UCS2.sub(
        lambda run: b"".join(b"\0" + bytes((each,)) for each in _struck_octets(run[0][1::2], numbers)), octets
    )


def _struck_octets(run: bytes, numbers: Collection[str]) -> bytes:
    return _struck(run.decode("latin-1"), numbers, str.isdigit, "x").encode("latin-1")


def _struck(run: str, numbers: Collection[str], is_digit: Callable[[str], bool], mark: str) -> str:
    places = [place for place, each in enumerate(run) if is_digit(each)]
    digits = "".join(run[place] for place in places)
    made = list(run)
    for length in sorted({len(each) for each in numbers}):
        for start in range(len(digits) - length + 1):
            if digits[start : start + length] in numbers:
                for place in places[start : start + length]:
                    made[place] = mark
    return "".join(made)
