"""A stream cut into PDUs when far too many come: of many alike in a row the last stands for all. Pure.

So an SMSC that asks enquire_link by the million is read fast enough to find the answers that stand between them, and
gets an answer now and then (quirk 55). Answers that somebody waits for and deliveries are never passed over.
"""

from collections.abc import Callable, Sequence
from struct import unpack
from typing import Final

from broadcast.smpp import pdu as smpp

FLOOD_LEAST: Final = 4000  # trifles in one read: more than came while the loop did something else
_STREAK_LEAST: Final = 64  # so that looking costs less than it saves, however an SMSC mixes them
_RUN_MOST: Final = 256  # PDUs looked at together
_DELIVERIES: Final = frozenset({smpp.DELIVER_SM, smpp.DATA_SM})
_ANSWERS: Final = frozenset({smpp.SUBMIT_SM_RESP, smpp.CANCEL_SM_RESP, smpp.GENERIC_NACK})
_LEAD: Final = 12  # octets before the sequence number


Awaited = Callable[[Sequence[int]], bool]


class Thinner:
    """Of one read: asked at every PDU whether more like it follow. octets: passed over so far.

    awaited: whether one of these sequence numbers is of a request of ours.
    """

    def __init__(self, data: bytes, awaited: Awaited) -> None:
        self.octets = 0
        self._data = data
        self._awaited = awaited
        self._lead = b""
        self._streak = 0

    def last(self, position: int, length: int, command: int) -> int:
        """Where the last stands of those like the PDU at `position`; the same place when there are too few."""
        lead = self._data[position : position + _LEAD]
        self._streak = self._streak + 1 if lead == self._lead else 0
        self._lead = lead
        if self._streak < _STREAK_LEAST or command in _DELIVERIES:
            return position
        count = alike(self._data, position, length)
        if command in _ANSWERS and self._awaited(numbers(self._data, position, length, count)):
            self._streak = 0  # not looked at again for each of them
            return position
        skipped = (count - 1) * length
        self.octets += skipped
        return position + skipped


def alike(data: bytes, position: int, length: int) -> int:
    """How many whole PDUs of that length from `position` on have the same header but for the number; some hundreds
    at most."""
    count = min(_RUN_MOST, (len(data) - position) // length)
    for octet in range(_LEAD):
        column = data[position + octet : position + count * length : length]
        count = len(column) - len(column.lstrip(column[:1]))
    return count


def numbers(data: bytes, position: int, length: int, count: int) -> Sequence[int]:
    """The sequence numbers of so many PDUs of that length from `position` on."""
    joined = bytearray(4 * count)
    for octet in range(4):
        joined[octet::4] = data[position + _LEAD + octet : position + count * length : length]
    return unpack(f"!{count}I", joined)
