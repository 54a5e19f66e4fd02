"""What follows the destination in a submit_sm: read once for every campaign, not once for every message.

Source: SMPP 3.4 §4.4.1, §7.1.1 (times); 3GPP TS 23.040 §9.2.3.24 (user data header).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final, Literal

from broadcast.simulator.habits import Joined, Validity
from broadcast.smpp.pdu import MESSAGE_PAYLOAD

Wanted = Literal["none", "all", "failures"]

INVALID_LENGTH: Final = 0x01
INVALID_COMMAND_LENGTH: Final = 0x02
INVALID_EXPIRY: Final = 0x62
INVALID_TLVS: Final = 0xC0

SAR_REFERENCE: Final = 0x020C
SAR_TOTAL: Final = 0x020E
SAR_NUMBER: Final = 0x020F
NATIONAL_SHIFT: Final = 0x24

_TIME: Final = re.compile(rb"(\d{12})\d(\d\d)([+\-R])\Z")
_TLV: Final = Struct("!HH")
_UDHI: Final = 0x40
_NEVER: Final = float("inf")
_WANTED: Final[tuple[Wanted, ...]] = ("none", "all", "failures", "none")


@dataclass(frozen=True, slots=True)
class Content:
    """One segment of one message to whomever.

    message: tells messages apart; segments of one message have it in common. number, total: from 1.
    receipts: for which ends one is sent; asked: whether any was asked for. status: 0, or the error that it deserves.
    expires_at: of an absolute validity_period, POSIX seconds; a relative one ends later than any rehearsal.
    joined: what joins its segments, payload for a whole one in message_payload, "" for a plain one.
    octets: the text, without a header. shift: language of a national single shift table (3GPP TS 23.040
    §9.2.3.24.15), 0: none. validity: its form. short_octets: of short_message, with its header.
    """

    message: tuple[object, ...]
    number: int = 1
    total: int = 1
    receipts: Wanted = "none"
    asked: bool = False
    status: int = 0
    expires_at: float = _NEVER
    joined: Joined | Literal[""] = ""
    octets: bytes = b""
    data_coding: int = 0
    shift: int = 0
    validity: Validity = "none"
    short_octets: int = 0


def read_content(head: bytes, tail: bytes) -> Content:
    """head: from service_type to dest_addr_npi. tail: from the NUL behind the destination to the end."""
    try:
        validity = tail.index(b"\0", tail.index(b"\0", 4) + 1)
        registered, _, coding, _, length = tail[validity + 1 : validity + 6]
    except ValueError:
        return Content((head, tail), status=INVALID_COMMAND_LENGTH)
    rest = tail[validity + 6 :]
    if length > 254 or length > len(rest):
        return Content((head, tail), status=INVALID_LENGTH)
    try:
        tlvs = dict(_tlvs(rest[length:]))
    except ValueError:
        return Content((head, tail), status=INVALID_TLVS)
    elements, octets = _user_data(tail[1], rest[:length] or tlvs.get(MESSAGE_PAYLOAD, b""))
    joined, message, number, total = _part(elements, rest[:length], tlvs)
    period = tail[tail.index(b"\0", 4) + 1 : validity]
    expires_at = _expiry(period)
    return Content(
        message=(head, coding, *message),
        number=number,
        total=total,
        receipts=_WANTED[registered & 3],
        asked=_WANTED[registered & 3] != "none",
        status=INVALID_EXPIRY if expires_at is None else 0,
        expires_at=_NEVER if expires_at is None else expires_at,
        joined=joined,
        octets=octets,
        data_coding=coding,
        shift=int.from_bytes(elements.get(NATIONAL_SHIFT, b"")[:1], "big"),  # an element may be empty
        validity=("relative" if period[-1:] == b"R" else "absolute") if period else "none",
        short_octets=length,
    )


_Part = tuple[Joined | Literal[""], tuple[object, ...], int, int]
"""What joins the segments, what they have in common, number, total."""


def _part(elements: dict[int, bytes], text: bytes, tlvs: dict[int, bytes]) -> _Part:
    for element, value in elements.items():
        if element == 0x00 and len(value) == 3:
            return _joined("udh8", value[:1], value[2], value[1], text)
        if element == 0x08 and len(value) == 4:
            return _joined("udh16", value[:2], value[3], value[2], text)
    if SAR_REFERENCE in tlvs and len(tlvs.get(SAR_TOTAL, b"")) == len(tlvs.get(SAR_NUMBER, b"")) == 1:
        return _joined("sar", tlvs[SAR_REFERENCE], tlvs[SAR_NUMBER][0], tlvs[SAR_TOTAL][0], text)
    payload = tlvs.get(MESSAGE_PAYLOAD, b"")
    return "payload" if payload else "", ("whole", text, payload), 1, 1


def _joined(how: Joined, reference: bytes, number: int, total: int, text: bytes) -> _Part:
    if 1 <= number <= total:
        return how, (how, reference, total), number, total
    return "", (how, text), 1, 1  # a handset shows such a segment by itself (3GPP TS 23.040)


def _user_data(esm_class: int, text: bytes) -> tuple[dict[int, bytes], bytes]:
    """The elements of the header, the first of each kind, and what follows it."""
    if not esm_class & _UDHI or not text:
        return {}, text
    elements: dict[int, bytes] = {}
    for element, value in _elements(text):
        elements.setdefault(element, value)
    return elements, text[1 + text[0] :]


def _elements(text: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a user data header, as far as they are whole."""
    end = 1 + text[0] if text else 0
    position = 1
    while position + 2 <= end <= len(text):
        value = position + 2
        position = value + text[position + 1]
        if position <= end:
            yield text[value - 2], text[value:position]


def _tlvs(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Raises ValueError when one is cut short."""
    position = 0
    while position < len(octets):
        if position + 4 > len(octets):
            raise ValueError("a TLV without its length")
        tag, length = _TLV.unpack_from(octets, position)
        position += 4 + length
        if position > len(octets):
            raise ValueError("a TLV without its value")
        yield tag, octets[position - length : position]


def _expiry(text: bytes) -> float | None:
    """POSIX seconds of an absolute time, else infinite; None for what is no time ahead."""
    if not text:
        return _NEVER
    match = _TIME.match(text)
    if match is None:
        return None
    if match[3] == b"R":
        return _NEVER if match[1].strip(b"0") else None
    ahead = timedelta(minutes=15 * int(match[2])) * (-1 if match[3] == b"-" else 1)
    try:
        local = datetime.strptime("20" + match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (local - ahead).timestamp()
