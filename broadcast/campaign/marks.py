"""An exercise says so in its own text, in each language; nothing else says so, and nothing says that it is none. Pure.

Whoever hears "this is not a drill" in an exercise, or by mistake, has no way to know better: in 2018 a message to a
whole state ended in those words. What is real needs no such sentence.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from broadcast.campaign.content import Content
from broadcast.campaign.keywords import bare_words
from broadcast.errors import InputError
from broadcast.languages import _, codes, term

_DRILL: Final = "(?:drill|exercise|test|rehearsal|simulation)"
_DIEN_TAP: Final = "(?:dien tap|thu nghiem|tap duot|tap tran|bai tap|kiem tra)"
# As bare words. "Do not exercise outdoors" and "không kiểm tra" are advice; the article, or "phải", makes it a denial.
_DENIALS: Final = tuple(
    map(
        re.compile,
        (
            rf"\b(?:not|isnt|isn t|never) (?:just |only |merely )?(?:a|an|any) (?:\w+ )?{_DRILL}\b",
            rf"\b(?:this|that|it) (?:is|s) (?:not|no) (?:\w+ )?{_DRILL}\b",
            r"\bno (?:drill|rehearsal|simulation)\b",
            rf"\bkhong phai (?:la )?(?:(?:mot|cuoc|buoi|dot|tin|lan) )*{_DIEN_TAP}\b",
        ),
    )
)
_MARKS: Final = codes("EXERCISE", "TEST", "TRAINING")
_OPENED: Final = r"\A[\W_]*"


def check_marks(content: Content, marks: Mapping[str, str]) -> None:
    """marks: of the country, by language. Raises InputError, with what to change."""
    texts = [*dict(content.texts).values(), content.text]
    if any(denies(text) for text in texts):
        raise InputError(
            _(
                "the text says that it is no drill, no exercise or no test: no alert ever says so; take that out"
            )
        )
    if content.status != "actual":
        check_begins(content, marks)
    elif found := _begins_with(texts, marks.values()):
        raise InputError(
            _(
                'the text begins with "{mark}", which marks an exercise, and its status is actual: say --status '
                "exercise, or begin it otherwise",
                mark=found,
            )
        )


def mark_words(status: str) -> str:
    """How what is not actual is marked on screens, whatever the language of its text: EXERCISE, TEST."""
    return "" if status == "actual" else term(status.upper())


def marked(status: str, line: str) -> str:
    """A line of a screen with that in front of it."""
    mark = mark_words(status)
    return f"{mark}: {line}" if mark else line


def denies(text: str) -> bool:
    """Whether it says, in English or Vietnamese, that this is no drill."""
    words = " ".join(bare_words(text))
    return any(denial.search(words) for denial in _DENIALS)


def check_begins(content: Content, marks: Mapping[str, str]) -> None:
    """Of what is not actual: each language's part of the message with its mark. Raises InputError."""
    texts, rest = dict(content.texts), bare_words(content.text)
    for language in content.languages:
        mark = marks.get(language) or marks.get(language.partition("-")[0]) or marks["en"]
        part = (*bare_words(mark), *bare_words(texts.get(language, "")))
        if rest[: len(part)] != part:
            raise InputError(
                _(
                    "the status is {status}, and in {language} the text does not begin with its mark "
                    '"{mark}": edit it with this configuration, which puts the mark there',
                    status=content.status,
                    language=language,
                    mark=mark,
                )
            )
        rest = rest[len(part) :]
    if rest or not content.languages:
        raise InputError(_("the message is not the texts of its languages, each with its mark: edit it"))


def _begins_with(texts: Iterable[str], marks: Iterable[str]) -> str | None:
    """The mark with which one of them begins: as it is written, or in any letters with a sign behind it.

    "Exercise caution" begins with a word, not with a mark.
    """
    plain = [_plain(text) for text in texts]
    for mark in marks:
        said = re.escape(_plain(mark))
        begins = re.compile(rf"{_OPENED}(?:{said}\b|(?i:{said})\s*(?:[^\w\s]|\Z))")
        if any(begins.match(text) for text in plain):
            return mark
    return None


def _plain(text: str) -> str:
    """Without marks on letters and what is not seen; capitals stay."""
    apart = unicodedata.normalize("NFKD", text)
    kept = (each for each in apart if unicodedata.category(each) not in ("Mn", "Cf"))
    return "".join(kept).replace("đ", "d").replace("Đ", "D")
