"""What a way tells of what became of a message that it took."""

from enum import IntEnum
from typing import Final, NamedTuple

# What `BoundLink.ack` needs to acknowledge one receipt, message or delivery that cannot be read. Opaque: made by the
# link, given back once, after the commit that holds what it stands for (law 3).
Ack = bytes

# of a message's id (SMPP says 65); a longer one is never cut, for then it would be another
MAX_ID_OCTETS: Final = 255


class ReceiptState(IntEnum):
    """What a receipt says. The numbers are those of the recipient's states; 0 is never final."""

    INTERMEDIATE = 0
    EXPIRED = 5
    REJECTED = 6
    UNDELIVERABLE = 7
    DELIVERED = 8


class Receipt(NamedTuple):
    """There is one per segment, so it is a tuple, made by `tuple.__new__`, and the hot path works on columns of them.

    state: a ReceiptState as int. message_id: as it came, 1 to MAX_ID_OCTETS characters, of which none is cut off.
    err: the way's own code, or "". msisdn: whom it is about, if it says so.
    """

    ack: Ack
    state: int
    message_id: str
    err: str
    msisdn: int | None
