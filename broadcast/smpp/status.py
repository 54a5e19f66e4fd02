"""What a command_status means for the message that it answers. Source: SMPP 3.4 §5.1.3, quirks 23-25."""

from collections.abc import Collection
from enum import Enum
from typing import Final

from broadcast.smpp.adapter import status_names

ROK: Final = 0x00
INVALID_COMMAND_ID: Final = 0x03
ALREADY_BOUND: Final = 0x05
UNKNOWN_ERROR: Final = 0xFF


class Meaning(Enum):
    """What to do with the message: it is accepted; slow the carrier; slow this one; try again; give up."""

    OK = "ok"
    THROTTLED = "throttled"
    QUEUE_FULL = "queue_full"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"


_MEANINGS: Final = {
    ROK: Meaning.OK,
    0x58: Meaning.THROTTLED,
    0x14: Meaning.QUEUE_FULL,
    0x08: Meaning.TEMPORARY,
    0x64: Meaning.TEMPORARY,
}
_NAMES: Final = status_names()


def meaning(status: int, temporary: Collection[int] = (), permanent: Collection[int] = ()) -> Meaning:
    """The carrier's own tables go first; a status that nobody knows is permanent. 0 is always OK."""
    if status == ROK:
        return Meaning.OK
    if status in permanent:
        return Meaning.PERMANENT
    known = _MEANINGS.get(status, Meaning.PERMANENT)
    return Meaning.TEMPORARY if status in temporary and known is Meaning.PERMANENT else known


def name(status: int) -> str:
    """Its name in the standard, such as ESME_RTHROTTLED; a vendor's as 0x000004A1."""
    return _NAMES.get(status) or f"0x{status:08X}"
