"""Reads a phone number however people write it. Pure.

A mobile number is written +84 912 345 678, 0084..., 84..., 0912-345-678, or, when a spreadsheet ate the zero,
912345678. All become one integer, 84912345678. Where digits could be read in two ways (Vietnam has both the
country code 84 and a carrier's prefix 84), the country code is tried first, and the length decides.
"""

import re
from enum import StrEnum

from broadcast.config import Country

# What people put between digits. Not '+', which may only lead.
_SEPARATORS = str.maketrans(
    "", "", " \t\r.-()/_'\u00a0\u2007\u2009\u200b\u202f\u2010\u2011\u2012\u2013\u2014\u2060\ufeff"
)
_LONGEST = 64
_E164_MIN, _E164_MAX = 7, 15


class Refusal(StrEnum):
    """Why a line has no mobile number of this country."""

    EMPTY = "empty"
    GARBAGE = "garbage"
    FOREIGN = "foreign"
    LANDLINE = "landline"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNKNOWN_PREFIX = "unknown_prefix"


class Normalizer:
    """Reads numbers by one country's numbering plan."""

    def __init__(self, country: Country) -> None:
        self._country_code = country.country_code
        self._international = country.international_prefix
        self._trunk = country.trunk_prefix
        self._lengths = country.national_lengths
        self._landline = country.landline_prefixes
        self._match = _mobile(country).fullmatch

    def normalize(self, raw: str) -> int | Refusal:
        """The MSISDN (country code first, no plus), or why there is none. Never raises."""
        found = self._match(raw)
        if found is None:
            return self._with_care(raw)
        return int(self._country_code + found[1])

    def _with_care(self, raw: str) -> int | Refusal:
        if len(raw) > _LONGEST:
            return Refusal.GARBAGE
        digits = raw.translate(_SEPARATORS)
        if not digits:
            return Refusal.EMPTY if not raw.strip() else Refusal.GARBAGE
        found = self._match(digits)
        if found is not None:
            return int(self._country_code + found[1])
        return self._refusal(digits)

    def _refusal(self, digits: str) -> Refusal:
        """Of what is not a mobile number, separators taken out."""
        plus = digits.startswith("+")
        bare = digits[1:] if plus else digits
        if not (bare.isascii() and bare.isdigit()):
            return Refusal.GARBAGE
        if not plus and self._international and bare.startswith(self._international):
            plus, bare = True, bare.removeprefix(self._international)
        if plus and not bare.startswith(self._country_code):
            return self._foreign(bare)
        return self._national(bare, plus)

    @staticmethod
    def _foreign(digits: str) -> Refusal:
        if len(digits) < _E164_MIN:
            return Refusal.TOO_SHORT
        return Refusal.FOREIGN if len(digits) <= _E164_MAX else Refusal.TOO_LONG

    def _national(self, digits: str, plus: bool) -> Refusal:
        """Of digits that are not international, or that start with our country code after a plus."""
        national = digits.removeprefix(self._country_code) if plus else digits
        if self._trunk and national.startswith(self._trunk):
            national = national.removeprefix(self._trunk)
        elif not plus and len(national) > max(self._lengths) and national.startswith(self._country_code):
            national = national.removeprefix(self._country_code).removeprefix(self._trunk)
        if len(national) < min(self._lengths):
            return Refusal.TOO_SHORT
        if self._landline and national.startswith(self._landline) and len(national) <= max(self._lengths) + 1:
            return Refusal.LANDLINE
        return Refusal.TOO_LONG if len(national) > max(self._lengths) else Refusal.UNKNOWN_PREFIX


def _mobile(country: Country) -> re.Pattern[str]:
    """Any unpunctuated spelling of a mobile number; group 1: its national significant number."""
    leads = [rf"\+?{country.country_code}(?:{country.trunk_prefix})?"]
    if country.international_prefix:
        leads.insert(0, rf"{country.international_prefix}{country.country_code}(?:{country.trunk_prefix})?")
    if country.trunk_prefix:
        leads.append(country.trunk_prefix)
    prefixes = sorted({prefix for each in country.prefixes.values() for prefix in each})
    numbers = [
        rf"(?=\d{{{length}}}\Z)(?:{'|'.join(prefixes)})\d*"
        for length in sorted(set(country.national_lengths))
    ]
    return re.compile(rf"(?:{'|'.join(leads)})?({'|'.join(numbers)})", re.ASCII)
