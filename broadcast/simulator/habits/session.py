"""[session]: binds, connections and what passes on them beside messages."""

from dataclasses import dataclass
from typing import Literal

from broadcast.simulator.habits.checks import require, seconds, statuses
from broadcast.simulator.habits.responses import ErrorForm

BindKind = Literal["transceiver", "transmitter", "receiver"]
End = Literal["unbind", "close", "silence", "garbage", "trickle"]
Strange = Literal[
    "alert_notification", "outbind", "unknown", "unknown_response", "generic_nack", "replace_sm", "enquire_link",
    "submit_sm_resp", "deliver_sm",
]  # fmt: skip
Answer = Literal["resp", "nack", "none"]


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
