"""The one importer of aiosmpplib: its encoders give an ESME's requests, its enum the names of statuses.

Worked around here: it refuses passwords over 8 characters, and wants text where we have octets and objects
where we have SMPP time text.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import pack
from typing import Final

from aiosmpplib import (
    NPI,
    TON,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    EnquireLink,
    PhoneNumber,
    SmppCommandStatus,
    SubmitSm,
    Unbind,
)

from broadcast.config import BindMode
from broadcast.errors import ConfigError
from broadcast.smpp.pdu import HEADER_OCTETS

MAX_PASSWORD_OCTETS: Final = 16
MAX_SHORT_MESSAGE_OCTETS: Final = 254

_BINDS: Final = {"transceiver": BindTransceiver, "transmitter": BindTransmitter, "receiver": BindReceiver}


@dataclass(frozen=True, slots=True)
class SubmitFields:
    """One segment's submit_sm without sequence number and destination. Source: SMPP 3.4 §4.4.1.

    validity_period: SMPP time text or "". short_message: at most 254 octets, user data header included.
    tlvs: (tag, value) as they go out.
    """

    source: str
    source_ton: int
    source_npi: int
    dest_ton: int
    dest_npi: int
    service_type: str
    esm_class: int
    data_coding: int
    registered_delivery: int
    validity_period: str
    short_message: bytes
    tlvs: tuple[tuple[int, bytes], ...] = ()


def bind_pdu(mode: BindMode, system_id: str, password: str, system_type: str, sequence: int) -> bytes:
    """bind_transceiver, _transmitter or _receiver. Raises ConfigError for what the PDU cannot hold."""
    try:
        request = _BINDS[mode](sequence_num=sequence, system_id=system_id, system_type=system_type)
        password.encode("ascii")
    except ValueError:  # not chained: it holds the password
        raise ConfigError(
            f"bind {system_id}: system_id, password or system_type cannot be sent over SMPP"
        ) from None
    if len(password) > MAX_PASSWORD_OCTETS:
        raise ConfigError(f"bind {system_id}: the password is longer than {MAX_PASSWORD_OCTETS} characters")
    request.password = password  # after its check, which stops at 8
    return bytes(request.pdu())


def submit_pdu(fields: SubmitFields, destination: str, sequence: int) -> bytes:
    """A whole submit_sm. Raises ConfigError when a field does not fit."""
    if len(fields.short_message) > MAX_SHORT_MESSAGE_OCTETS:
        raise ConfigError(
            f"a short_message of {len(fields.short_message)} octets: at most 254 fit a submit_sm"
        )
    try:
        encoded = _encode(fields, destination, sequence)
    except ValueError as error:
        raise ConfigError("a sender, address type or service_type cannot be sent over SMPP") from error
    body = _splice(encoded, fields) + b"".join(
        pack("!HH", tag, len(value)) + value for tag, value in fields.tlvs
    )
    return pack("!I", HEADER_OCTETS + len(body)) + encoded[4:HEADER_OCTETS] + body


def destination_place(pdu: bytes) -> int:
    """Index of the first octet of destination_addr in a submit_sm."""
    after_service_type = pdu.index(b"\0", HEADER_OCTETS) + 1
    return pdu.index(b"\0", after_service_type + 2) + 1 + 2


def enquire_link_pdu(sequence: int) -> bytes:
    return bytes(EnquireLink(sequence_num=sequence).pdu())


def unbind_pdu(sequence: int) -> bytes:
    return bytes(Unbind(sequence_num=sequence).pdu())


def validity_text(until: datetime | float) -> str:
    """validity_period as SMPP time text: an aware moment as absolute, seconds from now as relative time.

    Source: SMPP 3.4 §7.1.1. Raises ConfigError past what a relative time can say (63 weeks).
    """
    try:
        moment = until if isinstance(until, datetime) else timedelta(seconds=int(until))
        return str(SubmitSm.datetime_to_smpp_time(moment))
    except ValueError as error:
        raise ConfigError("an expiry that far away cannot be said as a relative validity_period") from error


def status_names() -> dict[int, str]:
    """command_status -> its name in SMPP 3.4 §5.1.3, such as ESME_RTHROTTLED."""
    return {status.value: status.name for status in SmppCommandStatus}


def _encode(fields: SubmitFields, destination: str, sequence: int) -> bytes:
    request = SubmitSm(
        sequence_num=sequence,
        short_message="-",  # refused when empty; replaced below
        source=PhoneNumber(fields.source, TON(fields.source_ton), NPI(fields.source_npi)),
        destination=PhoneNumber(destination, TON(fields.dest_ton), NPI(fields.dest_npi)),
        service_type=fields.service_type,
        esm_class=fields.esm_class,
        registered_delivery=fields.registered_delivery,
    )
    request.short_message = ""
    request.set_encoded_message(fields.short_message)
    return bytes(request.pdu())


def _splice(encoded: bytes, fields: SubmitFields) -> bytes:
    """The body with validity_period and data_coding put in, which the library takes in its own terms only.

    Behind the destination: esm_class, protocol_id, priority_flag, schedule_delivery_time (empty),
    validity_period (empty), registered_delivery, replace_if_present_flag, data_coding, ...
    """
    validity = encoded.index(b"\0", destination_place(encoded)) + 5
    return (
        encoded[HEADER_OCTETS:validity]
        + fields.validity_period.encode("ascii")
        + encoded[validity : validity + 3]
        + bytes((fields.data_coding,))
        + encoded[validity + 4 :]
    )
