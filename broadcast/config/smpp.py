"""What is SMPP's own in a carrier's table: how its SMSC wants messages, and what it says of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

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

_STATUSES: Final = (
    "temporary_statuses", "permanent_statuses", "throttled_statuses", "queue_full_statuses", "ported_statuses"
)  # fmt: skip


def read_status(text: str) -> int | str:
    """As a key of a table, 0x433 say; what is none is given back as it stands."""
    try:
        return int(text, 0)
    except ValueError:
        return text


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
    ported_statuses / ported_errs: what says that a number is another carrier's: command_status values, which are
    permanent then, and codes of receipts (their `err:`); ported_statuses_to / ported_errs_to: whose it is, by the same
    as text, where they say it. ported_to: whose it is where they do not.
    unknown_statuses / unknown_errs: what of a rejection says that nobody has that number.
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
    ported_statuses: tuple[int, ...] = ()
    ported_statuses_to: Mapping[str, str] = field(default_factory=dict)
    ported_errs: tuple[str, ...] = ()
    ported_errs_to: Mapping[str, str] = field(default_factory=dict)
    ported_to: str | None = None
    unknown_statuses: tuple[int, ...] = (0x0B,)
    unknown_errs: tuple[str, ...] = ()

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

        self._check_what_says()

    def _check_what_says(self) -> None:
        """What says something of a number is a code of a receipt, and said of one thing."""
        for name in ("ported_errs", "unknown_errs"):
            for err in getattr(self, name):
                require(
                    re.fullmatch("-?[0-9A-Za-z]{1,16}", err),
                    _('{name}: {err!r} is no code of a receipt, "0b1" say', name=name, err=err),
                )
        for each in self.ported_errs_to:
            require(each in self.ported_errs, _("ported_errs_to: {each!r} is not in ported_errs", each=each))
        for each in self.ported_statuses_to:
            require(
                read_status(each) in self.ported_statuses,
                _("ported_statuses_to: {each!r} is not in ported_statuses", each=each),
            )
        for kind in ("statuses", "errs"):
            ported, unknown = getattr(self, f"ported_{kind}"), getattr(self, f"unknown_{kind}")
            require(
                not {str(each).lower() for each in ported} & {str(each).lower() for each in unknown},
                _("ported_{kind} and unknown_{kind} must not share one", kind=kind),
            )

    @property
    def named_carriers(self) -> frozenset[str]:
        """Those that ported numbers are said to be of."""
        named = {*self.ported_statuses_to.values(), *self.ported_errs_to.values(), self.ported_to}
        return frozenset(each for each in named if each)

    def receipt_segments(self, segments: int) -> tuple[int, ...]:
        """For which segments (from 1) of a message of so many receipts are asked and awaited (quirk 21)."""
        every = tuple(range(1, segments + 1))
        return {"all": every, "last": every[-1:], "first": every[:1], "none": ()}[self.receipts]

    def _check_statuses(self) -> None:
        """One meaning for each status."""
        seen: dict[int, str] = {}
        for status in self.unknown_statuses:
            require(
                0 < status <= 0xFFFFFFFF,
                _("{name} must be 0x00000001 to 0xFFFFFFFF", name="unknown_statuses"),
            )
        for name in _STATUSES:
            for status in getattr(self, name):
                require(0 < status <= 0xFFFFFFFF, _("{name} must be 0x00000001 to 0xFFFFFFFF", name=name))
                require(
                    seen.setdefault(status, name) == name,
                    _("{seen} and {name} must not share a status", seen=seen.get(status), name=name),
                )
