"""What stands in people's lists beside what is read: marks without a shape, blanks and dashes of every kind. Pure.

Told by Unicode's categories, not by a list: spreadsheets, telephones and messengers always know one more.
"""

import unicodedata
from collections.abc import Callable

# Without a shape, though not of the category Cf: joiners and fillers (Unicode: default ignorable), a Braille blank.
_SHAPELESS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_GAPS = "\t\n\v\f\r\x85"  # of the control characters; the others are damage
_MINUS = "\u2212"  # no dash to Unicode


def is_mark(character: str) -> bool:
    """Nothing of it is seen: directional marks, soft hyphens, joiners, variation selectors."""
    return (
        unicodedata.category(character) == "Cf"
        or character in _SHAPELESS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def is_blank(character: str) -> bool:
    """A gap of any width, a line's end too."""
    return character in _GAPS or unicodedata.category(character) in ("Zs", "Zl", "Zp")


def is_dash(character: str) -> bool:
    """A hyphen, a dash of any length, the minus sign."""
    return character == _MINUS or unicodedata.category(character) == "Pd"


class Table(dict[int, str | None]):
    """For `str.translate`: asks once what a character becomes (None: nothing), whatever characters there are."""

    def __init__(self, becomes: Callable[[str], str | None]) -> None:
        super().__init__()
        self._becomes = becomes

    def __missing__(self, code: int) -> str | None:
        found = self[code] = self._becomes(chr(code))
        return found


def _plain(character: str) -> str | None:
    if is_mark(character):
        return None
    if is_blank(character):
        return " "
    return "-" if is_dash(character) else character


_PLAIN = Table(_plain)


def plain(text: str) -> str:
    """As it looks: without marks, blanks as spaces and none at the ends, dashes as hyphens."""
    return text.translate(_PLAIN).strip()
