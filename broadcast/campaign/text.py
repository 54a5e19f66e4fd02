"""A message's text as the octets and segments of `submit_sm`. Pure.

A single message carries 140 octets: 160 septets of GSM 03.38 or 70 UCS-2 units. A longer one is cut into
segments; what joins them again takes room from each:

  udh8     6 octets of header, 8-bit reference (3GPP TS 23.040 §9.2.3.24.1)     153 septets / 67 units
  udh16    7 octets of header, 16-bit reference (§9.2.3.24.8)                    152 / 66
  sar      TLVs; the SMSC makes the header on the air, with a reference of 8 or
           16 bits as it likes: so that both fit, as udh16                       152 / 66
  payload  one `submit_sm` with the whole text in message_payload; the SMSC cuts it (as udh8 at best)

GSM 03.38 travels unpacked, one octet a septet, as SMPP carriers expect it with data_coding 0.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from broadcast.config import Concatenation, DefaultAlphabet
from broadcast.errors import InputError

Alphabet = Literal["gsm0338", "ucs2"]

MAX_SEGMENTS = 255
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER, MESSAGE_PAYLOAD = 0x020C, 0x020E, 0x020F, 0x0424  # SMPP 3.4 §5.3.2

_DATA_CODING: dict[Alphabet, int] = {"gsm0338": 0, "ucs2": 8}
_WHOLE: dict[Alphabet, int] = {"gsm0338": 160, "ucs2": 70}
_PART: dict[Concatenation, dict[Alphabet, int]] = {
    "udh8": {"gsm0338": 153, "ucs2": 67},
    "udh16": {"gsm0338": 152, "ucs2": 66},
    "sar": {"gsm0338": 152, "ucs2": 66},
    "payload": {"gsm0338": 153, "ucs2": 67},
}

_ESCAPE = 0x1B
# 3GPP TS 23.038 §6.2.1: the character at index n is septet n; index 0x1B is the escape.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F,
    "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
_SEPTETS: dict[str, bytes] = {
    **{character: bytes([septet]) for septet, character in enumerate(_BASIC) if septet != _ESCAPE},
    **{character: bytes([_ESCAPE, septet]) for character, septet in _EXTENSION.items()},
}

GSM_BASIC = frozenset(_BASIC) - {"\x1b"}

# What NFKD leaves alone: letters with a stroke, and the typographer's signs.
_PLAIN = str.maketrans(
    {"đ": "d", "Đ": "D", "ð": "d", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "æ": "ae", "Æ": "AE"}
    | dict.fromkeys("‘’‚‹›", "'") | dict.fromkeys("“”„«»", '"') | dict.fromkeys("‐‑‒–—−", "-") | {"•": "-"}
)  # fmt: skip


class UnencodableTextError(InputError):
    """The text has characters that the chosen alphabet lacks. The message names code points, not the text"""

    def __init__(self, alphabet: str, characters: set[str]) -> None:
        self.characters = frozenset(characters)
        points = sorted(f"U+{ord(character):04X}" for character in characters)
        shown = ", ".join(points[:8]) + (f" and {len(points) - 8} more" if len(points) > 8 else "")
        way_out = "use the alphabet ucs2" if alphabet != "ucs2" else "the text holds half a character"
        super().__init__(f"{alphabet} cannot write {shown}: {way_out}, or change the text")


@dataclass(frozen=True, slots=True)
class Segment:
    """What one `submit_sm` carries. udhi: short_message starts with a user data header (esm_class 0x40)."""

    short_message: bytes
    udhi: bool
    tlvs: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A text ready for one carrier.

    segments: one `submit_sm` each, in order. units: septets or UCS-2 units of the text, headers not counted.
    air_segments: what handsets receive; differs from len(segments) for message_payload only.
    """

    alphabet: Alphabet
    data_coding: int
    segments: tuple[Segment, ...]
    units: int
    air_segments: int


def normalise(text: str) -> str:
    """The text as it is kept: composed characters (NFC), line feeds only, no blanks at its ends.

    Composed characters matter: a decomposed Vietnamese letter takes two or three UCS-2 units instead of one.
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def choose_alphabet(text: str) -> Alphabet:
    """GSM 03.38 when it has every character, since it takes fewer segments; else UCS-2."""
    return "gsm0338" if all(character in _SEPTETS for character in text) else "ucs2"


def without_diacritics(text: str) -> str:
    """The same words in plain letters: Vietnamese by its own convention (đ is d), others by NFKD."""
    bare = (
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
    return "".join(bare).translate(_PLAIN)


def compose(
    text: str,
    alphabet: Alphabet,
    concatenation: Concatenation,
    default_alphabet: DefaultAlphabet,
    reference: int,
) -> Message:
    """Encode and cut.

    default_alphabet: what the carrier takes data_coding 0 for. reference: joins the segments at the handset;
    the lower 8 or 16 bits are used, and messages to different numbers may share one.
    Raises UnencodableTextError; InputError when the text is empty or takes more than 255 segments.
    """
    if not text:
        raise InputError("the text is empty: give at least one character")
    encoded = _encode(text, alphabet, default_alphabet)
    units = sum(weight for _, weight in encoded)
    parts = _cut(encoded, units, _WHOLE[alphabet], _PART[concatenation][alphabet])
    if len(parts) > MAX_SEGMENTS:
        raise InputError(
            f"the text takes {len(parts)} segments, at most {MAX_SEGMENTS} can be joined: shorten it"
        )
    if concatenation == "payload" and len(parts) > 1:
        segments = [Segment(b"", False, ((MESSAGE_PAYLOAD, b"".join(parts)),))]
    else:
        segments = list(_join(parts, concatenation, reference))
    return Message(alphabet, _DATA_CODING[alphabet], tuple(segments), units, len(parts))


def _encode(text: str, alphabet: Alphabet, default_alphabet: DefaultAlphabet) -> list[tuple[bytes, int]]:
    """Every character as (octets on the wire, units on the air): what must not be split stays one item."""
    found: list[tuple[bytes, int]] = []
    missing: set[str] = set()
    for character in text:
        try:
            found.append(_character(character, alphabet, default_alphabet))
        except (KeyError, UnicodeEncodeError):
            missing.add(character)
    if missing:
        raise UnencodableTextError(default_alphabet if alphabet == "gsm0338" else "ucs2", missing)
    return found


def _character(character: str, alphabet: Alphabet, default_alphabet: DefaultAlphabet) -> tuple[bytes, int]:
    if alphabet == "ucs2":
        octets = character.encode("utf-16-be")
        return octets, len(octets) // 2
    septets = _SEPTETS[character]  # also for ASCII and Latin-1: the SMSC writes GSM 03.38 on the air
    if default_alphabet == "gsm0338":
        return septets, len(septets)
    return character.encode(default_alphabet), len(septets)


def _cut(encoded: list[tuple[bytes, int]], units: int, whole: int, part: int) -> list[bytes]:
    if units <= whole:
        return [b"".join(octets for octets, _ in encoded)]
    parts: list[list[bytes]] = [[]]
    room = part
    for octets, weight in encoded:
        if weight > room:
            parts.append([])
            room = part
        parts[-1].append(octets)
        room -= weight
    return [b"".join(each) for each in parts]


def _join(parts: list[bytes], concatenation: Concatenation, reference: int) -> Iterator[Segment]:
    total = len(parts)
    if total == 1:
        yield Segment(parts[0], False, ())
        return
    for number, octets in enumerate(parts, start=1):
        if concatenation == "sar":
            tlvs = (
                (SAR_REFERENCE, (reference & 0xFFFF).to_bytes(2, "big")),
                (SAR_TOTAL, bytes([total])),
                (SAR_NUMBER, bytes([number])),
            )
            yield Segment(octets, False, tlvs)
        elif concatenation == "udh16":
            header = b"\x06\x08\x04" + (reference & 0xFFFF).to_bytes(2, "big") + bytes([total, number])
            yield Segment(header + octets, True, ())
        else:
            yield Segment(bytes([5, 0, 3, reference & 0xFF, total, number]) + octets, True, ())
