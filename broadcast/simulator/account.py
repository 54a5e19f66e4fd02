"""What the book says of one session: who, when, how it ended, and what went over it."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Account:
    """Times are POSIX seconds, None for not yet. kind: of its bind, "" before.

    ended: how, in words. submits: submit_sm read. receipts: deliver_sm and data_sm written, acked or nacked
    by the ESME. enquired, answered: enquire_link of the SMSC and their answers. asked: those of the ESME.
    strange: PDUs that nobody asked for. nacks: generic_nack of the ESME.
    """

    number: int
    peer: str
    kind: str = ""
    opened_at: float = field(default_factory=time.time)
    bound_at: float | None = None
    closed_at: float | None = None
    ended: str = ""
    submits: int = 0
    receipts: int = 0
    acked: int = 0
    nacked: int = 0
    enquired: int = 0
    answered: int = 0
    asked: int = 0
    strange: int = 0
    nacks: int = 0

    def end(self, how: str) -> None:
        """The first reason is the one that counts."""
        self.ended = self.ended or how

    def told(self) -> dict[str, Any]:
        return asdict(self)
