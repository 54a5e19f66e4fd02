"""The same words in plain letters, character by character, for who asks: fewer segments. Pure.

Vietnamese by its own convention (đ is d), others by what Unicode's compatibility decomposition (NFKD) leaves
without its marks, and by a table for what has none: letters with a stroke or a hook, ligatures (the letters
of CLDR's Latin-ASCII), the typographer's quotes, dashes and blanks. What is not seen (zero-width characters,
direction marks, soft hyphens) is left out. Letters with marks become plain even where GSM 03.38 has them, so
that a text is all of one kind; Greek capitals and signs such as € and £ that it has stay.

What has no plain form is refused by code point, and so are digits that stand high, low or in a fraction: 10⁵
is not 105, and 1½ not 11/2.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from broadcast.campaign.alphabets import code_points, in_gsm
from broadcast.errors import InputError
from broadcast.languages import _

_LETTERS = {
    "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ł": "l", "ø": "o", "ɔ": "o", "ə": "e", "ɛ": "e", "ƒ": "f", "ħ": "h",
    "ı": "i", "ƙ": "k", "ŋ": "n", "ŧ": "t", "ɓ": "b", "ƴ": "y", "æ": "ae", "œ": "oe", "þ": "th", "ß": "ss",
}  # fmt: skip
_CAPITALS = {letter.upper(): plain.upper() for letter, plain in _LETTERS.items() if letter not in "ıßþ"}
_SIGNS = (
    dict.fromkeys("‘’‚‛‹›`´′ʹʻʼ", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−•", "-")
    | {"\t": " ", "\u2028": "\n", "\u2029": "\n", "·": ".", "×": "x", "÷": "/", "⁄": "/", "µ": "u", "μ": "u"}
)
_TABLE = {**_LETTERS, **_CAPITALS, "Þ": "Th", "ẞ": "SS", **_SIGNS}
_UNSEEN = ("Mn", "Me", "Cf")
_RAISED = ("<super>", "<sub>", "<fraction>")


class NoPlainFormError(InputError):
    """The text has characters without a plain form. The message names code points, not the text"""

    def __init__(self, characters: set[str]) -> None:
        self.characters = frozenset(characters)
        super().__init__(
            _(
                "no plain letters for {code_points}: write these otherwise, "
                "or let the text go in UCS-2, without --plain",
                code_points=code_points(characters),
            )
        )


@dataclass(frozen=True, slots=True)
class PlainLetter:
    """A character, what is written for it ("": nothing), and how often."""

    character: str
    replacement: str
    count: int


@dataclass(frozen=True, slots=True)
class PlainText:
    """changes: the most frequent first. text: in GSM 03.38 throughout."""

    text: str
    changes: tuple[PlainLetter, ...]


def plain_text(text: str) -> PlainText:
    """Raises NoPlainFormError with every character that has none."""
    composed = unicodedata.normalize("NFC", text)
    counts = Counter(composed)
    forms = {character: _plain(character) for character in counts}
    missing = {character for character, form in forms.items() if form is None}
    if missing:
        raise NoPlainFormError(missing)
    changes = [
        PlainLetter(character, form, counts[character])
        for character, form in forms.items()
        if form is not None and form != character
    ]
    changes.sort(key=lambda change: (-change.count, change.character))
    return PlainText("".join(forms[character] or "" for character in composed), tuple(changes))


def all_changes(texts: Iterable[PlainText]) -> tuple[PlainLetter, ...]:
    """Of all of them together, the most frequent first."""
    counts = Counter[tuple[str, str]]()
    for text in texts:
        counts.update({(each.character, each.replacement): each.count for each in text.changes})
    found = [PlainLetter(*letter, count) for letter, count in counts.items()]
    return tuple(sorted(found, key=lambda each: (-each.count, each.character)))


def _plain(character: str) -> str | None:
    """What is written for one character; None where there is nothing."""
    if unicodedata.category(character) in _UNSEEN:
        return ""
    if character not in _TABLE and _is_raised_digit(character):
        return None
    bare = (
        each for each in unicodedata.normalize("NFKD", character) if unicodedata.category(each) not in _UNSEEN
    )
    # the table first: NFKD makes a blank of an acute accent that stands alone
    form = _TABLE.get(character) or "".join(_TABLE.get(each, each) for each in bare)
    return form if in_gsm(form) else None


def _is_raised_digit(character: str) -> bool:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    return kind in _RAISED and unicodedata.numeric(character, None) is not None
