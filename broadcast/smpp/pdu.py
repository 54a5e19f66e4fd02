"""The header of a PDU, the command ids, and the small answers that an ESME gives. Source: SMPP 3.4 §4, §5.1.

Plain integers, not an enum: they are compared for every PDU.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

HEADER: Final = Struct("!IIII")  # command_length, command_id, command_status, sequence_number
HEADER_OCTETS: Final = 16
MAX_PDU_OCTETS: Final = 131072  # a message_payload alone may have 65,535
MAX_SEQUENCE: Final = 0x7FFFFFFF

RESPONSE_BIT: Final = 0x80000000
GENERIC_NACK: Final = 0x80000000
BIND_RECEIVER: Final = 0x00000001
BIND_TRANSMITTER: Final = 0x00000002
QUERY_SM: Final = 0x00000003
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
REPLACE_SM: Final = 0x00000007
CANCEL_SM: Final = 0x00000008
BIND_TRANSCEIVER: Final = 0x00000009
OUTBIND: Final = 0x0000000B
ENQUIRE_LINK: Final = 0x00000015
SUBMIT_MULTI: Final = 0x00000021
ALERT_NOTIFICATION: Final = 0x00000102
DATA_SM: Final = 0x00000103
SUBMIT_SM_RESP: Final = SUBMIT_SM | RESPONSE_BIT
CANCEL_SM_RESP: Final = CANCEL_SM | RESPONSE_BIT
DELIVER_SM_RESP: Final = DELIVER_SM | RESPONSE_BIT
UNBIND_RESP: Final = UNBIND | RESPONSE_BIT
ENQUIRE_LINK_RESP: Final = ENQUIRE_LINK | RESPONSE_BIT
DATA_SM_RESP: Final = DATA_SM | RESPONSE_BIT

# TLV tags, SMPP 3.4 §5.3.2
RECEIPTED_MESSAGE_ID: Final = 0x001E
NETWORK_ERROR_CODE: Final = 0x0423
MESSAGE_PAYLOAD: Final = 0x0424
MESSAGE_STATE: Final = 0x0427

_DELIVER_SM_RESP_HEAD: Final = HEADER.pack(17, DELIVER_SM_RESP, 0, 0)[:12]
_DATA_SM_RESP_HEAD: Final = HEADER.pack(17, DATA_SM_RESP, 0, 0)[:12]
_BETWEEN_DELIVER_SM_RESPS: Final = b"\0" + _DELIVER_SM_RESP_HEAD


def deliver_sm_ack(pdu: bytes) -> bytes:
    """What `receipt_responses` needs to answer this deliver_sm: its four octets of sequence number."""
    return pdu[12:16]


def data_sm_ack(pdu: bytes) -> bytes:
    """The same for a data_sm: five octets, so that the two are told apart by length."""
    return b"D" + pdu[12:16]


def receipt_responses(acks: Sequence[bytes]) -> bytes:
    """deliver_sm_resp and data_sm_resp (ROK, empty message_id) for these acks, in order."""
    if sum(map(len, acks)) == 4 * len(acks):  # deliver_sm only: one join, nothing per receipt
        return _DELIVER_SM_RESP_HEAD + _BETWEEN_DELIVER_SM_RESPS.join(acks) + b"\0" if acks else b""
    return b"".join(
        (_DELIVER_SM_RESP_HEAD + ack if len(ack) == 4 else _DATA_SM_RESP_HEAD + ack[1:]) + b"\0"
        for ack in acks
    )


def enquire_link_resp(sequence: int) -> bytes:
    """Any 32-bit sequence number: SMSCs use all of them."""
    return HEADER.pack(HEADER_OCTETS, ENQUIRE_LINK_RESP, 0, sequence)


def unbind_resp(sequence: int) -> bytes:
    return HEADER.pack(HEADER_OCTETS, UNBIND_RESP, 0, sequence)


def generic_nack(sequence: int, status: int) -> bytes:
    return HEADER.pack(HEADER_OCTETS, GENERIC_NACK, status, sequence)
