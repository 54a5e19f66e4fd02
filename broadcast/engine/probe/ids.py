"""Under which settings the ids of responses and of receipts meet (quirks 1-3). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.config import Carrier, IdFormat, IdZeros
from broadcast.smpp.receipt import id_reader


@dataclass(frozen=True, slots=True)
class Reading:
    """How ids are read on both sides: three keys of a carrier's table."""

    response_id: IdFormat
    receipt_id: IdFormat
    id_zeros: IdZeros = "keep"

    def meet(self, response: str, receipt: str) -> bool:
        """Whether these two, as they came, are the same id."""
        one = id_reader(self.response_id, self.id_zeros)(response.encode("latin-1"))
        other = id_reader(self.receipt_id, self.id_zeros)(receipt.encode("latin-1"))
        return bool(one) and one == other


# The plainest that fits is recommended.
READINGS: Final = (
    Reading("text", "text"),
    Reading("decimal", "decimal"),
    Reading("text", "text", "strip"),
    Reading("hex", "hex"),
    Reading("hex", "decimal"),
    Reading("decimal", "hex"),
)


def of(carrier: Carrier) -> Reading:
    """What the profile says."""
    return Reading(carrier.response_id, carrier.receipt_id, carrier.id_zeros)


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
