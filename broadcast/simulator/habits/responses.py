"""[responses]: answers to submit_sm."""

from dataclasses import dataclass
from typing import Literal

from broadcast.simulator.habits.checks import require, seconds, shares, statuses

Response = Literal["plain", "no_nul", "tlvs"]
ErrorForm = Literal["header", "nul", "body", "nack"]


@dataclass(frozen=True, slots=True)
class ResponseHabits:
    """[responses]: how it answers submit_sm. Shares are parts of all answers, 0 to 1.

    refused_statuses, temporary_statuses: in place of refused_status and temporary_status, one of them by
    chance. [23, 24]
    error_forms: header (16 octets), nul (17), body (with an id), nack (generic_nack of that number). [27, 28]
    useless_nack_share: of the temporary errors, those told by a generic_nack with number 0. [28]
    forms: of a response with an id: plain; no_nul (the id ends with the PDU); tlvs (some behind it). [27]
    late_share: answered late_s later; missing_share: taken, and never answered. [29]
    shuffled: those of one read in any order; unknown_share: as many responses more, of numbers that nobody
    asked with. [30]
    repeated_share: answered twice.
    throttled_share: taken, and answered with throttled_status all the same. [26]
    """

    refused_statuses: tuple[int, ...] = ()
    temporary_statuses: tuple[int, ...] = ()
    error_forms: tuple[ErrorForm, ...] = ("header",)
    useless_nack_share: float = 0.0
    forms: tuple[Response, ...] = ("plain",)
    late_share: float = 0.0
    late_s: float = 1.0
    missing_share: float = 0.0
    shuffled: bool = False
    unknown_share: float = 0.0
    repeated_share: float = 0.0
    throttled_share: float = 0.0
    throttled_status: int = 0x58

    def __post_init__(self) -> None:
        require(self.error_forms, "error_forms needs at least one value")
        require(self.forms, "forms needs at least one value")
        shares(self)
        seconds(self, "late_s")
        for name in ("refused_statuses", "temporary_statuses"):
            statuses(name, *getattr(self, name))
        statuses("throttled_status", self.throttled_status)
