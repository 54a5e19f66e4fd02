"""Which carrier a number belongs to: by its port if it is ported, else by its longest known prefix. Pure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from broadcast.config import Country


class Router:
    """Routes by one country's numbering plan."""

    def __init__(self, country: Country, ports: Mapping[int, str] | None = None) -> None:
        """ports: MSISDN -> name of the carrier that it was taken to."""
        self._ports = ports or {}
        self._code_length = len(country.country_code)
        self._by_prefix = {
            prefix: carrier for carrier, prefixes in country.prefixes.items() for prefix in prefixes
        }
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        # What is left of a number once digits that no prefix reaches are cut off, to its carrier: a few thousand.
        self._cut = 10 ** max(0, min(country.national_lengths) - self._lengths[0]) if self._lengths else 1
        self._known: dict[int, str] = {}

    def carrier(self, msisdn: int) -> str | None:
        """The carrier's name; None for a number that no prefix covers."""
        if self._ports and msisdn in self._ports:
            return self._ports[msisdn]
        lead = msisdn // self._cut
        known = self._known.get(lead)
        if known is None:
            known = self._by_longest_prefix(msisdn)
            if known is not None:
                self._known[lead] = known
        return known

    def by_carrier(self, numbers: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """The numbers of each carrier, in their order; not those that no prefix covers. Ports are not looked at."""
        leads = numbers // self._cut
        found: dict[str, NDArray[np.bool_]] = {}
        for lead in np.unique(leads).tolist():
            name = self._by_longest_prefix(lead * self._cut)
            if name is not None:
                found[name] = found.get(name, np.zeros(len(numbers), np.bool_)) | (leads == lead)
        return {name: numbers[those] for name, those in found.items()}

    def _by_longest_prefix(self, msisdn: int) -> str | None:
        national = str(msisdn)[self._code_length :]
        for length in self._lengths:
            found = self._by_prefix.get(national[:length])
            if found is not None:
                return found
        return None
