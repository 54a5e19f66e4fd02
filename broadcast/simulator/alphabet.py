"""What the octets of a message say, by the SMSC's own tables: the second opinion on what was sent.

On purpose not the tables that our own side writes with (campaign/text.py): two that were made apart and agree
are more likely right. Source: 3GPP TS 23.038 §4 (data coding), §6.2.1 (default alphabet and extension),
annex A.2 (national single shift tables).
"""

from collections.abc import Mapping
from typing import Final

from broadcast.simulator.habits import ZeroAlphabet

UNREADABLE: Final = "\ufffd"
ESCAPE: Final = 0x1B

_ROWS: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
_DEFAULT: Final = "".join(_ROWS)
_USUAL_SHIFT: Final = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
    0x65: "€",
}  # fmt: skip
_TURKISH: Final = {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}
_SPANISH: Final = {
    0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú",
}  # fmt: skip
_PORTUGUESE: Final = {
    0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ", 0x15: "Ω",
    0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú",
    0x5B: "Ã", 0x5C: "Õ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â",
}  # fmt: skip
_SHIFTS: Final[Mapping[int, Mapping[int, str]]] = {
    0: _USUAL_SHIFT,
    1: _USUAL_SHIFT | _TURKISH,
    2: _USUAL_SHIFT | _SPANISH,
    3: _USUAL_SHIFT | _PORTUGUESE,
}
_SEPTETS: Final = {
    **{letter: bytes((code,)) for code, letter in enumerate(_DEFAULT) if code != ESCAPE},
    **{letter: bytes((ESCAPE, code)) for code, letter in _USUAL_SHIFT.items()},
}

_BY_CODING: Final = {0x00: "default", 0x01: "ascii", 0x03: "latin-1", 0x08: "utf-16-be"}


def decode(octets: bytes, data_coding: int, zero: ZeroAlphabet, shift: int = 0) -> str:
    """The text of one message or segment. zero: the alphabet of data_coding 0. shift: national language.

    Each segment by itself, as a handset that shows them one by one: an escape or a surrogate pair that is
    cut in two is UNREADABLE in both. Binary is given in hex.
    """
    name = _BY_CODING.get(data_coding) or _by_class(data_coding)
    if name == "default":
        name = {"gsm0338": "gsm", "ascii": "ascii", "latin1": "latin-1"}[zero]
    if name == "gsm":
        return _gsm(octets, _SHIFTS.get(shift, _USUAL_SHIFT))
    return octets.decode(name, "replace") if name else octets.hex()


def encode_gsm(text: str) -> bytes | None:
    """Septets, one an octet; None when a character is not in the alphabet."""
    try:
        return b"".join(_SEPTETS[letter] for letter in text)
    except KeyError:
        return None


def _by_class(data_coding: int) -> str:
    """The groups with a message class; an empty name: binary or reserved."""
    if data_coding & 0xF0 == 0xF0:
        return "" if data_coding & 0x04 else "gsm"
    if data_coding & 0xE0 == 0x00:
        return {0x00: "gsm", 0x08: "utf-16-be"}.get(data_coding & 0x0C, "")
    return ""


def _gsm(octets: bytes, shift: Mapping[int, str]) -> str:
    text = []
    escaped = False
    for octet in octets:
        if escaped:
            text.append(shift.get(octet, UNREADABLE))
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            text.append(_DEFAULT[octet] if octet < 0x80 else UNREADABLE)
    return "".join(text) + (UNREADABLE if escaped else "")
