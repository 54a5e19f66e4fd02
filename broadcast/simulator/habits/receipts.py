"""[receipts]: forms, order and times of delivery receipts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from broadcast.simulator.habits.checks import bounds, require, seconds, shares, words

Style = Literal["text", "both", "tlv", "id_tlv", "payload"]
Encoding = Literal["ascii", "ucs2", "labelled_ucs2"]
Dates = Literal["10", "12", "14", "12+", "empty", "zeros"]
Err = Literal["digits", "four", "alphanumeric", "empty", "space"]
TextForm = Literal["empty", "words", "capital", "escape", "hex", "decoy"]
ReceiptField = Literal["sub", "dlvrd", "submit date", "done date", "stat", "err", "text"]
ReceiptPdu = Literal["deliver_sm", "data_sm"]
Numbers = Literal["own", "other", "none", "swapped"]
Segments = Literal["all", "last", "first", "none"]


@dataclass(frozen=True, slots=True)
class ReceiptHabits:
    """[receipts]: what its receipts look like, and when they come. Times in seconds, shares 0 to 1.

    styles: where id and state stand. text: in the text; both: in text and TLVs; tlv: in TLVs, no text; id_tlv:
    the id in its TLV, the state in the text; payload: the text in message_payload. [9, 10]
    encodings: of the text: ascii; ucs2 (data_coding 8); labelled_ucs2 (data_coding 8, yet ASCII). [8]
    dates: digits of the two dates, 12+ with a sign behind; empty; zeros. [4]
    leave_out: fields that the text has not, each left out of so large a leave_out_share of the receipts; of
    stat only the name is left out, the word stays. [5, 6]
    errs: digits (027), four (0027), alphanumeric (21b), empty, space (`err: 27`). delivered_err: with DELIVRD. [5, 13]
    final_errs: with the others, in place of their usual one: { REJECTD = "0b1" }. Who is rejected is decided by number
    and seed, so they are the same people in each campaign: those that moved to another carrier, say.
    texts: what follows `text:`: empty, words, capital (`Text:`), escape (an ESC), hex, decoy (fields of a
    receipt that is not this one). [7]
    words: other words for the states: { UNDELIV = "FAILED" }. [12]
    pdus: deliver_sm or data_sm. esm_classes: of them, in place of 4. [14, 15]
    vendor_tlvs: some of 0x1400-0x3FFF; wide_integers: message_state in so many octets, when not 1;
    trailing_octets: behind the last TLV. [11]
    segments: which of a message's segments get receipts. [21]
    intermediate: words of receipts that come before the final one, intermediate_s apart from each other and
    ahead of it. [12, 17]
    between_s: the bounds between which each receipt of each segment has a delay of its own, in place of the
    personality's receipt_delay_s: most come early, some late (a beta distribution of 1.3 and 3.0). [2, 30] say.
    early_share: receipts that come before the response to their message. [16]
    repeats: how often repeat_share of the receipts comes again, each repeat_after_s later, acked or not; or
    each after a delay of its own between repeat_between_s. [18]
    repeats_on_new_link: on a session that connected after the one of their message, for which they wait. [49]
    any_session: on whatever session receives, not on the one of the message. [19]
    stranger_share: as many receipts more, of ids that nobody was given. [20] strangers: so many of them a second on
    each session, whatever else there is to say. [52] stranger_ahead: those of stranger_share have ids that are given
    to somebody when so many more messages have been taken; 0: never. [51]
    numbers: whose number is in so large a numbers_share of the receipts: own; other (the next one, perhaps somebody
    else's of the same alert); none; swapped (sender and recipient change places). [50]
    late_share: receipts that come late_s later than others; or in place of that, each after a delay of its own
    between late_between_s. missing_share: those that never come. [19, 22]
    held_share: those that are held back until somebody asks its book for them (/book/held).
    poison: so many unreadable ones per session, each again every poison_every_s whatever it is answered.
    """

    styles: tuple[Style, ...] = ("text",)
    encodings: tuple[Encoding, ...] = ("ascii",)
    dates: tuple[Dates, ...] = ("10",)
    leave_out: tuple[ReceiptField, ...] = ()
    leave_out_share: float = 1.0
    errs: tuple[Err, ...] = ("digits",)
    delivered_err: str = "000"
    final_errs: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[TextForm, ...] = ("empty",)
    words: Mapping[str, str] = field(default_factory=dict)
    pdus: tuple[ReceiptPdu, ...] = ("deliver_sm",)
    esm_classes: tuple[int, ...] = (4,)
    vendor_tlvs: bool = False
    wide_integers: int = 1
    trailing_octets: int = 0
    segments: Segments = "all"
    intermediate: tuple[str, ...] = ()
    intermediate_s: float = 0.05
    between_s: tuple[float, ...] = ()
    early_share: float = 0.0
    repeats: int = 0
    repeat_share: float = 1.0
    repeat_after_s: float = 0.1
    repeat_between_s: tuple[float, ...] = ()
    repeats_on_new_link: bool = False
    any_session: bool = False
    stranger_share: float = 0.0
    strangers: int = 0
    stranger_ahead: int = 0
    numbers: tuple[Numbers, ...] = ("own",)
    numbers_share: float = 1.0
    late_share: float = 0.0
    late_s: float = 5.0
    late_between_s: tuple[float, ...] = ()
    missing_share: float = 0.0
    held_share: float = 0.0
    poison: int = 0
    poison_every_s: float = 1.0

    @property
    def has_odd_forms(self) -> bool:
        """Receipts cannot be stamped by the thousand."""
        return any(getattr(self, name) != getattr(_PLAIN_RECEIPTS, name) for name in _FORMS)

    @property
    def has_odd_plan(self) -> bool:
        """More is sent than one receipt after its delay."""
        return any(getattr(self, name) != getattr(_PLAIN_RECEIPTS, name) for name in _PLAN)

    def __post_init__(self) -> None:
        _lists(self)
        shares(self)
        seconds(self, "intermediate_s", "repeat_after_s", "late_s", "poison_every_s")
        bounds(self, "between_s", "repeat_between_s", "late_between_s")
        require(all(0 <= esm <= 255 for esm in self.esm_classes), "esm_classes must be 0 to 255 each")
        require(len(self.intermediate) <= 16, "intermediate must be at most 16 words")
        words("intermediate", *self.intermediate)
        words("words", *self.words, *self.words.values())
        words("delivered_err", self.delivered_err)
        words("final_errs", *self.final_errs, *self.final_errs.values())
        require(1 <= self.wide_integers <= 8, "wide_integers must be 1 to 8 octets")
        require(0 <= self.trailing_octets <= 64, "trailing_octets must be 0 to 64")
        require(0 <= self.repeats <= 100, "repeats must be 0 to 100")
        require(0 <= self.strangers <= 100_000, "strangers must be 0 to 100000 a second")
        require(0 <= self.stranger_ahead <= 1_000_000, "stranger_ahead must be 0 to 1000000 messages")
        require(0 <= self.poison <= 1000, "poison must be 0 to 1000")
        require(
            not self.poison or self.poison_every_s >= 0.01, "poison_every_s must be at least 0.01 seconds"
        )


_FORMS: Final = (
    "styles", "encodings", "dates", "leave_out", "errs", "delivered_err", "final_errs", "texts", "words", "pdus",
    "esm_classes", "vendor_tlvs", "wide_integers", "trailing_octets", "intermediate", "poison", "numbers",
)  # fmt: skip
_PLAN: Final = (
    "intermediate", "between_s", "early_share", "repeats", "any_session", "stranger_share", "late_share",
    "missing_share", "held_share",
)  # fmt: skip


def _lists(habits: ReceiptHabits) -> None:
    for name in ("styles", "encodings", "dates", "errs", "texts", "pdus", "esm_classes", "numbers"):
        require(getattr(habits, name), f"{name} needs at least one value")


_PLAIN_RECEIPTS: Final = ReceiptHabits()
