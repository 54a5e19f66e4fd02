"""What one run of the bench sends, and what is measured of each of its parts."""

from dataclasses import dataclass, field
from typing import Literal

from broadcast.bench.growth import Step

Part = Literal["link", "ledger", "pipeline", "peer"]
PARTS: tuple[Part, ...] = ("link", "ledger", "pipeline", "peer")

UNLIMITED_TPS = 1_000_000
WINDOW = 5000
RECEIPT_WINDOW = 20_000  # receipts that the simulator has unanswered per link: as fast as we take them
_SEGMENT = 153
_UCS2_SEGMENT = 67
_WORDS = "Bão số 5 đang vào bờ: tránh xa cửa biển, nghe đài và làm theo chỉ dẫn. "


@dataclass(frozen=True, slots=True)
class Load:
    """What one run sends. tps: per carrier, 0: as fast as it goes. links: per carrier.

    tps holds for the product alone: the other parts say what would be possible. nation: in UCS-2, and receipts as
    a whole nation's come, each segment's at its own time and session (stage.py), their times divided by receipts_over.
    held: no receipt comes before the SMSCs are asked for some. sums: the SMSCs keep nothing of anybody, for millions of
    people.
    """

    messages: int
    segments: int = 1
    carriers: int = 1
    workers: int = 1
    tps: int = 0
    ids: Literal["counter", "uuid"] = "counter"
    receipt_delay_s: float = 0.0
    links: int = 2
    nation: bool = False
    receipts_over: float = 1.0
    held: bool = False
    sums: bool = False

    @property
    def text(self) -> str:
        """A message of so many segments."""
        if self.nation:
            units = _UCS2_SEGMENT * (self.segments - 1) + _UCS2_SEGMENT // 2
            return (_WORDS * (units // len(_WORDS) + 1))[:units].rstrip(" ").ljust(units, ".")
        return "x" * (_SEGMENT * (self.segments - 1) + 100)

    def share(self, place: int) -> int:
        """Messages of the carrier at this place, from 0."""
        return self.messages * (place + 1) // self.carriers - self.messages * place // self.carriers


@dataclass(frozen=True, slots=True)
class Measured:
    """One part of one run. Rates in messages per second from the first one on.

    sent_rate: until the last was accepted. rate: until everything was done: receipts acked, and settled where there
    is a ledger. cpu_s: seconds of CPU per million messages, by kind of process; peak_mib: the most memory, of the
    largest process of a kind, of all of Postgres together. The sender is the worker, or this process in its place
    (whose memory says nothing: it ran other parts before).
    balanced: what the audit said, None where there is nothing to audit.
    """

    messages: int
    seconds: float
    sent_rate: float
    rate: float
    cpu_s: dict[str, float]
    peak_mib: dict[str, float]
    balanced: bool | None = None
    octets_per_message: float | None = None
    growth: tuple[Step, ...] = field(default=())
