"""What countries and others ask of CAP beyond the standard: a table of rules each, which a configuration chooses.

After the reasons of Google's cap-library (Apache-2.0), which reads the same profiles.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from broadcast.cap.faults import Finding, Kind
from broadcast.cap.profiles.australia import AUSTRALIA
from broadcast.cap.profiles.canada import CANADA
from broadcast.cap.profiles.google import GOOGLE
from broadcast.cap.profiles.ipaws import IPAWS
from broadcast.cap.profiles.rule import Rule
from broadcast.cap.record import Alert

PROFILES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "australia": AUSTRALIA,
    "canada": CANADA,
    "google": GOOGLE,
    "ipaws": IPAWS,
}


def kinds_of(profile: str) -> tuple[Kind, ...]:
    return tuple(rule.kind(profile) for rule in PROFILES[profile])


def findings(alert: Alert, profiles: Iterable[str]) -> Iterator[Finding]:
    """profiles: names of PROFILES."""
    for profile in profiles:
        for rule in PROFILES[profile]:
            kind = rule.kind(profile)
            yield from (Finding(kind, path) for path in rule.breaks(alert))
