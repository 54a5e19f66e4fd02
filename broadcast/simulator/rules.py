"""What an SMSC refuses because of how it is written: asked once for every shape of submit_sm. Pure.

Source: quirks 40, 41, 43 and 44; SMPP 3.4 §5.1.3 (the statuses), 3GPP TS 23.038 (letters of a sender).
"""

from dataclasses import replace
from typing import Final

from broadcast.simulator.alphabet import encode_gsm
from broadcast.simulator.content import INVALID_EXPIRY, INVALID_LENGTH, Content, read_content
from broadcast.simulator.habits import Rules, Segments

INVALID_SENDER: Final = 0x0A
INVALID_SERVICE_TYPE: Final = 0x15
INVALID_DEST_TON: Final = 0x50
INVALID_DEST_NPI: Final = 0x51
INVALID_DATA_CODING: Final = 0x104

_ALPHANUMERIC: Final = 5
_MAX_LETTERS: Final = 11


class Ruled:
    """`read` as content.read_content, with the rules of one personality.

    segments: which of a message's segments get receipts.
    """

    def __init__(self, rules: Rules, segments: Segments) -> None:
        self._rules = rules
        self._segments = segments

    def read(self, head: bytes, tail: bytes) -> Content:
        """head: from service_type to dest_addr_npi. tail: from the NUL behind the destination to the end."""
        content = read_content(head, tail)
        status = content.status or self._status(content, head)
        if status:
            return replace(content, status=status)
        if content.joined and content.joined not in self._rules.concatenation:
            return replace(content, message=(*content.message, "apart", content.number), number=1, total=1)
        return content if self._has_receipt(content) else replace(content, receipts="none")

    def _has_receipt(self, content: Content) -> bool:
        if self._segments == "last":
            return content.number == content.total
        return self._segments == "all" or (self._segments == "first" and content.number == 1)

    def _status(self, content: Content, head: bytes) -> int:
        rules = self._rules
        service_type, _, rest = head.partition(b"\0")
        if rules.service_types and service_type.decode("latin-1") not in rules.service_types:
            return INVALID_SERVICE_TYPE
        ton, npi, sender = rest[0], rest[1], rest[2:-3].decode("latin-1")
        if rules.senders and sender not in rules.senders:
            return INVALID_SENDER
        if rules.strict_senders and not _is_proper(ton, npi, sender):
            return INVALID_SENDER
        if rules.dest_ton not in (-1, rest[-2]):
            return INVALID_DEST_TON
        if rules.dest_npi not in (-1, rest[-1]):
            return INVALID_DEST_NPI
        if rules.data_codings and content.data_coding not in rules.data_codings:
            return INVALID_DATA_CODING
        if content.short_octets > rules.max_octets:
            return INVALID_LENGTH
        if rules.validity not in ("any", content.validity):
            return INVALID_EXPIRY
        if content.joined and content.joined not in rules.concatenation:
            return rules.concatenation_status
        return 0


def _is_proper(ton: int, npi: int, sender: str) -> bool:
    if sender.isdigit():
        return ton != _ALPHANUMERIC
    known = encode_gsm(sender) is not None
    return ton == _ALPHANUMERIC and npi == 0 and len(sender) <= _MAX_LETTERS and known
