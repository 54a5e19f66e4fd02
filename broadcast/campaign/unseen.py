"""What must not stand in an alert: characters that turn what is read, or that nobody sees. Pure.

Refused are the direction controls (UAX #9 §2: embeddings, overrides, isolates, marks) and everything else without a
form of its own, wherever nothing needs it. Needed are: a joiner and a variation selector within an emoji (UTS #51), the
tags of the three flags that have them, joiners between letters of a script that is written with them (as RFC 5892 A.1
and A.2, a little wider), a break between words where none is written (Khmer, Thai), Mongolian's own selectors.
"""

import re
import unicodedata
from typing import Final

from broadcast.errors import RefusedError
from broadcast.languages import _

_SUSPECT: Final = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NON_JOINER, _JOINER, _BREAK = "\u200c", "\u200d", "\u200b"
_AS_TEXT, _IN_COLOURS, _KEYCAP = "\ufe0e", "\ufe0f", "\u20e3"
_SELECTORS: Final = "\u180b\u180c\u180d\u180e\u180f"
_JOINED: Final = frozenset(
    {
        "ARABIC", "BALINESE", "BENGALI", "CHAKMA", "DEVANAGARI", "GUJARATI", "GURMUKHI", "JAVANESE", "KANNADA", "KHMER",
        "MALAYALAM", "MANDAIC", "MONGOLIAN", "MYANMAR", "NEWA", "NKO", "ORIYA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU",
        "TIBETAN", "TIRHUTA",
    }
)  # fmt: skip
_UNBROKEN: Final = frozenset({"KHMER", "THAI", "LAO", "MYANMAR", "TAI"})
_SKINS: Final = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# Emoji that Unicode has as other than pictures (So): punctuation, arrows and shapes as of mathematics, a letter.
_OTHER_PICTURES: Final = "\u203c\u2049\u2139\u2194\u25fb\u25fc\u25fd\u25fe\u2934\u2935\u3030\u303d"
_FLAGS: Final = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"  # England, Scotland, Wales
)


def unseen(text: str) -> list[str]:
    """What has no place in `text`, each once: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    bare = _FLAGS.sub("\U0001f3f4", text)
    found = {each[0] for each in _SUSPECT.finditer(bare) if not _needed(bare, each.start())}
    return [f"U+{ord(each):04X} {unicodedata.name(each, 'without a name')}" for each in sorted(found)]


def check_seen(text: str) -> None:
    """Raises RefusedError, with code points."""
    if found := unseen(text):
        raise RefusedError(
            _(
                "the text has characters that nobody sees, or that turn what is read: {found}; take them out",
                found=", ".join(found[:8]) + (" ..." if len(found) > 8 else ""),
            )
        )


def _needed(text: str, place: int) -> bool:
    character, before, after = text[place], text[max(0, place - 2) : place], text[place + 1 : place + 2]
    if character in (_IN_COLOURS, _AS_TEXT):
        return _is_picture(before[-1:]) or (before[-1:] in {*"0123456789#*"} and after == _KEYCAP)
    if character == _JOINER and _is_picture(after):
        return _is_picture(before.removesuffix(_IN_COLOURS)[-1:])
    if character in (_JOINER, _NON_JOINER):
        return _joins(before[-1:], after)
    if character == _BREAK:
        return {_script(before[-1:]), _script(after)} <= _UNBROKEN
    return character in _SELECTORS and _script(before[-1:]) == "MONGOLIAN"


def _joins(before: str, after: str) -> bool:
    """Between letters of one such script; behind a virama also at the end of a word."""
    script = _script(before)
    ends = bool(before) and unicodedata.combining(before) == 9
    return script in _JOINED and (ends or _script(after) == script)


def _script(character: str) -> str:
    """Of a letter or its mark, as Unicode names it; none of anything else."""
    if not character or unicodedata.category(character)[0] not in "LM":
        return ""
    return unicodedata.name(character, "").partition(" ")[0]


def _is_picture(character: str) -> bool:
    return bool(character) and (
        unicodedata.category(character) == "So" or character in _SKINS or character in _OTHER_PICTURES
    )
