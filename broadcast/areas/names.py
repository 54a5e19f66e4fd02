"""What an area may be called by whoever types: with its kind or without, with diacritics or without. Pure."""

import re
import unicodedata
from typing import Final

# Vietnam's, as official names begin with them and nobody says them; without diacritics, the longest first
_KINDS: Final = ("thanh pho", "thi tran", "dac khu", "phuong", "tinh", "xa")
_KIND: Final = re.compile(rf"(?:{'|'.join(_KINDS)}) (?=\S)")
_CITY: Final = re.compile(r"tp(?:\. ?| )(?=\S)")  # as addresses have it
_GAPS: Final = re.compile(r"[\s\-‐-―]+")


def tidy(name: str) -> str:
    """As it was typed, but for blanks, hyphens, the case of letters and a city's TP."""
    said = _GAPS.sub(" ", unicodedata.normalize("NFC", name).casefold()).strip()
    city = _CITY.match(said)
    return f"thành phố {said[city.end() :]}" if city else said


def folded(name: str) -> str:
    """Without diacritics: Đắk Lắk -> dak lak."""
    parts = unicodedata.normalize("NFD", tidy(name).replace("đ", "d"))
    return "".join(each for each in parts if not unicodedata.combining(each))


def short(name: str) -> str:
    """As `tidy`, without its kind: Tỉnh Lào Cai -> lào cai."""
    whole = tidy(name)
    # a letter and its diacritics are one character in both, so that the kind is as long in either
    found = _KIND.match(folded(name))
    return whole[found.end() :] if found else whole


def ways(name: str) -> tuple[str, str, str]:
    """How an area of this name may be asked for, the more exact first: by all of it, without its kind, and by any kind
    where its name has none ("": that is not so)."""
    whole, without = tidy(name), short(name)
    return whole, without, whole if without == whole else ""


def asked(said: str) -> tuple[str, str, str]:
    """What was typed, to be met with `ways` one by one: a kind that was said is meant."""
    whole, without = tidy(said), short(said)
    return whole, whole, "" if without == whole else without
