"""A message's text as the octets and segments of `submit_sm`. Pure.

A segment carries 140 octets (3GPP TS 23.040 §9.2.3.16): 160 septets of GSM 03.38 or 70 UCS-2 units. A longer
text is cut; what joins the segments again, or names a national single shift table (§9.2.3.24.15), takes room
from each, and a table from a single one too:

                                                              with a shift table
           single                              160 / 70         155
  udh8     8-bit reference (§9.2.3.24.1)       153 / 67         149
  udh16    16-bit reference (§9.2.3.24.8)      152 / 66         148
  sar      TLVs (SMPP 3.4 §5.3.2.22); the SMSC makes the header on the air, of 8 or
           16 bits as it likes: so that both fit, as udh16
  payload  one `submit_sm` with the whole text in message_payload (§5.3.2.32); the SMSC cuts it, as udh8 at
           best, and repeats a header that names a shift table

Neither an escape and what it leads to nor a surrogate pair is ever parted, nor, where that takes no segment
more, a combining mark (or a part of an emoji) from what it stands on. At most 255 segments can be joined.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from broadcast.campaign.alphabets import DATA_CODING, LANGUAGE, Alphabet, encode, in_gsm
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift
from broadcast.errors import InputError
from broadcast.languages import _

MAX_SEGMENTS = 255
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER, MESSAGE_PAYLOAD = 0x020C, 0x020E, 0x020F, 0x0424  # SMPP 3.4 §5.3.2

_SEGMENT_OCTETS = 140
_SINGLE_SHIFT = 0x24
_JOINING_OCTETS: dict[Concatenation, int] = {"udh8": 5, "udh16": 6, "sar": 6, "payload": 5}

_ZERO_WIDTH_JOINER = "\u200d"

_Encoded = list[tuple[bytes, int]]  # what must not be parted, with its septets or units on the air


@dataclass(frozen=True, slots=True)
class Segment:
    """What one `submit_sm` carries. udhi: the text starts with a user data header (esm_class 0x40)."""

    short_message: bytes
    udhi: bool
    tlvs: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A text ready for one carrier.

    shift: the national table in use. segments: one `submit_sm` each, in order. units: septets or UCS-2 units
    of the text, headers not counted. air_segments: what handsets receive; differs from len(segments) for
    message_payload only.
    """

    alphabet: Alphabet
    shift: NationalShift
    data_coding: int
    segments: tuple[Segment, ...]
    units: int
    air_segments: int


@dataclass(frozen=True, slots=True)
class _Cut:
    alphabet: Alphabet
    shift: NationalShift
    units: int
    parts: list[bytes]


def normalise(text: str) -> str:
    """The text as it is kept: composed characters (NFC), line feeds only, no blanks at its ends.

    Composed characters matter: a decomposed Vietnamese letter takes two or three UCS-2 units instead of one.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def compose(
    text: str,
    alphabet: Alphabet,
    concatenation: Concatenation,
    default_alphabet: DefaultAlphabet,
    reference: int,
    national_shift: NationalShift = "none",
) -> Message:
    """Encode and cut.

    default_alphabet: what the carrier takes data_coding 0 for. reference: joins the segments at the handset;
    the lower 8 or 16 bits are used, and messages to different numbers may share one. national_shift: the
    table that the carrier declares; used instead of UCS-2 for a text that it can write in fewer segments and
    the default alphabet cannot, where data_coding 0 means GSM 03.38.
    Raises UnencodableTextError; InputError when the text is empty or takes more than 255 segments.
    """
    if not text:
        raise InputError(_("the text is empty: give at least one character"))
    cut = _cut(text, alphabet, concatenation, default_alphabet)
    if alphabet == "ucs2" and national_shift != "none" and default_alphabet == "gsm0338":
        cut = _shifted(text, concatenation, national_shift, cut)
    if len(cut.parts) > MAX_SEGMENTS:
        raise InputError(
            _(
                "the text takes {count} segments, at most {most} can be joined: shorten it",
                count=len(cut.parts),
                most=MAX_SEGMENTS,
            )
        )
    return Message(
        alphabet=cut.alphabet,
        shift=cut.shift,
        data_coding=DATA_CODING[cut.alphabet],
        segments=tuple(_segments(cut, concatenation, reference)),
        units=cut.units,
        air_segments=len(cut.parts),
    )


def _cut(
    text: str,
    alphabet: Alphabet,
    concatenation: Concatenation,
    default_alphabet: DefaultAlphabet,
    shift: NationalShift = "none",
) -> _Cut:
    encoded = encode(text, alphabet, default_alphabet, shift)
    units = sum(weight for _, weight in encoded)
    header = 0 if shift == "none" else 3
    if units <= _room(alphabet, header):
        return _Cut(alphabet, shift, units, [b"".join(octets for octets, _ in encoded)])
    room = _room(alphabet, header + _JOINING_OCTETS[concatenation])
    parts = _filled(encoded, room)
    if alphabet == "ucs2":
        kind = _filled(_clusters(text, encoded, room), room)
        parts = kind if len(kind) == len(parts) else parts
    return _Cut(alphabet, shift, units, parts)


def _shifted(text: str, concatenation: Concatenation, shift: NationalShift, ucs2: _Cut) -> _Cut:
    """The cheaper one. A text that the default alphabet has is in UCS-2 because somebody wants it to be."""
    if in_gsm(text) or not in_gsm(text, shift):
        return ucs2
    shifted = _cut(text, "gsm0338", concatenation, "gsm0338", shift)
    return shifted if len(shifted.parts) < len(ucs2.parts) else ucs2


def _room(alphabet: Alphabet, header: int) -> int:
    """Septets or units of a segment whose header elements take so many octets (their length octet apart)."""
    octets = _SEGMENT_OCTETS - (header + 1 if header else 0)
    return octets * 8 // 7 if alphabet == "gsm0338" else octets // 2


def _filled(encoded: _Encoded, room: int) -> list[bytes]:
    """Each segment as full as can be."""
    parts: list[list[bytes]] = [[]]
    left = room
    for octets, weight in encoded:
        if weight > left:
            parts.append([])
            left = room
        parts[-1].append(octets)
        left -= weight
    return [b"".join(each) for each in parts]


def _clusters(text: str, encoded: _Encoded, room: int) -> _Encoded:
    """Characters that a reader takes for one as one item, up to what a segment holds.

    A plainer rule than that of grapheme clusters (UAX #29), which needs tables that Python does not have.
    """
    found: _Encoded = []
    before = ""
    for character, (octets, weight) in zip(text, encoded, strict=True):
        if found and _belongs(before, character) and found[-1][1] + weight <= room:
            found[-1] = (found[-1][0] + octets, found[-1][1] + weight)
        else:
            found.append((octets, weight))
        before = character
    return found


def _belongs(before: str, character: str) -> bool:
    """Whether it is a mark, a skin tone or a joiner upon the one before, or joined to it."""
    return (
        unicodedata.category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or _ZERO_WIDTH_JOINER in (before, character)
    )


def _segments(cut: _Cut, concatenation: Concatenation, reference: int) -> Iterator[Segment]:
    total = len(cut.parts)
    language = b"" if cut.shift == "none" else bytes([_SINGLE_SHIFT, 1, LANGUAGE[cut.shift]])
    if total == 1:
        yield _segment(language, cut.parts[0])
    elif concatenation == "payload":
        whole = _segment(language, b"".join(cut.parts))
        yield Segment(b"", whole.udhi, ((MESSAGE_PAYLOAD, whole.short_message),))
    else:
        for number, octets in enumerate(cut.parts, start=1):
            element, tlvs = _joining(concatenation, reference, total, number)
            yield _segment(element + language, octets, tlvs)


def _joining(
    concatenation: Concatenation, reference: int, total: int, number: int
) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
    """The element of the header, or the TLVs, that join one segment to the others."""
    wide = (reference & 0xFFFF).to_bytes(2, "big")
    if concatenation == "sar":
        tlvs = ((SAR_REFERENCE, wide), (SAR_TOTAL, bytes([total])), (SAR_NUMBER, bytes([number])))
        return b"", tlvs
    if concatenation == "udh16":
        return b"\x08\x04" + wide + bytes([total, number]), ()
    return bytes([0, 3, reference & 0xFF, total, number]), ()


def _segment(elements: bytes, octets: bytes, tlvs: tuple[tuple[int, bytes], ...] = ()) -> Segment:
    header = bytes([len(elements)]) + elements if elements else b""
    return Segment(header + octets, bool(elements), tlvs)
