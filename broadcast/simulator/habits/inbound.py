"""[inbound]: messages of subscribers."""

from dataclasses import dataclass
from typing import Literal

from broadcast.simulator.habits.checks import require, seconds, shares
from broadcast.simulator.habits.rules import Joined


@dataclass(frozen=True, slots=True)
class Inbound:
    """[inbound]: what subscribers answer (MO messages). [45]

    share: of the recipients of each message. texts: one of them by chance of the MSISDN, so that a recipient
    answers the same in every run. delay_s: after the message was taken. destination: to whom, empty: to its
    sender. alphabet: gsm0338 where the text allows, or always ucs2 or latin1.
    joined: how texts that are too long for one message are cut; part_units: septets or UCS-2 units of one
    part, 0: as many as fit. shuffled: the parts come in any order. other_elements: other elements stand
    before the one that joins the parts. one_reference: all senders use the same one; else each its own.
    """

    share: float = 0.0
    texts: tuple[str, ...] = ("STOP",)
    delay_s: float = 0.5
    destination: str = ""
    alphabet: Literal["gsm0338", "ucs2", "latin1"] = "gsm0338"
    joined: Joined = "udh8"
    part_units: int = 0
    shuffled: bool = False
    other_elements: bool = False
    one_reference: bool = False

    def __post_init__(self) -> None:
        shares(self)
        seconds(self, "delay_s")
        require(self.texts, "texts needs at least one text")
        require(self.part_units == 0 or 2 <= self.part_units <= 152, "part_units must be 0 or 2 to 152")
        require(
            len(self.destination) <= 20 and self.destination.isascii(),
            "destination must be at most 20 ASCII characters",
        )
