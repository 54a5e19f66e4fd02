"""A file's octets as text, and whether a parser may see it: bounds are looked at before anything is parsed.

No DOCTYPE gets past, so there is no DTD, no entity of the file's own and nothing to fetch. One pass, linear in the
file's length; it is stricter than XML where that spares a rule.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from broadcast.cap import kinds
from broadcast.cap.faults import CapError, Kind, at_line
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class Limits:
    """octets: of the file; deep: elements in each other; tag: characters of one, with its attributes."""

    octets: int = 5_000_000
    deep: int = 16
    elements: int = 20_000
    attributes: int = 16
    tag: int = 8_192


LIMITS: Final = Limits()

# names of the encodings that CAP files come in -> Python's
_ENCODINGS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "iso-8859-1": "iso-8859-1", "iso8859-1": "iso-8859-1", "latin1": "iso-8859-1", "iso_8859-1": "iso-8859-1",
    "utf-16": "utf-16", "utf-16le": "utf-16", "utf-16be": "utf-16",
}  # fmt: skip
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", 3),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
    (b"<\0", "utf-16-le", 0),
    (b"\0<", "utf-16-be", 0),
)
_DECLARED: Final = re.compile(r"""<\?xml[^>]{1,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_COMMENT: Final = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_TAG: Final = re.compile(r"""<(/?+)[^<>"'!?/](?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+>""")
_ATTRIBUTE: Final = re.compile(r"""=\s*+["']""")


def text_of(octets: bytes, limits: Limits = LIMITS) -> str:
    """The file's text, which a parser may see. Raises CapError."""
    if len(octets) > limits.octets:
        raise _refused(kinds.TOO_LARGE, None, most=limits.octets)
    text = _decoded(octets)
    if not text.strip():
        raise _refused(kinds.EMPTY, 1)
    _check(text, limits)
    return text


def _decoded(octets: bytes) -> str:
    for mark, found, skipped in _MARKS:
        if octets.startswith(mark):
            return _as(octets[skipped:], found)
    declared = _declared(octets[:300].decode("latin-1"))
    encoding = _ENCODINGS.get(declared)
    if encoding is None:
        raise _refused(kinds.ENCODING_UNKNOWN, 1)
    if encoding == "utf-16":
        raise _refused(kinds.ENCODING_DIFFERS, 1, found=_("another encoding than UTF-16"))
    return _as(octets, encoding)


def _as(octets: bytes, encoding: str) -> str:
    """Raises CapError where it is not in it, or says that it is in another."""
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise _refused(kinds.ENCODING_BROKEN, line, encoding=encoding.upper()) from error
    said = _DECLARED.match(text)
    if said is not None and not encoding.startswith(_ENCODINGS.get(said[1].lower(), "no encoding of ours")):
        raise _refused(kinds.ENCODING_DIFFERS, 1, found=encoding.upper())
    return text


def _declared(start: str) -> str:
    found = _DECLARED.match(start)
    return found[1].lower() if found else "utf-8"


def _check(text: str, limits: Limits) -> None:
    at = text.find("<")
    deep = elements = 0
    while at >= 0:
        if (skipped := _COMMENT.match(text, at)) is not None:
            at = text.find("<", skipped.end())
            continue
        if (tag := _TAG.match(text, at)) is None:
            kind = kinds.DOCTYPE if re.compile("<![A-Z]").match(text, at) else kinds.MARKUP_OPEN
            raise _refused(kind, _line(text, at))
        closes, ends = bool(tag[1]), text[tag.end() - 2] == "/"
        deep += -1 if closes else 1
        elements += not closes
        for kind, measured, most in (
            (kinds.TOO_DEEP, deep, limits.deep),
            (kinds.TOO_MANY_ELEMENTS, elements, limits.elements),
            (kinds.ATTRIBUTE_TOO_LONG, tag.end() - at, limits.tag),
            (kinds.TOO_MANY_ATTRIBUTES, len(_ATTRIBUTE.findall(tag[0][: limits.tag])), limits.attributes),
        ):
            if measured > most:
                raise _refused(kind, _line(text, at), most=most)
        deep -= ends and not closes
        at = text.find("<", tag.end())


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _refused(kind: Kind, line: int | None, **said: object) -> CapError:
    return CapError([at_line(kind, line, **said)])
