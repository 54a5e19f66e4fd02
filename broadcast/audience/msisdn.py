"""Reads a phone number however people write it. Pure.

A mobile number is written +84 912 345 678, 0084..., 84..., 0912-345-678, or, when a spreadsheet ate the zero,
912345678, or 84912345678.0, when it took it for a float. All become one integer, 84912345678. Where digits could be
read in two ways (Vietnam has both the country code 84 and a carrier's prefix 84), the country code is tried first, and
the length decides; where that cannot tell one person from another, the number is refused.
"""

import re
from enum import StrEnum

from broadcast.audience.characters import Table, is_blank, is_dash, is_mark, plain
from broadcast.config import Country
from broadcast.languages import term

# What people put between digits: marks, blanks and dashes of any kind, and these. Not '+', which may only lead,
# and not '/', which parts two numbers or a number from another last digit.
_SEPARATORS = Table(
    lambda each: None if each in "._'()" or is_mark(each) or is_blank(each) or is_dash(each) else each
)
_SCIENTIFIC = re.compile(r"'?[+-]?\d+(?:[.,]\d*)? ?[eE] ?[+-]?\d+", re.ASCII)
_FLOAT = re.compile(r"(?:([^.,]*\d)\.|([^,]*\d),)(0+)", re.ASCII)
_LONGEST = 64
_E164_MIN, _E164_MAX = 7, 15
_PLAIN_MIN = 10  # digits of a foreign number without a plus: a shorter one may be a misspelt own one


class Refusal(StrEnum):
    """Why a line has no mobile number of this country."""

    EMPTY = "empty"
    GARBAGE = "garbage"
    FOREIGN = "foreign"
    LANDLINE = "landline"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNKNOWN_PREFIX = "unknown_prefix"
    SCIENTIFIC = "scientific_notation"  # 8.49123E+10: a spreadsheet has thrown digits away
    AMBIGUOUS = "ambiguous"  # two numbers, or one and something behind it: 0812345678/79, 0812345678-2

    @property
    def words(self) -> str:
        """For a person."""
        return term(self.value).replace("_", " ")


class Normalizer:
    """Reads numbers by one country's numbering plan."""

    def __init__(self, country: Country) -> None:
        self._country_code = country.country_code
        self._international = country.international_prefix
        self._trunk = country.trunk_prefix
        self._lengths = country.national_lengths
        self._landline = country.landline_prefixes
        self._match = _mobile(country).fullmatch
        shortest = min(country.national_lengths)
        two_groups = rf"[^\d+]*(\+?\d{{{shortest},}})[^\d+]+\d+[^\d+]*"
        self._two_groups = re.compile(two_groups, re.ASCII).fullmatch
        self._is_odd = re.compile(rf"{two_groups}|.*\.0+\D*", re.ASCII | re.DOTALL).fullmatch

    def normalize(self, raw: str) -> int | Refusal:
        """The MSISDN (country code first, no plus), or why there is none. Never raises."""
        found = self._match(raw)
        if found is None:
            return self._with_care(raw)
        return int(self._country_code + found[1])

    def foreign(self, raw: str) -> int | Refusal:
        """The same of another country's number, in E.164: with a plus or the international prefix, or, as carriers
        write them, without either, where it is too long to be one of this country."""
        found = self.normalize(raw)
        if found not in (Refusal.FOREIGN, Refusal.TOO_LONG):
            return found
        text = plain(raw)
        written = _FLOAT.fullmatch(text)
        digits = ((written[1] or written[2]) if written else text).translate(_SEPARATORS)
        plus = digits.startswith("+") or digits.startswith(self._international)
        bare = (
            digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix(self._international)
        )
        if found is Refusal.TOO_LONG:
            own = bare.startswith((self._country_code, "0"))
            if plus or own or not _PLAIN_MIN <= len(bare) <= _E164_MAX or not bare.isdigit():
                return found
        return Refusal.GARBAGE if bare.startswith("0") else int(bare)

    def _with_care(self, raw: str) -> int | Refusal:
        if len(raw) > _LONGEST:
            return Refusal.GARBAGE
        digits = raw.translate(_SEPARATORS)
        found = self._match(digits)
        if found is not None and not self._is_odd(raw):
            return int(self._country_code + found[1])
        if found is None and "." not in raw and digits.isdigit():
            return self._refusal(digits)
        return self._in_doubt(plain(raw), digits)

    def _in_doubt(self, text: str, digits: str) -> int | Refusal:
        """text: as it looks; digits: all of it without separators."""
        if not text:
            return Refusal.EMPTY
        if _SCIENTIFIC.fullmatch(text):
            return Refusal.SCIENTIFIC
        found = self._match(digits)
        written = _FLOAT.fullmatch(text)
        if written:
            whole = self.normalize(written[1] or written[2])
            if found is None or len(written[3]) < 3:  # .0 and .00 are no group of digits
                return whole
            if isinstance(whole, int):
                return Refusal.AMBIGUOUS
        if found is None:
            return self._refusal(digits)
        groups = self._two_groups(text)
        if groups and self._match(groups[1]):  # with what is behind it, it would be another number
            return Refusal.AMBIGUOUS
        return int(self._country_code + found[1])

    def _refusal(self, digits: str) -> Refusal:
        """Of what is not a mobile number, separators taken out."""
        plus = digits.startswith("+")
        bare = digits[1:] if plus else digits
        if not (bare.isascii() and bare.isdigit()):
            parts = bare.split("/")
            several = len(parts) > 1 and all(each.isascii() and each.isdigit() for each in parts)
            return Refusal.AMBIGUOUS if several else Refusal.GARBAGE
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
