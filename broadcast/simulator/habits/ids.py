"""[ids]: message ids that are not of one message alone, or hardly to be told from another's."""

from dataclasses import dataclass
from typing import Literal

from broadcast.simulator.habits.checks import require

SameId = Literal["no", "message", "all"]
Twin = Literal["case", "nul", "past_64", "past_255", "zeros", "blanks"]


@dataclass(frozen=True, slots=True)
class IdHabits:
    """[ids]: what it gives beside one id for each segment, all different.

    same: message: one for all segments of a message; all: one for every message there is. [46]
    first: its counter begins there in every run, as after a restart; -1: above all that earlier runs gave.
    modulo: after so many ids it begins again; 0: never. 65536 with first = 0 is a counter of 16 bits. [47]
    twins: every second id is that of the segment before, but for its letters' case (case), what follows a NUL (nul)
    or 64 or 255 octets (past_64, past_255), a zero (zeros) or a blank in front (blanks). [48]
    Receipts of ids that are given only later: stranger_ahead of [receipts]. [51]
    """

    same: SameId = "no"
    first: int = -1
    modulo: int = 0
    twins: tuple[Twin, ...] = ()

    def __post_init__(self) -> None:
        require(
            -1 <= self.first <= 10**18, "first must be 0 to 1000000000000000000, or -1: above earlier runs'"
        )
        require(0 <= self.modulo <= 10**18, "modulo must be 0 (never again) to 1000000000000000000")
