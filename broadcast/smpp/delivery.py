"""The body of a deliver_sm or data_sm, read tolerantly into its fields.

Source: SMPP 3.4 §4.6.1, §4.7.1; quirks 9-11. Lengths and NULs are followed, never the limits of the standard;
octets behind the last whole TLV are ignored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

from broadcast.errors import BroadcastError
from broadcast.smpp.pdu import DATA_SM, HEADER_OCTETS, MESSAGE_PAYLOAD

TLVS_MOST: Final = 256  # a PDU of SMPP 5.0 has some forty; 30,000 of them would take 10 ms to read

_TLV_HEAD = Struct("!HH")
_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F  # SMPP 3.4 §5.3.2.22 to 24

# service_type, source_addr_ton, npi, (source_addr), dest_addr_ton, npi, (destination_addr), (esm_class)
_START = rb"[^\0]*\0..([^\0]*)\0..([^\0]*)\0(.)"
# protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery,
# replace_if_present_flag, (data_coding), sm_default_msg_id, (sm_length); short_message and TLVs follow
_DELIVER_SM_BODY = re.compile(_START + rb"..[^\0]*\0[^\0]*\0..(.).(.)", re.DOTALL)
# registered_delivery, (data_coding); TLVs follow
_DATA_SM_BODY = re.compile(_START + rb".(.)", re.DOTALL)


class UnreadableError(BroadcastError):
    """A deliver_sm or data_sm that cannot be read: it is kept as it came, the session goes on"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """text: short_message, or message_payload when that one is empty. tlvs: the first of each tag."""

    source: bytes
    destination: bytes
    esm_class: int
    data_coding: int
    text: bytes
    tlvs: dict[int, bytes]


def read_delivery(command: int, pdu: bytes) -> Delivery:
    """`pdu`: the whole deliver_sm or data_sm, by `command`.

    Raises UnreadableError when its mandatory fields do not end.
    """
    match = (_DATA_SM_BODY if command == DATA_SM else _DELIVER_SM_BODY).match(pdu, HEADER_OCTETS)
    if match is None:
        raise UnreadableError("truncated: its mandatory fields do not end")
    source, destination, esm_class, data_coding = match.group(1, 2, 3, 4)
    end = match.end()
    text = b""
    if command != DATA_SM:
        text = pdu[end : end + match.group(5)[0]]
        end += len(text)
    tlvs = read_tlvs(pdu, end) if end < len(pdu) else {}
    text = text or tlvs.get(MESSAGE_PAYLOAD, b"")
    return Delivery(source, destination, esm_class[0], data_coding[0], text, tlvs)


def read_tlvs(pdu: bytes, position: int) -> dict[int, bytes]:
    """The TLVs from `position` on, the first of each tag; stops at one that is cut, and after TLVS_MOST."""
    tlvs: dict[int, bytes] = {}
    size = len(pdu)
    for _ in range(TLVS_MOST):
        if position + 4 > size:
            break
        tag, length = _TLV_HEAD.unpack_from(pdu, position)
        start, position = position + 4, position + 4 + length
        if position > size:
            break
        tlvs.setdefault(tag, pdu[start:position])
    return tlvs


def sar_of(tlvs: Mapping[int, bytes]) -> tuple[int, int, int] | None:
    """(reference, total, number) of the SAR TLVs; None unless all three are there. Wrong lengths are borne."""
    values = [tlvs.get(tag) for tag in (_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER)]
    if not all(values):
        return None
    reference, total, number = (int.from_bytes(value or b"", "big") for value in values)
    return reference & 0xFFFF, total & 0xFF, number & 0xFF
