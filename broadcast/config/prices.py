"""What segments cost, and how much may be spent: amounts are decimal, never binary fractions."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from broadcast.config.rules import require
from broadcast.languages import _

Period = Literal["month", "quarter", "year"]


def _check_currency(currency: str) -> None:
    require(
        re.fullmatch("[A-Z]{3}", currency),
        _("currency must be three capitals of ISO 4217, VND say"),
    )


@dataclass(frozen=True, slots=True)
class Price:
    """What a carrier asks for a segment that it accepted: `segment`, or by its alphabet `gsm0338` and `ucs2`.

    Written in quotes, "312.50", or as a whole number.
    """

    currency: str
    segment: Decimal | None = None
    gsm0338: Decimal | None = None
    ucs2: Decimal | None = None

    def __post_init__(self) -> None:
        _check_currency(self.currency)
        both = self.gsm0338 is not None and self.ucs2 is not None
        neither = self.gsm0338 is None and self.ucs2 is None
        require(
            neither if self.segment is not None else both,
            _("segment is the price of each; without it, gsm0338 and ucs2 are those of each alphabet"),
        )

    def __str__(self) -> str:
        each = {"": self.segment, " (gsm0338)": self.gsm0338, " (ucs2)": self.ucs2}
        return ", ".join(
            f"{amount} {self.currency}{alphabet}" for alphabet, amount in each.items() if amount is not None
        )

    def of(self, alphabet: str) -> Decimal:
        """A segment in this alphabet."""
        by_alphabet = {"gsm0338": self.gsm0338, "ucs2": self.ucs2}
        found = self.segment if self.segment is not None else by_alphabet[alphabet]
        assert found is not None  # as was required
        return found


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a period of the country's calendar. Emergencies are not held by it, and count."""

    amount: Decimal
    currency: str
    period: Period = "month"

    def __post_init__(self) -> None:
        _check_currency(self.currency)
