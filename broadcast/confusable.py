"""Names that look alike: UTS 39's skeleton, so that `lаn` with a Cyrillic letter is `lan`. Pure.

The table is Unicode 15.1.0's confusables.txt (`DATA`), as the library has it: each character beside those that it looks
like, in both directions. What several look like is what they are written as.
"""

import unicodedata
from functools import cache
from typing import Final

from broadcast.visible import without_hidden

DATA: Final = "15.1.0"

_MARK = "\u200e"  # the file has it around what is written from right to left; it is no part of the character


def skeleton(name: str) -> str:
    """The same for all names that a reader may take for each other. To compare and to keep, never to show.

    UTS 39 §4 after NFKC, without what is not seen, any case, any blanks. First what a capital looks like, then its
    small letter: a Greek Ν is an N, not a ν. I looks like l, and is i: so i, l and 1 are one. Nothing seen: "".
    """
    found, before = name, None
    while found != before:  # a prototype may itself be written otherwise: % as º/₀
        before, found = found, _written(found).casefold()
    return found.replace("i", "l")


def _written(name: str) -> str:
    seen = " ".join(without_hidden(unicodedata.normalize("NFKC", name)).split())
    apart = unicodedata.normalize("NFD", seen)
    return unicodedata.normalize("NFD", "".join(_prototypes().get(each, each) for each in apart))


@cache
def _prototypes() -> dict[str, str]:
    """What each character is written as, where that is another. Loaded when first asked: a megabyte."""
    from confusable_homoglyphs.confusables import confusables_data

    looks_like = {
        character.strip(_MARK): {each["c"].strip(_MARK) for each in others}
        for character, others in confusables_data.items()
    }
    found = {}
    for character, others in looks_like.items():
        if len(character) == len(others) == 1:
            (other,) = others
            # of a pair nothing says which is the prototype; taking the same one for both is all that counts
            if len(other) > 1 or len(looks_like[other]) > 1 or other < character:
                found[character] = other
    return found
