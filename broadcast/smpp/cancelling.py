"""cancel_sm: to take back what an SMSC has and has not delivered yet. Source: SMPP 3.4 §4.9.

Always by the message's id, with the addresses of its submit, which must be the same. Never by addresses alone: that
would take back whatever else is on its way to that person, a correction first of all.
"""

from collections.abc import Sequence
from struct import pack

from broadcast.campaign.sender import address
from broadcast.channel.link import Held
from broadcast.config import Carrier
from broadcast.smpp.pdu import CANCEL_SM, HEADER, HEADER_OCTETS


class Canceller:
    """For the messages of one sender at one carrier. Implements channel's Withdrawer."""

    def __init__(self, carrier: Carrier, sender: str) -> None:
        """sender: where the carrier wants none of its own."""
        like, source = carrier.smpp, address(carrier.sender or sender)
        ton = source.ton if like.source_ton is None else like.source_ton
        npi = source.npi if like.source_npi is None else like.source_npi
        self._front = like.service_type.encode("ascii") + b"\0"
        self._behind = pack("BB", ton, npi) + source.text.encode("ascii") + b"\0"
        self._behind += pack("BB", like.dest_ton, like.dest_npi)

    def stamp(self, first_sequence: int, segments: Sequence[Held]) -> bytes:
        """See Withdrawer."""
        return b"".join(self._pdu(number, each) for number, each in enumerate(segments, first_sequence))

    def _pdu(self, sequence: int, segment: Held) -> bytes:
        smsc_id = segment.smsc_id.encode("latin-1")
        msisdn = b"%d\0" % segment.msisdn
        body = b"".join((self._front, smsc_id, b"\0", self._behind, msisdn))
        return HEADER.pack(HEADER_OCTETS + len(body), CANCEL_SM, 0, sequence) + body
