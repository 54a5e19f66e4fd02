"""How people are spread over carriers."""

from collections.abc import Mapping

from broadcast.config import Country


def numbers_of(country: Country) -> dict[str, float]:
    """How many numbers the plan gives each carrier: those of its prefixes, but for what lies in a longer one's."""
    owners = {prefix: carrier for carrier, prefixes in country.prefixes.items() for prefix in prefixes}
    found = dict.fromkeys(country.prefixes, 0.0)
    for prefix, carrier in owners.items():
        size = _size(prefix, country)
        found[carrier] += size
        around = [other for other in owners if other != prefix and prefix.startswith(other)]
        if around:
            found[owners[max(around, key=len)]] -= size
    return found


def _size(prefix: str, country: Country) -> float:
    return sum(10.0 ** (length - len(prefix)) for length in country.national_lengths if length >= len(prefix))


def divided(count: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Whole parts by weight, `count` in all: what is left over goes to the largest remainders."""
    whole = sum(weights.values())
    exact = {name: count * weight / whole for name, weight in weights.items()}
    parts = {name: int(each) for name, each in exact.items()}
    rest = count - sum(parts.values())
    for name in sorted(parts, key=lambda name: parts[name] - exact[name])[:rest]:
        parts[name] += 1
    return parts
