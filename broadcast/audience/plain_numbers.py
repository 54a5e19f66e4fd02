"""Phone numbers as most people write them, thousands at a time: read and routed without an object for any. Pure.

By the rules of `Normalizer` and `Router`, of which this knows a part: whoever is not understood here is to be asked
there. Codes are those of characters, positions are of codes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.config import Country

_LONGEST: Final = 24  # characters
_MOST_DIGITS: Final = 15
_MOST_CELLS: Final = 1_000_000  # of the table of prefixes
_PLUS, _DOT, _ZERO = ord("+"), ord("."), ord("0")
_BETWEEN: Final = np.isin(np.arange(128), [ord(each) for each in " ._'()-"])

Codes = NDArray[Any]  # uint8, or uint32 where not all are ASCII
Places = NDArray[np.int64]
Truths = NDArray[np.bool_]


class PlainNumbers:
    """Of one country's numbering plan."""

    def __init__(self, country: Country, carriers: Mapping[str, int]) -> None:
        """carriers: a number above 0 by name."""
        self._code = int(country.country_code)
        self._lengths = sorted(set(country.national_lengths))
        self._shortest = self._lengths[0]
        prefixes = {prefix: name for name, each in country.prefixes.items() for prefix in each}
        self._digits = max(map(len, prefixes), default=0)
        self._usable = 0 < self._digits <= self._shortest and 10**self._digits <= _MOST_CELLS
        self._carriers = np.zeros(10**self._digits if self._usable else 0, np.int64)
        if self._usable:
            for prefix in sorted(prefixes, key=len):  # the longest is written last
                room = 10 ** (self._digits - len(prefix))
                self._carriers[int(prefix) * room : (int(prefix) + 1) * room] = carriers.get(
                    prefixes[prefix], 0
                )
        self._leads = {plus: _leads(country, plus) for plus in (False, True)}

    def read(self, codes: Codes, begins: Places, ends: Places) -> tuple[Places, Places]:
        """The MSISDN of each text, and its carrier by its prefix; that one is 0 where it is not understood."""
        msisdns, carriers = np.zeros(len(begins), np.int64), np.zeros(len(begins), np.int64)
        if not self._usable or not len(codes) or not len(begins):
            return msisdns, carriers
        lengths = ends - begins
        values, digits = _digits(codes, begins, lengths)
        plus = (codes[np.minimum(begins, len(codes) - 1)] == _PLUS) & (lengths > 0)
        understood = (digits + plus == lengths) & (lengths <= _LONGEST)
        odd = np.flatnonzero(~understood & (lengths <= _LONGEST))
        understood[odd] = self._spaced(codes, begins[odd], lengths[odd], plus[odd])
        for said_plus in (False, True):
            for count in np.flatnonzero(np.bincount(digits[understood & (plus == said_plus)])).tolist():
                those = np.flatnonzero(understood & (plus == said_plus) & (digits == count))
                msisdns[those], carriers[those] = self._routed(values[those], count, self._leads[said_plus])
        return msisdns, carriers

    def _spaced(self, codes: Codes, begins: Places, lengths: Places, plus: Truths) -> Truths:
        """Whether each has nothing but digits and what may stand between them, as one number alone is parted: in groups
        that are none themselves, and with no zeros behind a last dot."""
        count = len(begins)
        fine, dots, zero = np.ones(count, np.bool_), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        run, longest = np.zeros(count, np.int8), np.zeros(count, np.int8)
        for place in range(int(lengths.max(initial=0))):
            inside = place < lengths
            code = codes[np.minimum(begins + place, len(codes) - 1)]
            digit = (code - _ZERO < 10) & inside
            between = _BETWEEN[np.minimum(code, 127)] | (plus if place == 0 else False)
            fine &= digit | between | ~inside
            dots |= (code == _DOT) & inside
            zero = np.where(digit, code == _ZERO, zero)
            run = np.where(digit, run + 1, 0).astype(np.int8)
            np.maximum(longest, run, out=longest)
        return fine & (longest < self._shortest) & ~(dots & zero)

    def _routed(self, values: Places, count: int, leads: Sequence[str]) -> tuple[Places, Places]:
        """Of numbers of so many digits: the first lead counts with which there is a mobile number behind it."""
        msisdns, carriers = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
        for lead in leads if count <= _MOST_DIGITS else ():
            length = count - len(lead)
            if length not in self._lengths:
                continue
            led = values // 10**length == int(lead or "0")
            national = values % 10**length
            found = np.where(
                led & (carriers == 0), self._carriers[national // 10 ** (length - self._digits)], 0
            )
            msisdns = np.where(found > 0, self._code * 10**length + national, msisdns)
            carriers = np.where(found > 0, found, carriers)
        return msisdns, carriers


def _digits(codes: Codes, begins: Places, lengths: Places) -> tuple[Places, Places]:
    """The digits of each text as one number, and how many they are."""
    values, counts = np.zeros(len(begins), np.int64), np.zeros(len(begins), np.int64)
    for place in range(min(_LONGEST, int(lengths.max()))):
        code = codes[np.minimum(begins + place, len(codes) - 1)]
        digit = code - _ZERO
        is_digit = (digit < 10) & (place < lengths)
        values = np.where(is_digit, values * 10 + digit, values)
        counts += is_digit
    return values, counts


def _leads(country: Country, plus: bool) -> list[str]:
    """What may stand before a national number, in the order in which it is tried, as in `msisdn._mobile`."""
    code, trunk, international = country.country_code, country.trunk_prefix, country.international_prefix
    if plus:
        return [code + trunk, code]
    abroad = [international + code + trunk, international + code] if international else []
    return [*abroad, code + trunk, code, *([trunk] if trunk else []), ""]
