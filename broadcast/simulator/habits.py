"""The tables of a personality: the habits of SMSCs that carriers' links meet, each a switch.

Every default is what the specification says, and costs nothing. A key that is a list holds alternatives: each
receipt or response takes one of them by chance (of the personality's seed), so one value in it means always.
The numbers in brackets are those of the cases that they imitate (tests/quirks.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

Style = Literal["text", "both", "tlv", "id_tlv", "payload"]
Encoding = Literal["ascii", "ucs2", "labelled_ucs2"]
Dates = Literal["10", "12", "14", "12+", "empty", "zeros"]
Err = Literal["digits", "four", "alphanumeric", "empty", "space"]
TextForm = Literal["empty", "words", "capital", "escape", "hex", "decoy"]
ReceiptField = Literal["sub", "dlvrd", "submit date", "done date", "stat", "err", "text"]
ReceiptPdu = Literal["deliver_sm", "data_sm"]
Segments = Literal["all", "last", "first", "none"]
Response = Literal["plain", "no_nul", "tlvs"]
ErrorForm = Literal["header", "nul", "body", "nack"]
BindKind = Literal["transceiver", "transmitter", "receiver"]
End = Literal["unbind", "close", "silence", "garbage", "trickle"]
Strange = Literal[
    "alert_notification", "outbind", "unknown", "unknown_response", "generic_nack", "replace_sm", "enquire_link",
    "submit_sm_resp", "deliver_sm",
]  # fmt: skip
Answer = Literal["resp", "nack", "none"]
Joined = Literal["udh8", "udh16", "sar", "payload"]
Validity = Literal["any", "absolute", "relative", "none"]
ZeroAlphabet = Literal["gsm0338", "ascii", "latin1"]
TlsVersion = Literal["1.2", "1.3"]

_DAY_S: Final = 86400.0


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
    any_session: on whatever session receives, not on the one of the message. [19]
    stranger_share: as many receipts more, of ids that nobody was given. [20]
    late_share: receipts that come late_s later than others; or in place of that, each after a delay of its own
    between late_between_s. missing_share: those that never come. [19, 22]
    poison: so many unreadable ones per session, each again every poison_every_s whatever it is answered.
    """

    styles: tuple[Style, ...] = ("text",)
    encodings: tuple[Encoding, ...] = ("ascii",)
    dates: tuple[Dates, ...] = ("10",)
    leave_out: tuple[ReceiptField, ...] = ()
    leave_out_share: float = 1.0
    errs: tuple[Err, ...] = ("digits",)
    delivered_err: str = "000"
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
    any_session: bool = False
    stranger_share: float = 0.0
    late_share: float = 0.0
    late_s: float = 5.0
    late_between_s: tuple[float, ...] = ()
    missing_share: float = 0.0
    poison: int = 0
    poison_every_s: float = 1.0

    @property
    def has_odd_forms(self) -> bool:
        """Receipts cannot be stamped by the thousand."""
        return any(getattr(self, name) != getattr(_PLAIN_RECEIPTS, name) for name in _FORMS)

    @property
    def has_odd_order(self) -> bool:
        """More is sent than one receipt after its delay."""
        return any(getattr(self, name) != getattr(_PLAIN_RECEIPTS, name) for name in _ORDER)

    def __post_init__(self) -> None:
        _lists(self)
        shares(self)
        seconds(self, "intermediate_s", "repeat_after_s", "late_s", "poison_every_s")
        bounds(self, "between_s", "repeat_between_s", "late_between_s")
        require(all(0 <= esm <= 255 for esm in self.esm_classes), "esm_classes must be 0 to 255 each")
        require(len(self.intermediate) <= 16, "intermediate must be at most 16 words")
        _words("intermediate", *self.intermediate)
        _words("words", *self.words, *self.words.values())
        _words("delivered_err", self.delivered_err)
        require(1 <= self.wide_integers <= 8, "wide_integers must be 1 to 8 octets")
        require(0 <= self.trailing_octets <= 64, "trailing_octets must be 0 to 64")
        require(0 <= self.repeats <= 100, "repeats must be 0 to 100")
        require(0 <= self.poison <= 1000, "poison must be 0 to 1000")
        require(
            not self.poison or self.poison_every_s >= 0.01, "poison_every_s must be at least 0.01 seconds"
        )


_FORMS: Final = (
    "styles", "encodings", "dates", "leave_out", "errs", "delivered_err", "texts", "words", "pdus", "esm_classes",
    "vendor_tlvs", "wide_integers", "trailing_octets", "intermediate", "poison",
)  # fmt: skip
_ORDER: Final = (
    "intermediate", "between_s", "early_share", "repeats", "any_session", "stranger_share", "late_share",
    "missing_share",
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class SessionHabits:
    """[session]: how it treats binds and connections. Times in seconds.

    bind_kinds: those that it knows; others get ESME_RBINDFAIL. transmitters, receivers: how many of that
    kind at once, 0: as many as `sessions`. [38]
    full_status: when there are too many. bind_statuses: the first binds are refused with these in turn. [31, 32]
    ghost_s: a session that ended without unbind keeps its place so long; binds get 0x05. [31]
    ban_after: more binds than that within ban_within_s, 0: no limit, and every one for ban_s gets
    ban_status, or the connection closed when that is 0. [32]
    bind_delay_s: until a bind is answered. bind_error_forms: as responses.error_forms, of bind_resp.
    interface_version: in its TLV of bind_resp, 0: no TLV. bind_bundled: the bind's answer and whatever comes
    next in one piece. [33]
    enquire_link_s: asks by itself so often, 0: never; enquire_numbers: its sequence numbers in turn. idle_s:
    ends a session from which nothing came for so long, 0: never. [34]
    end: how it ends a session by itself: unbind (answers whose response_delay_s is not over come after it); close
    (without a word); silence (open, but nothing is answered nor sent); garbage (words of HTTP); trickle (messages are
    taken, and all that comes is a PDU announced as 128 KiB, an octet every trickle_s). When: after end_after messages
    or end_after_s, 0: never. [35, 37, 53, 54]
    strange: PDUs that nobody asked for, one kind by chance every strange_s (50 times a second at most),
    strange_count of it: an enquire_link too,
    a submit_sm_resp of a number that was never used, a deliver_sm that cannot be read. [36, 55]
    split: every piece of output is cut at random places, at most so many; 0: never. [37]
    enquire_answer, unbind_answer: resp, nack (generic_nack) or none. answer_status: of those answers. [23]
    """

    bind_kinds: tuple[BindKind, ...] = ("transceiver", "transmitter", "receiver")
    transmitters: int = 0
    receivers: int = 0
    full_status: int = 0x0D
    bind_statuses: tuple[int, ...] = ()
    ghost_s: float = 0.0
    ban_after: int = 0
    ban_within_s: float = 10.0
    ban_s: float = 10.0
    ban_status: int = 0x0D
    bind_delay_s: float = 0.0
    bind_error_forms: tuple[ErrorForm, ...] = ("header",)
    interface_version: int = 0x34
    bind_bundled: bool = False
    enquire_link_s: float = 0.0
    enquire_numbers: tuple[int, ...] = (1,)
    idle_s: float = 0.0
    end: End = "unbind"
    end_after: int = 0
    end_after_s: float = 0.0
    trickle_s: float = 1.0
    strange: tuple[Strange, ...] = ()
    strange_s: float = 0.1
    strange_count: int = 1
    split: int = 0
    enquire_answer: Answer = "resp"
    unbind_answer: Answer = "resp"
    answer_status: int = 0

    def __post_init__(self) -> None:
        for name in ("bind_kinds", "bind_error_forms", "enquire_numbers"):
            require(getattr(self, name), f"{name} needs at least one value")
        seconds(
            self, "ghost_s", "ban_within_s", "ban_s", "bind_delay_s", "enquire_link_s", "idle_s", "end_after_s",
            "trickle_s", "strange_s",
        )  # fmt: skip
        for name in ("transmitters", "receivers", "ban_after", "end_after", "split"):
            require(0 <= getattr(self, name) <= 1_000_000, f"{name} must be 0 to 1000000")
        statuses("bind_statuses", *self.bind_statuses)
        statuses("full_status", self.full_status)
        require(0 <= self.ban_status <= 0xFFFFFFFF, "ban_status must be 0 to 0xFFFFFFFF")
        require(0 <= self.answer_status <= 0xFFFFFFFF, "answer_status must be 0 to 0xFFFFFFFF")
        require(0 <= self.interface_version <= 255, "interface_version must be 0 to 0xFF")
        require(
            all(0 <= number <= 0xFFFFFFFF for number in self.enquire_numbers),
            "enquire_numbers must be 0 to 0xFFFFFFFF each",
        )
        require(1 <= self.strange_count <= 100_000, "strange_count must be 1 to 100000")
        require(self.trickle_s >= 0.001, "trickle_s must be at least 0.001 seconds")
        require(not self.strange or self.strange_s >= 0.001, "strange_s must be at least 0.001 seconds")


@dataclass(frozen=True, slots=True)
class Rules:
    """[rules]: what it takes. What breaks one is refused, and never delivered.

    concatenation: the ways that it knows; others are refused with concatenation_status, or ignored when that
    is 0: every segment is a message of its own. [40]
    default_alphabet: what data_coding 0 is to it, in its book. data_codings: those that it takes, empty: all;
    others get 0x104. [41]
    senders: those that it lets through, empty: all; others get 0x0A. strict_senders: letters only with TON 5,
    NPI 0, at most 11 characters of GSM 03.38. [43]
    dest_ton, dest_npi: the only ones that it takes, -1: any; others get 0x50 and 0x51.
    service_types: the only ones, empty: all; others get 0x15.
    validity: the only form of validity_period, none: it must be empty; others get 0x62. [44]
    max_octets: of short_message; more get 0x01.
    """

    concatenation: tuple[Joined, ...] = ("udh8", "udh16", "sar", "payload")
    concatenation_status: int = 0x43
    default_alphabet: ZeroAlphabet = "gsm0338"
    data_codings: tuple[int, ...] = ()
    senders: tuple[str, ...] = ()
    strict_senders: bool = False
    dest_ton: int = -1
    dest_npi: int = -1
    service_types: tuple[str, ...] = ()
    validity: Validity = "any"
    max_octets: int = 254

    def __post_init__(self) -> None:
        require(0 <= self.concatenation_status <= 0xFFFFFFFF, "concatenation_status must be 0 to 0xFFFFFFFF")
        require(all(0 <= each <= 255 for each in self.data_codings), "data_codings must be 0 to 255 each")
        for name in ("dest_ton", "dest_npi"):
            require(-1 <= getattr(self, name) <= 255, f"{name} must be -1 (any) to 255")
        require(0 <= self.max_octets <= 254, "max_octets must be 0 to 254")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """[tls]: with a cert_file its port speaks TLS only. Files are PEM. [39]

    key_file: of the certificate, when it is not in the same file. client_ca_file: who must have signed the
    ESME's certificate; empty: none is asked for. min_version, max_version: what it agrees to.
    """

    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    min_version: TlsVersion = "1.2"
    max_version: TlsVersion = "1.3"

    def __post_init__(self) -> None:
        require(
            self.cert_file or not (self.key_file or self.client_ca_file),
            "cert_file is missing: TLS needs a certificate",
        )
        require(self.min_version <= self.max_version, "max_version must not be below min_version")


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


def require(holds: object, message: str) -> None:
    """message: starts with the key."""
    if not holds:
        raise ValueError(message)


def _lists(habits: ReceiptHabits) -> None:
    for name in ("styles", "encodings", "dates", "errs", "texts", "pdus", "esm_classes"):
        require(getattr(habits, name), f"{name} needs at least one value")


def shares(table: Any) -> None:
    """Every field that is one: by its name."""
    for each in fields(table):
        if each.name == "share" or each.name.endswith("_share"):
            require(0 <= getattr(table, each.name) <= 1, f"{each.name} must be 0 to 1")


def seconds(table: Any, *names: str) -> None:
    """Fields of a day at most."""
    for name in names:
        require(0 <= getattr(table, name) <= _DAY_S, f"{name} must be 0 to 86400 seconds")


def bounds(table: Any, *names: str) -> None:
    """Fields of two times, or of none."""
    for name in names:
        given = getattr(table, name)
        low, high = given or (0.0, 0.0) if len(given) in (0, 2) else (1.0, 0.0)
        require(0 <= low <= high <= _DAY_S, f"{name} must be two times in order, 0 to 86400 seconds: [2, 30]")


def _words(name: str, *words: str) -> None:
    require(
        all(0 < len(word) <= 20 and word.isascii() and word.isprintable() for word in words),
        f"{name} must be words of 1 to 20 ASCII characters",
    )


def statuses(name: str, *given: int) -> None:
    """command_status values of an error."""
    require(all(0 < each <= 0xFFFFFFFF for each in given), f"{name} must be 0x00000001 to 0xFFFFFFFF")


_PLAIN_RECEIPTS: Final = ReceiptHabits()
