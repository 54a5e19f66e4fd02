"""What a subscriber wrote, as text. Pure; never raises: what cannot be read is shown as U+FFFD.

Source: data_coding as in SMPP 3.4 §5.2.19, and as 3GPP TS 23.038 §4 where an SMSC hands its own value through.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from broadcast.campaign.alphabets import LANGUAGE, decode_gsm
from broadcast.config import DefaultAlphabet, NationalShift

LOST: Final = "[…]"  # stands for parts that never came
MOST_CHARACTERS: Final = 20_000

_CODEC: Mapping[int, str] = {
    1: "ascii",
    3: "latin-1",
    5: "shift_jis",
    6: "iso8859-5",
    7: "iso8859-8",
    8: "ucs2",
    10: "iso2022_jp",
    14: "euc_kr",
}
_SHIFT: Mapping[int, NationalShift] = {number: name for name, number in LANGUAGE.items()}


def read_octets(octets: bytes, data_coding: int, default_alphabet: DefaultAlphabet, language: int = 0) -> str:
    """default_alphabet: what data_coding 0 means to this SMSC. language: as in parts.Part."""
    coding = _coding(data_coding)
    if coding == "default":
        coding = default_alphabet
    if coding == "gsm0338":
        return decode_gsm(octets, _SHIFT.get(language, "none"))
    if coding == "binary":
        return _guessed(octets)
    if coding == "ucs2":
        return _ucs2(octets)
    return octets.decode(coding, "replace")


def read_parts(parts: Sequence[tuple[bytes, int, int] | None], default_alphabet: DefaultAlphabet) -> str:
    """A text of its parts in order: (octets, data_coding, language) each, None: it never came.

    Neighbours of the same coding are joined before they are read: a character may be split between them. Fit for
    Postgres: without NUL, at most MOST_CHARACTERS.
    """
    found: list[str] = []
    run: list[bytes] = []
    coding: tuple[int, int] | None = None
    for part in (*parts, None):
        here = part[1:] if part else None
        if run and coding and here != coding:
            found.append(read_octets(b"".join(run), coding[0], default_alphabet, coding[1]))
            run = []
        if part:
            run.append(part[0])
        coding = here
        found.append("" if part else LOST)
    text = "".join(found[:-1]).replace("\0", "")  # the None at the end is ours
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + LOST


def _coding(data_coding: int) -> str:
    if data_coding < 0x10:
        return _CODEC.get(data_coding, "binary" if data_coding in (2, 4) else "default")
    if data_coding < 0x40:  # TS 23.038: general, with a message class
        return ("default", "binary", "ucs2", "default")[data_coding >> 2 & 3]
    if data_coding >= 0xF0:
        return "binary" if data_coding & 4 else "default"
    return "ucs2" if data_coding >= 0xE0 else "default"


def _ucs2(octets: bytes) -> str:
    """UTF-16, big-endian unless it says otherwise; an odd number of octets is no UCS-2 at all."""
    if len(octets) % 2:
        return _guessed(octets)
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return octets.decode("utf-16", "replace")
    return octets.decode("utf-16-be", "replace")


def _guessed(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
