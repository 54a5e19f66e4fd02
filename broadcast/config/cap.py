"""Alerts in CAP 1.2: which profiles hold, whom a country trusts, how urgent one is, and who speaks when it exports."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from broadcast.config.rules import require
from broadcast.languages import _

Profile = Literal["australia", "canada", "google", "ipaws"]
Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]


@dataclass(frozen=True, slots=True)
class Urgent:
    """A row of the table of urgencies: an alert that has one of each becomes this. A list that is empty: any.

    priority: 0 to 9, higher goes first.
    """

    category: Literal["emergency", "health", "routine"]
    priority: int
    urgency: tuple[Urgency, ...] = ()
    severity: tuple[Severity, ...] = ()
    certainty: tuple[Certainty, ...] = ()

    def __post_init__(self) -> None:
        require(0 <= self.priority <= 9, _("priority must be 0 to 9; higher goes first"))


# An emergency reaches those too who want no alerts: what is bad, near and likely. What is over or slight can wait.
_URGENT: Final = (
    Urgent("emergency", 9, ("Immediate",), ("Extreme",), ("Observed", "Likely")),
    Urgent("emergency", 8, ("Immediate", "Expected"), ("Extreme", "Severe"), ("Observed", "Likely")),
    Urgent("routine", 1, ("Past",)),
    Urgent("routine", 2, (), ("Minor",)),
    Urgent("routine", 2, (), (), ("Unlikely",)),
    Urgent("health", 6, ("Immediate", "Expected"), ("Extreme", "Severe")),
    Urgent("health", 5),
)


@dataclass(frozen=True, slots=True)
class Cap:
    """profiles: what an alert is held to beyond CAP itself. trust: a PEM file, or a folder of them: certificates of
    signers, and of authorities. sender: CAP's, of what is exported. signing_key, signing_certificate: PEM files.
    urgent: the first row that fits an alert says how urgent it is. least_share: percent of an area, or of the alert's
    shape where that is smaller, that they must have in common for the area's people to hear it; 0: more than a border.
    """

    profiles: tuple[Profile, ...] = ()
    trust: str = ""
    sender: str = ""
    signing_key: str = ""
    signing_certificate: str = ""
    urgent: tuple[Urgent, ...] = _URGENT
    least_share: float = 0.0

    def __post_init__(self) -> None:
        require(
            re.fullmatch(r"[^\s,<&]*", self.sender),
            _("sender must have no blanks, commas, < or &: alerts@example.org say"),
        )
        require(
            bool(self.signing_key) == bool(self.signing_certificate),
            _("signing_certificate and signing_key go together: give both, or none"),
        )
        for name in ("trust", "signing_key", "signing_certificate"):
            require(
                not getattr(self, name) or Path(getattr(self, name)).is_absolute(),
                _("{name} must be a whole path", name=name),
            )
        require(
            0 <= self.least_share <= 50,
            _("least_share must be 0 to 50 percent: people who are touched are to hear it"),
        )
        require(self.urgent, _("urgent needs at least one row"))
        last = self.urgent[-1]
        require(
            not (last.urgency or last.severity or last.certainty),
            _("urgent: the last row must fit every alert: leave its urgency, severity and certainty out"),
        )
