"""The messages of an alert of which each person hears one, by their numbers, as `slice.variant` has them. Pure.

Each is a part of the message that was approved, letter by letter (law 6): nothing is put together anew to send it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.campaign.alphabets import Alphabet, choose_alphabet
from broadcast.campaign.languages import BETWEEN
from broadcast.errors import InputError
from broadcast.languages import _

_MARK: Final = re.compile(r"\[[^\n]*?\] ")


@dataclass(frozen=True, slots=True)
class Variant:
    """language: '' of the message of all of them."""

    language: str
    text: str
    alphabet: Alphabet


def own_language(
    text: str,
    texts: Mapping[str, str],
    languages: Sequence[str],
    *,
    marked: bool,
    alphabet: Alphabet | None = None,
) -> tuple[Variant, ...]:
    """The message of each language alone, from number 1 on. Number 0 is the first one's too: of those whose language
    nobody chose. marked: an exercise's, with a mark in front of each. alphabet: of all; None: each by its text.

    Raises InputError where `text` is not the texts of these languages.
    """
    if not languages or languages == ("und",):
        raise InputError(
            _(
                "nobody said in which language the text is: give texts as LANGUAGE=TEXT for each to hear their own"
            )
        )
    parts = list(_parts(text, [texts.get(each, "") for each in languages], marked=marked))
    made = [
        Variant(language, part, alphabet or choose_alphabet(part))
        for language, part in zip(languages, parts, strict=True)
    ]
    return (made[0], *made)


def _parts(text: str, texts: Sequence[str], *, marked: bool) -> Iterator[str]:
    at = 0
    for number, each in enumerate(texts, 1):
        mark = _MARK.match(text, at) if marked else None
        end = (mark.end() if mark else at) + len(each)
        behind = "" if number == len(texts) else BETWEEN
        if (
            not each
            or (marked and not mark)
            or text[end - len(each) : end] != each
            or _differs(text, end, behind)
        ):
            raise InputError(_("the message is not the texts of its languages, each with its mark: edit it"))
        yield text[at:end]
        at = end + len(behind)


def _differs(text: str, end: int, behind: str) -> bool:
    return text[end:] != "" if not behind else not text.startswith(behind, end)
