"""In which language people are spoken to: chosen once, by `--lang` or the environment; English where neither says.

What is translated is written where it is said: `_("there is no campaign {name}", name=name)`; a number in it is grouped
as the language does. Logs, metrics, JSON and what codes are called in these are English always.
"""

import gettext
import os
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "vi")
FOLDER: Final = Path(__file__).with_name("locale")
DOMAIN: Final = "broadcast"
TERM: Final = "term"  # the context of codes, `in_doubt` say: a word of its own, not a part of a sentence

_ENVIRONMENT = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides, as for gettext
_SWAPPED = str.maketrans(",.", ".,")

_language = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_here: ContextVar[str | None] = ContextVar("language", default=None)  # of whoever is answered now
_all: ContextVar[bool] = ContextVar("all languages", default=False)


def preferred(environment: Mapping[str, str]) -> str:
    """The first of its languages that there is here: vi for `vi_VN.UTF-8`, en for `C`."""
    said = next(filter(None, map(environment.get, _ENVIRONMENT)), "")
    known = (each.partition(".")[0].partition("_")[0].lower() for each in said.split(":"))
    return next((each for each in known if each in LANGUAGES), "en")


def choose(language: str) -> None:
    """For this process, click's own words and the processes that it starts. language: one of LANGUAGES."""
    global _language, _catalogue
    _language = language
    _catalogue = _read(language)
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Another one, for as long as the block takes."""
    before = chosen()
    choose(language)
    try:
        yield
    finally:
        choose(before)


@contextmanager
def answering(language: str) -> Iterator[None]:
    """Another one for who is answered in this block, and for tasks that begin in it; whatever else goes on in this
    process speaks as before."""
    token = _here.set(language)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def for_everybody() -> Iterator[None]:
    """In this block, and tasks that begin in it, sentences are made for readers of all languages (`spoken_to`)."""
    token = _all.set(True)
    try:
        yield
    finally:
        _all.reset(token)


def spoken_to() -> tuple[str, ...]:
    """Languages in which a sentence is wanted beside the one chosen: none, or within `for_everybody` all."""
    return LANGUAGES if _all.get() else ()


def chosen() -> str:
    """One of LANGUAGES."""
    return _here.get() or _language


def _(text: str, /, **values: Any) -> str:
    """`text` in the language chosen, its `{name}` filled in; without values its braces are braces."""
    said = _spoken().gettext(text) if text else ""
    return _FORMATTER.format(said, **values) if values else said


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """As `_`, by how many: `{n}` is the number."""
    return _FORMATTER.format(_spoken().ngettext(one, many, n), n=n, **values)


def N_(text: str) -> str:  # noqa: N802 - as gettext's users know it
    """A text that is said later, by `_`."""
    return text


def headings(*words: str) -> tuple[str, ...]:
    """The heads of a table's columns."""
    return tuple(map(_, words))


def codes(*said: str) -> tuple[str, ...]:
    """Codes that are said later, by `term`."""
    return said


def term(code: str) -> str:
    """A code as a word: of a state, a reason, an event. One that has none, a carrier's own say, is given back."""
    return _spoken().pgettext(TERM, code) if code else ""


def grouped(value: float, form: str = ",") -> str:
    """Grouped as the language does: 1,234,567.8 or 1.234.567,8. form: as of `format`."""
    said = format(value, form)
    return said.translate(_SWAPPED) if chosen() == "vi" else said


def _spoken() -> gettext.NullTranslations:
    here = _here.get()
    return _catalogue if here is None else _read(here)


@cache
def _read(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return grouped(value, format_spec)
        return format(value, format_spec)


_FORMATTER: Final = _Formatter()
