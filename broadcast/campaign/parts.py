"""A message from a subscriber (MO) as one part of what was written: where it belongs, and its octets. Pure.

Joined by a user data header (3GPP TS 23.040 §9.2.3.24: elements in any order, the last of a kind counts) or by SAR
TLVs (SMPP 3.4 §5.3.2.22 to 24). What is no valid header is text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UDHI: Final = 0x40  # of esm_class

_CONCATENATED_8, _CONCATENATED_16, _SINGLE_SHIFT = 0x00, 0x08, 0x24
_BARE_HEADER = b"\5\0\3"  # some SMSCs forget to say that there is a header; no text starts with these


@dataclass(frozen=True, slots=True)
class Part:
    """octets: of the text alone. thread: what the parts of one text share beside its sender, '' for a whole text.

    number: from 1 to total. language: of the national single shift table (3GPP TS 23.038 §6.2.1.2.4), 0 for none.
    """

    octets: bytes
    thread: str = ""
    number: int = 1
    total: int = 1
    language: int = 0


def read_part(esm_class: int, payload: bytes, sar: Sequence[int] | None) -> Part:
    """Never raises, whatever the octets are. sar: (reference, total, number) of its TLVs; a header goes before it."""
    elements: dict[int, bytes] = {}
    octets = payload
    if esm_class & UDHI or (payload.startswith(_BARE_HEADER) and _valid(*payload[4:6].ljust(2, b"\0"))):
        elements, octets = _header(payload)
    language = int.from_bytes(elements.get(_SINGLE_SHIFT, b""), "big")
    for kind, way, width in ((_CONCATENATED_8, "u8", 1), (_CONCATENATED_16, "u16", 2)):
        element = elements.get(kind, b"")
        if len(element) == width + 2 and _valid(*element[width:]):
            reference, (total, number) = int.from_bytes(element[:width], "big"), element[width:]
            return _part(octets, way, reference, total, number, language)
    if sar is not None and _valid(*sar[1:]):
        reference, total, number = sar
        return _part(octets, "sar", reference, total, number, language)
    return Part(octets, language=language)


def _part(octets: bytes, way: str, reference: int, total: int, number: int, language: int) -> Part:
    if total == 1:
        return Part(octets, language=language)
    return Part(octets, f"{way}:{reference}:{total}", number, total, language)


def _valid(total: int, number: int) -> bool:
    """§9.2.3.24.1: an element with other values is ignored."""
    return 1 <= number <= total


def _header(payload: bytes) -> tuple[dict[int, bytes], bytes]:
    """The elements by kind, the last of each, and what follows; all is text when the header does not end."""
    end = 1 + payload[0] if payload else 1
    if end > len(payload):
        return {}, payload
    elements: dict[int, bytes] = {}
    position = 1
    while position + 2 <= end:
        start, following = position + 2, position + 2 + payload[position + 1]
        if following > end:
            break
        kind, value = payload[position], payload[start:following]
        if not _spoils(kind, value):
            elements[kind] = value
        position = following
    return elements, payload[end:]


def _spoils(kind: int, value: bytes) -> bool:
    """An element of the joining kinds that is invalid must not hide a valid one."""
    width = {_CONCATENATED_8: 1, _CONCATENATED_16: 2}.get(kind)
    return width is not None and (len(value) != width + 2 or not _valid(*value[width:]))
