"""A person's number where it is said to others than its owner: in logs, messages and on screens (law 9)."""

from dataclasses import dataclass
from typing import Final

ERASED: Final = "erased"  # in place of a number


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """As text 84912***678: its owner may recognise it and nobody can call it. Whatever logs a number logs this."""

    msisdn: int

    def __str__(self) -> str:
        if self.msisdn < 0:
            return ERASED
        digits = str(self.msisdn)
        return f"{digits[:-6]}***{digits[-3:]}" if len(digits) >= 9 else "***"

    __repr__ = __str__


def shown(msisdn: int, *, reveal: bool) -> str:
    """As a person or a file is told it: masked unless revealed. Of who was erased nobody knows it."""
    return str(msisdn) if reveal and msisdn >= 0 else str(Masked(msisdn))
