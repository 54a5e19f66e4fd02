"""One message of the texts of several languages. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from broadcast.config.country import LANGUAGE_TAG
from broadcast.errors import InputError
from broadcast.languages import _

UNDETERMINED: Final = "und"  # BCP 47: nobody said in which language it is
BETWEEN: Final = "\n\n"


def message_text(
    texts: Mapping[str, str], languages: Sequence[str], marks: Mapping[str, str] | None = None
) -> str:
    """Those of `languages`, in that order. marks: of an exercise, by language, in front of each; `en` for another's.

    Raises InputError for a language that has no text.
    """
    if missing := [each for each in languages if each not in texts]:
        raise InputError(
            _("there is no text in {missing}: give it, or leave that language out", missing=missing[0])
        )
    return BETWEEN.join(f"{_mark(each, marks)}{texts[each]}" for each in languages)


def _mark(language: str, marks: Mapping[str, str] | None) -> str:
    if marks is None:
        return ""
    return f"[{marks.get(language) or marks.get(language.partition('-')[0]) or marks['en']}] "


def check_language(name: str) -> None:
    """Raises InputError unless it has the form of a language tag."""
    if not LANGUAGE_TAG.fullmatch(name):
        raise InputError(_("{name} is no language: give a BCP 47 tag, vi or en-US say", name=name))
