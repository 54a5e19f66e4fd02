"""What a refusal most likely means, and the key of the carrier's table to change. Data only.

Source: SMPP 3.4 §5.1.3, and what SMSCs are known to mean by it (quirks 23-25, 31, 32, 40-44).
"""

from dataclasses import dataclass
from typing import Final

from broadcast.languages import N_


@dataclass(frozen=True, slots=True)
class Advice:
    """why: cause and way out, without a full stop. setting: a key of the bind or of the carrier; "": none."""

    why: str
    setting: str


_ACCOUNT: Final = N_(
    "check system_id, password, the addresses that the carrier lets in and how many binds it allows"
)

_BIND: Final[dict[int, Advice]] = {
    0x03: Advice("the SMSC does not know this kind of bind: use a transmitter and a receiver bind", "mode"),
    0x04: Advice("this account may not bind in this mode: try a transmitter and a receiver bind", "mode"),
    0x05: Advice(
        "the account is bound already: stop the worker that holds it, or wait for the old session to end; "
        "fewer sessions if it never ends",
        "sessions",
    ),
    0x08: Advice("the SMSC has a trouble of its own: try again later, then ask the carrier", ""),
    0x0D: Advice(
        "system_id, this machine's address or the number of binds is not allowed: check system_id and "
        "sessions, and ask the carrier which addresses it lets in",
        "system_id",
    ),
    0x0E: Advice("the password is wrong, or this machine's address is not allowed", "password"),
    0x0F: Advice("the SMSC does not know this system_id", "system_id"),
    0x14: Advice("too many binds in too short a time: raise reconnect_min_s", "reconnect_min_s"),
    0x53: Advice("the SMSC wants another system_type: see the carrier's sheet", "system_type"),
    0x58: Advice("too many binds in too short a time: raise reconnect_min_s", "reconnect_min_s"),
}

_CONCATENATION: Final = Advice("this SMSC does not take long messages in this way", "concatenation")
_SUBMIT: Final[dict[int, Advice]] = {
    0x01: Advice("the message is too long for one submit_sm of this SMSC", "concatenation"),
    0x08: Advice("the SMSC has a trouble of its own: try again later, then ask the carrier", ""),
    0x0A: Advice("the sender, or its TON and NPI, is not allowed for this account", "sender"),
    0x0B: Advice("the number is not reachable here, or dest_ton and dest_npi are wrong", "dest_ton"),
    0x14: Advice("more unanswered submits than the SMSC holds: a smaller window", "window"),
    0x15: Advice("the SMSC wants another service_type: see the carrier's sheet", "service_type"),
    0x43: _CONCATENATION,
    0x45: Advice("the SMSC gives no reason: ask the carrier for the account's rights", ""),
    0x48: Advice("the sender's type of number is not allowed", "source_ton"),
    0x49: Advice("the sender's numbering plan is not allowed", "source_npi"),
    0x50: Advice("the destination's type of number is not allowed", "dest_ton"),
    0x51: Advice("the destination's numbering plan is not allowed", "dest_npi"),
    0x58: Advice("more messages per second than the account is allowed: a lower tps", "tps"),
    0x62: Advice("the SMSC does not take this form of validity_period", "validity"),
    0xC0: _CONCATENATION,
    0xC1: _CONCATENATION,
    0xC2: _CONCATENATION,
    0xC4: _CONCATENATION,
}


def of_bind(status: int) -> Advice:
    """For a bind that was refused with this command_status."""
    return _BIND.get(status, Advice(_ACCOUNT, "system_id"))


def of_submit(status: int) -> Advice:
    """For a submit_sm that was refused with this command_status."""
    unknown = Advice(
        "a status of this carrier's own: ask what it means, and put it into temporary_statuses, "
        "throttled_statuses, queue_full_statuses or permanent_statuses",
        "permanent_statuses",
    )
    return _SUBMIT.get(status, unknown)
