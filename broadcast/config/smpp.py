"""What is SMPP's own in a carrier's table: how its SMSC wants messages, and what it says of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from broadcast.config.rules import require
from broadcast.languages import _

Concatenation = Literal["udh8", "udh16", "sar", "payload"]
IdFormat = Literal["text", "decimal", "hex"]
IdZeros = Literal["keep", "strip"]
IdCase = Literal["keep", "fold"]
ValidityFormat = Literal["absolute", "relative", "none"]
DefaultAlphabet = Literal["gsm0338", "ascii", "latin1"]
NationalShift = Literal["none", "turkish", "spanish", "portuguese"]
ReceiptSegments = Literal["all", "last", "first", "none"]
ReceiptMeaning = Literal["delivered", "undeliverable", "expired", "rejected", "intermediate"]


@dataclass(frozen=True, slots=True)
class Smpp:
    """How one carrier's SMSC is spoken to.

    response_id / receipt_id: how the SMSC writes the message id in `submit_sm_resp` and in receipts.
    temporary_statuses / permanent_statuses: command_status values that override the built-in meaning;
    throttled_statuses / queue_full_statuses: those that mean what 0x58 / 0x14 mean.
    receipts: for which segments of a message the SMSC sends receipts; they are asked for those only.
    receipt_states: what its own words mean (in capitals), or its message_state numbers (as "10").
    id_zeros: whether the leading zeros of an id of format text tell ids apart.
    id_case: whether capitals tell ids apart.
    national_shift: which single shift table its handsets know (3GPP TS 23.038 annex A), used instead of UCS-2
    where it saves segments and default_alphabet is gsm0338.
    cancel_sm: the SMSC takes messages back that it has not delivered; what a cancelled alert left there is asked for.
    """

    source_ton: int | None = None
    source_npi: int | None = None
    dest_ton: int = 1
    dest_npi: int = 1
    service_type: str = ""
    concatenation: Concatenation = "udh8"
    default_alphabet: DefaultAlphabet = "gsm0338"
    response_id: IdFormat = "text"
    receipt_id: IdFormat = "text"
    id_zeros: IdZeros = "keep"
    id_case: IdCase = "keep"
    receipts: ReceiptSegments = "all"
    receipt_states: Mapping[str, ReceiptMeaning] = field(default_factory=dict)
    national_shift: NationalShift = "none"
    validity: ValidityFormat = "absolute"
    temporary_statuses: tuple[int, ...] = ()
    permanent_statuses: tuple[int, ...] = ()
    throttled_statuses: tuple[int, ...] = ()
    queue_full_statuses: tuple[int, ...] = ()
    cancel_sm: bool = False

    def __post_init__(self) -> None:
        for name in ("source_ton", "source_npi", "dest_ton", "dest_npi"):
            value = getattr(self, name)
            require(value is None or 0 <= value <= 255, _("{name} must be 0 to 255", name=name))
        require(
            re.fullmatch("[ -~]{0,5}", self.service_type),
            _("service_type must be at most 5 ASCII characters"),
        )
        self._check_statuses()
        require(
            not self.cancel_sm or self.receipts == "all",
            'cancel_sm needs receipts = "all": the ids of segments without a receipt are not kept',
        )
        for word in self.receipt_states:
            require(
                re.fullmatch("[A-Z][A-Z0-9_-]{0,31}", word)
                or (re.fullmatch("[0-9]{1,3}", word) and int(word) <= 255),
                _(
                    "receipt_states.{word}: a word in capital letters, or a message_state number up to 255",
                    word=word,
                ),
            )

    def receipt_segments(self, segments: int) -> tuple[int, ...]:
        """For which segments (from 1) of a message of so many receipts are asked and awaited (quirk 21)."""
        every = tuple(range(1, segments + 1))
        return {"all": every, "last": every[-1:], "first": every[:1], "none": ()}[self.receipts]

    def _check_statuses(self) -> None:
        """One meaning for each status."""
        seen: dict[int, str] = {}
        for name in ("temporary_statuses", "permanent_statuses", "throttled_statuses", "queue_full_statuses"):
            for status in getattr(self, name):
                require(0 < status <= 0xFFFFFFFF, _("{name} must be 0x00000001 to 0xFFFFFFFF", name=name))
                require(
                    seen.setdefault(status, name) == name,
                    _("{seen} and {name} must not share a status", seen=seen.get(status), name=name),
                )
