"""What a campaign keeps of the rule that it was launched under: every worker obeys the same one, whatever its file.

Table `campaign`, column rules; {}: none holds. Pure.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from broadcast.config.contact import Rule
from broadcast.rules.hours import Hours
from broadcast.rules.standing import USUAL, heeded

HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `messages` to one person in any `seconds`: what is exactly so long ago counts no more."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """quiet, zone: as Hours. caps: a distance is one message in so long. people_per_hour: of whom a hotline can take
    the calls; in a ledger its part of them. law: where it stands. heeds: who is left out, as rules/standing.py says."""

    quiet: tuple[str, ...] = ()
    zone: str = "UTC"
    caps: tuple[Cap, ...] = ()
    people_per_hour: int | None = None
    law: str = ""
    heeds: tuple[str, ...] = USUAL

    @property
    def hours(self) -> Hours:
        return Hours(self.quiet, self.zone)

    @property
    def checked(self) -> bool:
        """Who is let go is looked at when that is due, and not known before."""
        return bool(self.caps) or self.people_per_hour is not None

    def document(self) -> dict[str, Any]:
        """For JSON; {}: nothing holds."""
        if self == Limits(law=self.law, zone=self.zone):
            return {}
        return {
            "quiet": list(self.quiet),
            "zone": self.zone,
            "caps": [[cap.messages, cap.seconds] for cap in self.caps],
            "people_per_hour": self.people_per_hour,
            "law": self.law,
            "heeds": list(self.heeds),
            "checked": self.checked,  # for statements: they look at nothing else of it
        }


NO_LIMITS: Final = Limits()


def limits_of(rule: Rule | None, zone: str, people_per_hour: int | None = None) -> Limits:
    """Of a category's rule; None: there is none."""
    if rule is None:
        return Limits((), zone, (), people_per_hour)
    caps = [Cap(rule.cap.messages, rule.cap.hours * HOUR_S)] if rule.cap else []
    if rule.distance_hours:
        caps.append(Cap(1, rule.distance_hours * HOUR_S))
    return Limits(rule.quiet, zone, tuple(caps), people_per_hour, rule.law, heeded(rule))


@lru_cache(maxsize=256)
def read(document: str | None) -> Limits:
    """Of its JSON text; of a campaign of before there were rules: none hold."""
    said = json.loads(document or "{}")
    if not said:
        return NO_LIMITS
    caps = tuple(Cap(int(messages), float(seconds)) for messages, seconds in said.get("caps", ()))
    return Limits(
        tuple(said.get("quiet", ())),
        said["zone"],
        caps,
        said.get("people_per_hour"),
        said.get("law", ""),
        tuple(said.get("heeds", USUAL)),
    )
