"""What an answer asks for: the keyword that it begins with. Pure.

A text matches when it *begins* with a keyword's words, not only when it is nothing else: people write "STOP please",
and phones add signatures. A person who did not mean it still gets every emergency, and START undoes it; a person who
asked to be left alone and was not heard has no way left.

Compared without case, diacritics and punctuation, so that STOP, "stop!!" and "Stốp" are one. But without its marks a
keyword may be a name or another word, and "Huy here, thanks" must end nobody's alerts. So the country's names and
everyday words stand beside its keywords, and a keyword that reads as one of them counts only

* with its own marks, where the everyday word has others ("Hủy", not "Huy");
* alone: the text is nothing but keywords of that kind;
* with a second word: by a longer keyword that begins with it ("huy dang ky").

An everyday phrase that is longer than the keyword hides it ("không nhận được" begins with "không nhận").
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from broadcast.errors import ConfigError
from broadcast.languages import _

OPT_OUT: Final = "opt_out"
OPT_IN: Final = "opt_in"

# Letters with a stroke have no decomposition; Vietnamese is unreadable without the first.
_STROKES: Final = {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ı": "i"}
_LOOKED_AT = 200  # characters: a keyword stands at the beginning


class Keyword(NamedTuple):
    """kind: opt_out, opt_in, or another of the configuration; '' for no keyword. word: as in the configuration."""

    kind: str
    word: str


NO_KEYWORD: Final = Keyword("", "")


class _Word(NamedTuple):
    """bare: letters and digits only. marks: sorted, for hủy and huỷ are one word (where the mark stands is taste)."""

    bare: str
    marks: str


_Phrase = tuple[_Word, ...]


class _Found(NamedTuple):
    """clear: it is the keyword whatever comes after it. length: in words."""

    keyword: Keyword
    clear: bool
    length: int


class Keywords:
    """The keywords of a country: kind -> words or phrases, as written in its configuration.

    everyday: its names, and words and phrases that mean other things. Raises ConfigError when two kinds share a
    keyword, one has no letter or digit, or an opt_out or opt_in of one word is an everyday word too and there is no
    longer keyword for those who write without marks, and more than the word.
    """

    def __init__(self, keywords: Mapping[str, Sequence[str]], everyday: Iterable[str] = ()) -> None:
        self._known: dict[tuple[str, ...], list[tuple[_Phrase, Keyword]]] = {}
        self._everyday: dict[tuple[str, ...], set[_Phrase]] = {}
        for phrase in everyday:
            read = _read(phrase, "everyday_words")
            self._everyday.setdefault(_bare(read), set()).add(read)
        for kind, phrases in keywords.items():
            for phrase in phrases:
                self._add(kind, phrase)
        self._longest = max(map(len, (*self._known, *self._everyday)), default=0)
        self._check_second_words()

    def _add(self, kind: str, phrase: str) -> None:
        read = _read(phrase, f"keywords.{kind}")
        alike = self._known.setdefault(_bare(read), [])
        alike.append((read, Keyword(kind, phrase)))
        other = alike[0][1]
        if other.kind != kind:
            raise ConfigError(
                _(
                    "country.keywords: {phrase!r} in {kind} reads the same as {word!r} in {other_kind}: keep one",
                    phrase=phrase,
                    kind=kind,
                    word=other.word,
                    other_kind=other.kind,
                )
            )

    def _check_second_words(self) -> None:
        for bare, alike in self._known.items():
            keyword = alike[0][1]
            if keyword.kind not in (OPT_OUT, OPT_IN) or len(bare) > 1 or bare not in self._everyday:
                continue
            if not any(
                len(longer) > 1 and longer[:1] == bare and others[0][1].kind == keyword.kind
                for longer, others in self._known.items()
            ):
                raise ConfigError(
                    _(
                        "country.keywords.{kind}: {word!r} reads as an everyday word of"
                        " country.everyday_words: give it with a second word too, one that makes it clear",
                        kind=keyword.kind,
                        word=keyword.word,
                    )
                )

    def find(self, text: str, *, whole: bool = True) -> Keyword:
        """The longest keyword that the text begins with. whole: no part of the text is missing."""
        words = _words(text[:_LOOKED_AT])
        found = self._at(words)
        if found is None:
            return NO_KEYWORD
        seen = whole and len(text.strip()) <= _LOOKED_AT
        if found.clear or (seen and self._is_all(words, found.keyword.kind)):
            return found.keyword
        return NO_KEYWORD

    def _is_all(self, words: _Phrase, kind: str) -> bool:
        """Whether the words are keywords of this kind and nothing else: 'huy', 'HUY HUY', 'huy, stop'."""
        while words:
            found = self._at(words)
            if found is None or found.keyword.kind != kind:
                return False
            words = words[found.length :]
        return True

    def _at(self, words: _Phrase) -> _Found | None:
        """The longest keyword at the beginning of `words`, unless an everyday phrase there is longer still."""
        for count in range(min(self._longest, len(words)), 0, -1):
            said = words[:count]
            everyday = self._everyday.get(_bare(said))
            fitting = [
                (phrase, keyword)
                for phrase, keyword in self._known.get(_bare(said), ())
                if not self._is_another(said, phrase, strict=everyday is not None)
            ]
            if fitting:
                phrase, keyword = next((each for each in fitting if each[0] == said), fitting[0])
                marked = phrase == said and any(word.marks for word in said)
                return _Found(keyword, everyday is None or (marked and said not in everyday), count)
            if everyday is not None:
                return None
        return None

    def _is_another(self, said: _Phrase, phrase: _Phrase, *, strict: bool) -> bool:
        """Whether the marks that the sender wrote make it another phrase: Dũng gửi is not DỪNG GỬI.

        strict: any other marks do; else those of an everyday word.
        """
        return any(
            word.marks and word != own and (strict or (word,) in self._everyday.get((word.bare,), ()))
            for word, own in zip(said, phrase, strict=True)
        )


def _read(phrase: str, key: str) -> _Phrase:
    """Raises ConfigError. key: below [country]."""
    words = _words(phrase)
    if not words:
        raise ConfigError(
            _("country.{key}: {phrase!r} has no letter or digit to compare", key=key, phrase=phrase)
        )
    return words


def bare_words(text: str) -> tuple[str, ...]:
    """Its words as they are compared: small letters without marks, and nothing that is not seen."""
    return _bare(_words(text))


def _bare(phrase: _Phrase) -> tuple[str, ...]:
    return tuple(word.bare for word in phrase)


def _words(text: str) -> _Phrase:
    """Runs of letters and digits, with the marks that combine with them; what is not seen is left out."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    read = map(_word, "".join(map(_kept, apart)).split())
    return tuple(word for word in read if word.bare)


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Me") or unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
        return ""
    return " " if category[0] in "PSZC" else character


def _word(run: str) -> _Word:
    bare = "".join(_STROKES.get(each, each) for each in run if not unicodedata.combining(each))
    marks = (each for each in run if unicodedata.combining(each) or each in _STROKES)
    return _Word(bare, "".join(sorted(marks)))
