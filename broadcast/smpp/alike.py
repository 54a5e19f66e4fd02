"""A stream cut into PDUs when far too many come: of many alike in a row the last stands for all. Pure.

So an SMSC that asks enquire_link by the million is read fast enough to find the answers that stand between them, and
gets an answer now and then (quirk 55). Answers to submits and deliveries are never passed over.
"""

from typing import Final

from broadcast.smpp import pdu as smpp

FLOOD_LEAST: Final = 4000  # trifles in one read: more than came while the loop did something else
_STREAK_LEAST: Final = 64  # so that looking costs less than it saves, however an SMSC mixes them
_RUN_MOST: Final = 256  # PDUs looked at together
_KEPT: Final = frozenset({smpp.SUBMIT_SM_RESP, smpp.DELIVER_SM, smpp.DATA_SM, smpp.GENERIC_NACK})
_LEAD: Final = 12  # octets before the sequence number


class Thinner:
    """Of one read: asked at every PDU whether more like it follow. octets: passed over so far."""

    def __init__(self, data: bytes) -> None:
        self.octets = 0
        self._data = data
        self._lead = b""
        self._streak = 0

    def last(self, position: int, length: int, command: int) -> int:
        """Where the last stands of those like the PDU at `position`; the same place when there are too few."""
        lead = self._data[position : position + _LEAD]
        self._streak = self._streak + 1 if lead == self._lead else 0
        self._lead = lead
        if self._streak < _STREAK_LEAST or command in _KEPT:
            return position
        skipped = (alike(self._data, position, length) - 1) * length
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
