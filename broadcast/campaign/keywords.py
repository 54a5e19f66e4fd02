"""What an answer asks for: the keyword that it begins with. Pure.

A text matches when it *begins* with a keyword's words, not only when it is nothing else: people write "STOP please",
and phones add signatures. A person who did not mean it still gets every emergency, and START undoes it; a person who
asked to be left alone and was not heard has no way left. Keywords that are everyday words belong into the configuration
with the word that makes them clear ("dung gui", not "dung", which without its marks is a name and "right" as well).

Compared without case, diacritics and punctuation, so that STOP, "stop!!" and "Stốp" are one.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from broadcast.errors import ConfigError

OPT_OUT: Final = "opt_out"
OPT_IN: Final = "opt_in"

# Letters with a stroke have no decomposition; Vietnamese is unreadable without the first.
_STROKES = str.maketrans("đðłøı", "ddloi")
_LOOKED_AT = 200  # characters: a keyword stands at the beginning


class Keyword(NamedTuple):
    """kind: opt_out, opt_in, or another of the configuration; '' for no keyword. word: as in the configuration."""

    kind: str
    word: str


NO_KEYWORD: Final = Keyword("", "")


class Keywords:
    """The keywords of a country: kind -> words or phrases, as written in its configuration.

    Raises ConfigError when two kinds share one, or one has no letter or digit.
    """

    def __init__(self, keywords: Mapping[str, Sequence[str]]) -> None:
        self._known: dict[tuple[str, ...], Keyword] = {}
        for kind, phrases in keywords.items():
            for phrase in phrases:
                self._add(kind, phrase)
        self._longest = max(map(len, self._known), default=0)

    def _add(self, kind: str, phrase: str) -> None:
        words = _words(phrase)
        if not words:
            raise ConfigError(f"country.keywords.{kind}: {phrase!r} has no letter or digit to compare")
        other = self._known.setdefault(words, Keyword(kind, phrase))
        if other.kind != kind:
            raise ConfigError(
                f"country.keywords: {phrase!r} in {kind} reads the same as {other.word!r} in {other.kind}: keep one"
            )

    def find(self, text: str) -> Keyword:
        """The longest keyword that the text begins with."""
        words = _words(text[:_LOOKED_AT])
        for count in range(min(self._longest, len(words)), 0, -1):
            found = self._known.get(words[:count])
            if found is not None:
                return found
        return NO_KEYWORD


def _words(text: str) -> tuple[str, ...]:
    """Runs of letters, digits and marks; marks that combine and characters that are not seen are left out."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return tuple("".join(map(_kept, bare)).translate(_STROKES).split())


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category == "Cf":
        return ""
    return " " if category[0] in "PSZC" else character
