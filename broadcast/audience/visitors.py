"""What the number of somebody from another country tells: that it is one, and in which language they read. Pure."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.config import Country

_OTHER: Final = "other"
_POWERS: Final = 10 ** np.arange(1, 16, dtype=np.int64)  # E.164: 15 digits at most


def foreign(numbers: NDArray[np.int64], country: Country) -> NDArray[np.bool_]:
    """Which of these MSISDNs are not this country's. An own one has its country code and as many digits as it may."""
    own = np.zeros(len(numbers), dtype=np.bool_)
    code = int(country.country_code)
    for length in set(country.national_lengths):
        own |= numbers // 10**length == code
    return ~own


def language_of(country: Country) -> Callable[[int], str | None]:
    """Gives the language of who has a foreign number, by the longest of the country's codes that it begins with."""
    known = {code: language for code, language in country.visitor_languages.items() if code != _OTHER}
    lengths = sorted({len(code) for code in known}, reverse=True)
    other = country.visitor_languages.get(_OTHER)

    def language(msisdn: int) -> str | None:
        digits = str(msisdn)
        return next((known[digits[:n]] for n in lengths if digits[:n] in known), other)

    return language


def by_language(numbers: NDArray[np.int64], country: Country) -> dict[str | None, NDArray[np.int64]]:
    """Foreign numbers by the language of each. What decides are their first digits, and those are few."""
    codes = [code for code in country.visitor_languages if code != _OTHER]
    longest = max(map(len, codes), default=1)
    digits = np.searchsorted(_POWERS, numbers, side="right") + 1
    leads = numbers // 10 ** np.maximum(digits - longest, 0)
    language = language_of(country)
    found: dict[str | None, list[NDArray[np.int64]]] = {}
    for lead in np.unique(leads):
        found.setdefault(language(int(lead)), []).append(numbers[leads == lead])
    return {name: np.concatenate(parts) for name, parts in found.items()}
