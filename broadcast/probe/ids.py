"""Under which settings the ids of responses and of receipts meet (quirks 1-3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.config import Carrier, IdCase, IdFormat, IdZeros
from broadcast.ledger.packing.ids import IdProfile, Ids


@dataclass(frozen=True, slots=True)
class Reading:
    """How ids are read on both sides: four keys of a carrier's table."""

    response_id: IdFormat
    receipt_id: IdFormat
    id_zeros: IdZeros = "keep"
    id_case: IdCase = "keep"

    def meet(self, response: str, receipt: str) -> bool:
        """Whether these two, as they came, are the same id."""
        profile = IdProfile(self.response_id, self.receipt_id, self.id_zeros, self.id_case)
        one, other = profile.of_responses(Ids.of([response])), profile.of_receipts(Ids.of([receipt]))
        return bool(response) and one.texts() == other.texts()


# The plainest that fits is recommended.
READINGS: Final = (
    Reading("text", "text"),
    Reading("decimal", "decimal"),
    Reading("text", "text", id_case="fold"),
    Reading("text", "text", "strip"),
    Reading("text", "text", "strip", "fold"),
    Reading("hex", "hex"),
    Reading("hex", "decimal"),
    Reading("decimal", "hex"),
)


def of(carrier: Carrier) -> Reading:
    """What the profile says."""
    return Reading(
        carrier.smpp.response_id, carrier.smpp.receipt_id, carrier.smpp.id_zeros, carrier.smpp.id_case
    )


def meet(response: str, receipt: str) -> bool:
    """Whether there is any reading under which they are the same id."""
    return any(reading.meet(response, receipt) for reading in READINGS)


def best(profile: Reading, pairs: Sequence[tuple[str, str]]) -> Reading:
    """The reading under which most (response, receipt) pairs meet; the profile's unless another is better."""
    return max((profile, *READINGS), key=lambda reading: sum(reading.meet(*pair) for pair in pairs))


def form(raw: str) -> str:
    """What an id looks like: 'decimal, 10 digits', 'UUID, capitals'."""
    case = ", capitals" if raw != raw.lower() else ""
    if not raw:
        return "empty"
    if raw.isdecimal():
        return f"decimal digits, {len(raw)}" + (", zeros in front" if raw.startswith("0") else "")
    if all(letter in "0123456789abcdefABCDEF" for letter in raw):
        return f"hexadecimal digits, {len(raw)}{case}"
    if len(raw) == 36 and raw.count("-") == 4:
        return f"UUID{case}"
    return f"text, {len(raw)} characters{case}"
