"""What goes over the wire for one message, to and from a carrier. Source: SMPP 3.4 §4.4.1, §4.4.2, §4.6.1, §4.6.2."""

from typing import Final

SUBMIT_OCTETS: Final = (
    65  # a submit_sm without its text: sender of 5 letters, number of 11 digits, absolute validity
)
TEXT_OCTETS: Final = 140  # of a full segment, user data header included
PAYLOAD_OCTETS: Final = 134  # of each part of a text that goes whole
PAYLOAD_HEAD_OCTETS: Final = 4  # of the TLV that holds it
SUBMIT_RESP_OCTETS: Final = 53  # with a UUID
DELIVER_OCTETS: Final = 177  # a receipt with a UUID, in the text of appendix B; with TLVs 46 more
DELIVER_RESP_OCTETS: Final = 17
_HEADERS_OCTETS: Final = 66  # Ethernet, IPv4, TCP with timestamps; of an acknowledgment that is all
_PACKET_OCTETS: Final = 1000  # of PDUs, on average: at most 1,448 fit, and a pace of some ms fills most of it


def octets(segments: int, submits: int, receipts: int) -> tuple[int, int]:
    """PDUs to the carrier, and from it, for one message."""
    text = segments * TEXT_OCTETS if submits == segments else segments * PAYLOAD_OCTETS + PAYLOAD_HEAD_OCTETS
    to_carrier = submits * SUBMIT_OCTETS + text + receipts * DELIVER_RESP_OCTETS
    return to_carrier, submits * SUBMIT_RESP_OCTETS + receipts * DELIVER_OCTETS


def on_the_wire(sent: float, received: float) -> tuple[float, float]:
    """Octets of PDUs, or a second's, with the packets around them: each has its acknowledgment the other way."""
    headers = _HEADERS_OCTETS / _PACKET_OCTETS
    return sent + headers * (sent + received), received + headers * (sent + received)
