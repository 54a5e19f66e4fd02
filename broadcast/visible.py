"""Text of others as what it is: nothing in it steers a terminal, turns the reading direction or stays unseen. Pure.

Names of files, what people and SMSCs write, senders: whatever is printed or logged goes through `visible`, JSON through
`json_escaped`, which keeps its value.
"""

import re
import unicodedata
from collections import Counter

# Controls, formats (Cc, Cf), line separators (Zl, Zp), halves of pairs (Cs: octets of a name that are no UTF-8), and
# what Unicode calls default-ignorable beside these: fillers and variation selectors.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINES = "\n\t"
_JOINER, _IN_COLOURS = "\u200d", "\ufe0f"  # of emoji: one picture of several, a picture in colours
_SKINS = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def visible(text: str, *, lines: bool = False) -> str:
    """`text` with escapes, `\\u202e` say, for what is not seen. lines: its line breaks and tabs stay."""
    return _HIDDEN.sub(lambda found: found[0] if _stays(found, lines) else _escape(found[0]), text)


def hidden(text: str) -> list[str]:
    """What `visible` escapes in a text of several lines, by code point: `U+202E RIGHT-TO-LEFT OVERRIDE (1)`."""
    counts = Counter(found[0] for found in _HIDDEN.finditer(text) if not _stays(found, lines=True))
    return [
        f"U+{ord(each):04X} {unicodedata.name(each, 'control character')} ({count:,})"
        for each, count in sorted(counts.items())
    ]


def without_hidden(text: str) -> str:
    """`text` without anything that is not seen, what holds emoji together too: to compare, not to show."""
    return _HIDDEN.sub("", text)


def json_escaped(document: str) -> str:
    """A JSON document of the same value, with JSON's own escapes for what is not seen; its line breaks stay."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in _LINES else _json_escape(found[0]), document)


def _stays(found: re.Match[str], lines: bool) -> bool:
    """A line break where they are kept, or what holds an emoji together."""
    if found[0] in _LINES:
        return lines
    if found[0] not in (_JOINER, _IN_COLOURS):
        return False
    before, after = (
        found.string[max(0, found.start() - 2) : found.start()],
        found.string[found.end() : found.end() + 1],
    )
    if found[0] == _IN_COLOURS:
        return _is_picture(before[-1:])
    return _is_picture(before.removesuffix(_IN_COLOURS)[-1:]) and _is_picture(after)


def _is_picture(character: str) -> bool:
    return bool(character) and (unicodedata.category(character) == "So" or character in _SKINS)


def _escape(character: str) -> str:
    point = ord(character)
    return _SHORT.get(character) or (f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}")


def _json_escape(character: str) -> str:
    """Above U+FFFF as the two halves."""
    octets = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{octets[each : each + 2].hex()}" for each in range(0, len(octets), 2))
