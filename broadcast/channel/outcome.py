"""What the answer to a submit means, in words that are the same for every way to reach people."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

STATUS: Final = "status:"  # before an Outcome's code, where a ledger says why a message was refused


class Meaning(Enum):
    """What to do with the message: it is accepted; slow the carrier; slow this one; try again; give up."""

    OK = "ok"
    THROTTLED = "throttled"
    QUEUE_FULL = "queue_full"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"


SLOW_DOWN: Final = frozenset({Meaning.THROTTLED, Meaning.QUEUE_FULL})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one status. code: its name for people and metrics. known: whether the protocol, or the carrier's profile, says
    what it means; what nobody knows is permanent."""

    code: str
    meaning: Meaning
    known: bool

    @property
    def retryable(self) -> bool:
        """Refused for the moment: the same may be taken later."""
        return self.meaning not in (Meaning.OK, Meaning.PERMANENT)

    @property
    def slow_down(self) -> bool:
        """It was too fast, for the carrier or for somebody at it."""
        return self.meaning in SLOW_DOWN
