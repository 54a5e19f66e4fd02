"""Which carrier a number belongs to: by its port if it is ported, else by its longest known prefix. Pure."""

from collections.abc import Mapping

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

    def carrier(self, msisdn: int) -> str | None:
        """The carrier's name; None for a number that no prefix covers."""
        if self._ports and msisdn in self._ports:
            return self._ports[msisdn]
        national = str(msisdn)[self._code_length :]
        for length in self._lengths:
            found = self._by_prefix.get(national[:length])
            if found is not None:
                return found
        return None
