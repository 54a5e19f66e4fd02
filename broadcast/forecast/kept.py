"""What was foreseen of a campaign at its launch: kept with that event, and compared afterwards with what came. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from broadcast.forecast.moments import Moments
from broadcast.forecast.ways import CarrierForecast, Forecast


@dataclass(frozen=True, slots=True)
class KeptLine:
    """Of one carrier and language ('': all hear the same). segments: of all its messages. cost: in `currency`."""

    carrier: str
    language: str
    recipients: int
    segments: int
    sent: Moments
    delivered: Moments
    reach: float | None
    cost: Decimal | None
    currency: str | None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "carrier": self.carrier,
            "language": self.language,
            "recipients": self.recipients,
            "segments": self.segments,
            "sent": self.sent.document(),
            "delivered": self.delivered.document(),
            "reach": self.reach,
            "cost": None if self.cost is None else str(self.cost),
            "currency": self.currency,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """at: when it was foreseen. sent, delivered: of all carriers together."""

    at: datetime
    sent: Moments
    delivered: Moments
    lines: tuple[KeptLine, ...]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "at": self.at.isoformat(),
            "sent": self.sent.document(),
            "delivered": self.delivered.document(),
            "carriers": [each.document() for each in self.lines],
        }

    @classmethod
    def of(cls, at: datetime, found: Forecast) -> "Kept":
        return cls(at, found.sent, found.delivered, tuple(map(_line, found.carriers)))

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Kept":
        """Of its own document."""
        return cls(
            datetime.fromisoformat(document["at"]),
            Moments.read(document["sent"]),
            Moments.read(document["delivered"]),
            tuple(_read_line(each) for each in document["carriers"]),
        )

    def of_carrier(self, carrier: str) -> tuple[KeptLine, ...]:
        """Its languages."""
        return tuple(each for each in self.lines if each.carrier == carrier)

    def segments_each(self, carrier: str) -> float | None:
        """Of a message there, over all languages; None: nobody was foreseen there."""
        mine = self.of_carrier(carrier)
        people = sum(each.recipients for each in mine)
        return sum(each.segments for each in mine) / people if people else None

    def segments(self, carrier: str) -> int:
        """Of all messages there."""
        return sum(each.segments for each in self.of_carrier(carrier))

    def price(self, carrier: str) -> tuple[Decimal, str] | None:
        """Of a segment there at the launch, and its currency; where alphabets have prices of their own the mean of what
        was to be sent. None: it had none."""
        mine = self._priced(carrier)
        segments = sum(each.segments for each in mine)
        if not segments:
            return None
        return sum((each.cost or Decimal() for each in mine), Decimal()) / segments, mine[0].currency or ""

    def price_apart(self, carrier: str) -> Decimal:
        """How far a segment's price there is from that mean at most; 0: all of them cost the same."""
        mean = self.price(carrier)
        if mean is None:
            return Decimal()
        single = [(each.cost or Decimal()) / each.segments for each in self._priced(carrier)]
        # a mean of equal prices may have been rounded
        return max(abs(each - mean[0]) for each in single) if max(single) > min(single) else Decimal()

    def _priced(self, carrier: str) -> list[KeptLine]:
        return [each for each in self.of_carrier(carrier) if each.cost is not None and each.segments]


def _line(each: CarrierForecast) -> KeptLine:
    return KeptLine(
        each.carrier, each.language, each.recipients, each.total_segments, each.sent, each.delivered, each.reach,
        each.cost, each.currency,
    )  # fmt: skip


def _read_line(document: Mapping[str, Any]) -> KeptLine:
    moments = {name: Moments.read(document[name]) for name in ("sent", "delivered")}
    cost = None if document["cost"] is None else Decimal(document["cost"])
    return KeptLine(**{**document, **moments, "cost": cost})
