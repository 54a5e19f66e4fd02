"""Which characters an SMS can carry, and their octets: GSM 03.38 with its shift tables, and UCS-2. Pure.

Source: 3GPP TS 23.038 §6.2.1 (default alphabet), §6.2.1.1 (its extension), §6.2.1.2.4 (numbers of languages),
annex A.2.1 to A.2.3 (national single shift tables: what an escape leads to instead of the extension table,
in a message whose user data header names the language; each holds the whole extension table too).

GSM 03.38 travels unpacked, one octet a septet, as SMPP carriers expect it with data_coding 0. A carrier that
takes data_coding 0 for ASCII or Latin-1 gets those octets; its SMSC writes septets all the same, so that only
characters which both have can go, and an extension character is one octet here and two septets there.
"""

from typing import Literal

from broadcast.config import DefaultAlphabet, NationalShift
from broadcast.errors import InputError
from broadcast.languages import _

Alphabet = Literal["gsm0338", "ucs2"]

DATA_CODING: dict[Alphabet, int] = {"gsm0338": 0, "ucs2": 8}  # SMPP 3.4 §5.2.19
LANGUAGE: dict[NationalShift, int] = {"turkish": 1, "spanish": 2, "portuguese": 3}

_ESCAPE = 0x1B
# The character at index n is septet n; index 0x1B is the escape.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F,
    "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
# What each adds to the extension. The Greek letters of the Portuguese table are left out: they stand in the
# default alphabet, where they take one septet.
_SHIFTED: dict[NationalShift, dict[str, int]] = {
    "none": {},
    "turkish": {"Ğ": 0x47, "İ": 0x49, "Ş": 0x53, "ç": 0x63, "ğ": 0x67, "ı": 0x69, "ş": 0x73},
    "spanish": {
        "ç": 0x09, "Á": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "á": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75,
    },
    "portuguese": {
        "ê": 0x05, "ç": 0x09, "Ô": 0x0B, "ô": 0x0C, "Á": 0x0E, "á": 0x0F, "Ê": 0x1F, "À": 0x41, "Í": 0x49,
        "Ó": 0x4F, "Ú": 0x55, "Ã": 0x5B, "Õ": 0x5C, "Â": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75, "ã": 0x7B,
        "õ": 0x7C, "â": 0x7F,
    },
}  # fmt: skip

GSM_BASIC = frozenset(_BASIC) - {"\x1b"}


def _septets(shifted: dict[str, int]) -> dict[str, bytes]:
    escaped = {character: bytes([_ESCAPE, septet]) for character, septet in (_EXTENSION | shifted).items()}
    basic = {character: bytes([septet]) for septet, character in enumerate(_BASIC) if septet != _ESCAPE}
    return escaped | basic


_SEPTETS: dict[NationalShift, dict[str, bytes]] = {
    shift: _septets(shifted) for shift, shifted in _SHIFTED.items()
}


_UNESCAPED: dict[NationalShift, dict[int, str]] = {
    shift: {septet: character for character, septet in (_EXTENSION | shifted).items()}
    for shift, shifted in _SHIFTED.items()
}


class UnencodableTextError(InputError):
    """The text has characters that the chosen alphabet lacks. The message names code points, not the text"""

    def __init__(self, alphabet: str, characters: set[str]) -> None:
        self.characters = frozenset(characters)
        way_out = _("use the alphabet ucs2") if alphabet != "ucs2" else _("the text holds half a character")
        super().__init__(
            _(
                "{alphabet} cannot write {code_points}: {way_out}, or change the text",
                alphabet=alphabet,
                code_points=code_points(characters),
                way_out=way_out,
            )
        )


def code_points(characters: set[str]) -> str:
    """Characters by code point, the first eight of them: what an error may say of a text."""
    points = [f"U+{ord(character):04X}" for character in sorted(characters)]
    return ", ".join(points[:8]) + (_(" and {count} more", count=len(points) - 8) if len(points) > 8 else "")


def choose_alphabet(text: str) -> Alphabet:
    """GSM 03.38 when it has every character, since it takes fewer segments; else UCS-2."""
    return "gsm0338" if in_gsm(text) else "ucs2"


def in_gsm(text: str, shift: NationalShift = "none") -> bool:
    """Whether GSM 03.38, with this shift table, has every character."""
    return all(character in _SEPTETS[shift] for character in text)


def encode(
    text: str, alphabet: Alphabet, default_alphabet: DefaultAlphabet, shift: NationalShift = "none"
) -> list[tuple[bytes, int]]:
    """Every character as (octets on the wire, septets or UCS-2 units on the air).

    shift: of gsm0338 where data_coding 0 means that. Raises UnencodableTextError with all that is missing.
    """
    found: list[tuple[bytes, int]] = []
    missing: set[str] = set()
    for character in text:
        try:
            found.append(_character(character, alphabet, default_alphabet, shift))
        except (KeyError, UnicodeEncodeError):
            missing.add(character)
    if missing:
        raise UnencodableTextError(default_alphabet if alphabet == "gsm0338" else "ucs2", missing)
    return found


def decode_gsm(octets: bytes, shift: NationalShift = "none") -> str:
    """Unpacked septets as text; never raises. An escape that leads nowhere is left out (§6.2.1 note 1), and an octet
    above 127, which is no septet, is read as Latin-1.
    """
    found: list[str] = []
    escaped = False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        character = _UNESCAPED[shift].get(octet) if escaped else None
        found.append(character or (_BASIC[octet] if octet < len(_BASIC) else chr(octet)))
        escaped = False
    return "".join(found).replace("\x1b", " ")


def _character(
    character: str, alphabet: Alphabet, default_alphabet: DefaultAlphabet, shift: NationalShift
) -> tuple[bytes, int]:
    if alphabet == "ucs2":
        octets = character.encode("utf-16-be")
        return octets, len(octets) // 2
    septets = _SEPTETS[shift][character]
    if default_alphabet == "gsm0338":
        return septets, len(septets)
    return character.encode(default_alphabet), len(septets)
