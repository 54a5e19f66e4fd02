"""PDUs as they stand on the wire, put together octet by octet and not by the code under test."""

from struct import pack

ID_TEXT = b"id:%s sub:001 dlvrd:001 submit date:2401311200 done date:2401311201 stat:%s err:%s text:Bo Y te"


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return pack("!IIII", 16 + len(body), command, status, sequence) + body


def answer(sequence: int, smsc_id: bytes = b"a1", status: int = 0) -> bytes:
    return pdu(0x80000004, sequence, smsc_id + b"\0", status)


def tlv(tag: int, value: bytes) -> bytes:
    return pack("!HH", tag, len(value)) + value


def deliver_sm(
    sequence: int,
    text: bytes,
    tlvs: bytes = b"",
    *,
    esm_class: int = 4,
    data_coding: int = 0,
    source: bytes = b"84912345678",
    destination: bytes = b"BOYTE",
) -> bytes:
    body = (
        b"\0"  # service_type
        + b"\1\1" + source + b"\0"
        + b"\5\0" + destination + b"\0"
        + bytes((esm_class, 0, 0))  # protocol_id, priority_flag
        + b"\0\0"  # schedule_delivery_time, validity_period
        + bytes((0, 0, data_coding, 0, len(text)))  # registered_delivery, replace, sm_default_msg_id
        + text
        + tlvs
    )  # fmt: skip
    return pdu(0x00000005, sequence, body)


def data_sm(sequence: int, tlvs: bytes, *, esm_class: int = 4, data_coding: int = 0) -> bytes:
    body = b"\0\1\184912345678\0\5\0BOYTE\0" + bytes((esm_class, 0, data_coding)) + tlvs
    return pdu(0x00000103, sequence, body)


def receipt_text(smsc_id: bytes = b"a1", stat: bytes = b"DELIVRD", err: bytes = b"000") -> bytes:
    return ID_TEXT % (smsc_id, stat, err)
