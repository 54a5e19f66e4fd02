"""What a command_status means for the message that it answers. Source: SMPP 3.4 §5.1.3, quirks 23-25."""

import re
from typing import Final

from broadcast.channel.outcome import SLOW_DOWN, Meaning
from broadcast.config import Carrier
from broadcast.smpp.adapter import status_names

ROK: Final = 0x00
INVALID_COMMAND_ID: Final = 0x03
ALREADY_BOUND: Final = 0x05
UNKNOWN_ERROR: Final = 0xFF


_MEANINGS: Final = {
    ROK: Meaning.OK,
    0x58: Meaning.THROTTLED,
    0x14: Meaning.QUEUE_FULL,
    0x08: Meaning.TEMPORARY,
    0x64: Meaning.TEMPORARY,
}
_NAMES: Final = status_names()
_VENDOR: Final = re.compile("0x[0-9A-F]{8}")
_NUMBERS: Final = {name: number for number, name in _NAMES.items()}


def meaning(status: int, carrier: Carrier | None = None) -> Meaning:
    """The carrier's own tables go first; a status that nobody knows is permanent. 0 is always OK.

    What is throttled or queue full stays so when a profile lists it as temporary.
    """
    if status == ROK:
        return Meaning.OK
    built_in = _MEANINGS.get(status, Meaning.PERMANENT)
    own = None if carrier is None else _own_meaning(status, carrier)
    return built_in if own is None or (own is Meaning.TEMPORARY and built_in in SLOW_DOWN) else own


def is_known(status: int, carrier: Carrier) -> bool:
    """Is it of the standard, or does the carrier's profile say what it means?"""
    return status in _NAMES or _own_meaning(status, carrier) is not None


def _own_meaning(status: int, carrier: Carrier) -> Meaning | None:
    if status in carrier.smpp.permanent_statuses or status in carrier.smpp.ported_statuses:
        return Meaning.PERMANENT
    if status in carrier.smpp.temporary_statuses:
        return Meaning.TEMPORARY
    if status in carrier.smpp.throttled_statuses:
        return Meaning.THROTTLED
    return Meaning.QUEUE_FULL if status in carrier.smpp.queue_full_statuses else None


def name(status: int) -> str:
    """Its name in the standard, such as ESME_RTHROTTLED; a vendor's as 0x000004A1."""
    return _NAMES.get(status) or f"0x{status:08X}"


def number(name: str) -> int | None:
    """The command_status that `name` names so; None when it is no such name."""
    return int(name, 16) if _VENDOR.fullmatch(name) else _NUMBERS.get(name)
