"""An alert as CAP 1.2 has it, element by element: the names are its own, in our spelling (CAP 1.2 §3.2).

None: the element is not there; "": it is, and empty. Times are aware, with the offset that was written.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

LANGUAGE_UNSAID: Final = "en-US"  # CAP 1.2 §3.2.2: what an <info> without <language> is in


@dataclass(frozen=True, slots=True)
class Pair:
    """A <valueName> with its <value>: eventCode, parameter, geocode."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Resource:
    description: str
    mime_type: str
    size: int | None = None
    uri: str | None = None
    deref_uri: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """polygons, circles: as written, `geometry` reads them. altitude, ceiling: feet above mean sea level."""

    description: str
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    geocodes: tuple[Pair, ...] = ()
    altitude: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """One telling of the alert, in one language, to one audience."""

    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str | None = None
    response_types: tuple[str, ...] = ()
    audience: str | None = None
    event_codes: tuple[Pair, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameters: tuple[Pair, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()

    @property
    def spoken(self) -> str:
        """Its language, as CAP takes it where it is not said."""
        return (self.language or "").strip() or LANGUAGE_UNSAID


@dataclass(frozen=True, slots=True)
class Alert:
    """A whole message. references: as written, `references.read` parts them."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    message_type: str
    scope: str
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    codes: tuple[str, ...] = ()
    note: str | None = None
    references: str | None = None
    incidents: str | None = None
    infos: tuple[Info, ...] = ()
