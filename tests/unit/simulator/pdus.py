"""submit_sm PDUs written octet by octet, so that no code of ours says what they are."""

from struct import pack

HEAD = b"\0\5\0BOYTE\0\1\1"  # no service_type; TON 5, NPI 0, BOYTE; TON 1, NPI 1


def tail(
    text: bytes = b"hello",
    *,
    esm: int = 0,
    registered: int = 1,
    coding: int = 0,
    validity: bytes = b"",
    tlvs: bytes = b"",
) -> bytes:
    """From the NUL behind the destination to the end."""
    return (
        b"\0" + bytes((esm, 0, 0)) + b"\0" + validity + b"\0"
        + bytes((registered, 0, coding, 0, len(text))) + text + tlvs
    )  # fmt: skip


def submit(sequence: int, msisdn: bytes, end: bytes | None = None, head: bytes = HEAD) -> bytes:
    body = head + msisdn + (tail() if end is None else end)
    return pack("!IIII", 16 + len(body), 4, 0, sequence) + body


def header(pdu: bytes) -> tuple[int, int, int, int]:
    """command_length, command_id, command_status, sequence_number."""
    return tuple(int.from_bytes(pdu[index : index + 4], "big") for index in (0, 4, 8, 12))  # type: ignore[return-value]


def cut(stream: bytes) -> list[bytes]:
    """The PDUs of a stream that ends with one."""
    pdus = []
    while stream:
        length = int.from_bytes(stream[:4], "big")
        assert 16 <= length <= len(stream)
        pdus.append(stream[:length])
        stream = stream[length:]
    return pdus
