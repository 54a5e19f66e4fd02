"""The filter that chooses among people by what is known of them: `area under "Quảng Ngãi" and not in list "hospital"`.

Read by descent, one method a level of the grammar; nothing in it is evaluated. Pure.

    either   = both {"or" both}
    both     = negation {"and" negation}
    negation = "not" negation | "(" either ")" | "in" "list" text | about
    about    = ("area" | "seen") ["not"] "under" texts | name ["not"] "in" "(" value {"," value} ")"
             | name "is" ["not"] ("known" | "unknown") | name sign value

Words of it in any case; a name that is no plain word in quotes.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn, Protocol, TypeVar

from broadcast.audience.conditions import (
    FIELDS,
    KEYWORDS,
    ORDERS,
    WORD,
    And,
    Condition,
    Equal,
    Known,
    Listed,
    Not,
    OnList,
    Or,
    Ordered,
    Under,
)
from broadcast.audience.profiles import Profile, Value
from broadcast.config.country import LANGUAGE_TAG
from broadcast.errors import InputError
from broadcast.languages import N_, _
from broadcast.tables import nearest
from broadcast.visible import visible

LISTS_MOST: Final = 8  # in one filter: a person's lists are bits of one octet
_LENGTH_MOST = 8_000
_DEPTH_MOST = 40
_SHOWN = 40

_TOKEN = re.compile(
    rf"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|“[^”]*”)"""
    r"|(?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?)(?![\w.])"
    rf"|(?P<word>{WORD})|(?P<sign><=|>=|!=|<>|==|[=<>(),])",
    re.DOTALL,
)
_T = TypeVar("_T")
_ALIASES = {"==": "=", "<>": "!="}
_VALUE_WORDS = {
    "text": N_('text in quotes, "..."'),
    "number": N_("a number"),
    "boolean": N_("true or false"),
}


class Areas(Protocol):
    """What a filter asks of the tree of areas."""

    def find(self, said: str) -> str:
        """The code of an area by its code or name. Raises InputError."""

    def under(self, code: str) -> frozenset[str]:
        """Its code, and those of all below it."""


@dataclass(frozen=True, slots=True)
class Where:
    """str: as it is written in full; reads as the same value."""

    condition: Condition
    lists: tuple[str, ...] = ()

    def fits(self, profile: Profile, on: OnList) -> bool:
        """Whether it is known to be true. on: whether they are on the list of that name."""
        return self.condition.test(profile, on) is True

    def __str__(self) -> str:
        return str(self.condition)


def parse(text: str, attributes: Mapping[str, str], tree: Areas) -> Where:
    """attributes: name -> text, number, boolean. Whether there is a list of a name is not looked at.

    Raises InputError with the place in `text`: what was expected there, or the nearest name.
    """
    if len(text) > _LENGTH_MOST:
        raise InputError(_("a filter has {most:,} characters at most", most=_LENGTH_MOST))
    reader = _Reader(unicodedata.normalize("NFC", text), attributes, tree)
    condition = reader.either(0)
    reader.end()
    return Where(condition, tuple(reader.lists))


def lists_named(text: str) -> frozenset[str]:
    """By a filter that was read before; what its other names are does not matter. Raises InputError."""
    tokens = _tokens(unicodedata.normalize("NFC", text))
    named = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return frozenset(
        name.said
        for before, of, name in named
        if (before.kind, before.said, of.kind, of.said, name.kind) == ("word", "in", "word", "list", "text")
    )


class _Token(NamedTuple):
    """kind: text, number, word, sign; '' at the end. said: of a word in small letters, of a text without its quotes;
    raw: as it was written. place: the character that it begins at, from 1."""

    kind: str
    said: str
    raw: str
    place: int


class _Reader:
    def __init__(self, text: str, attributes: Mapping[str, str], tree: Areas) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._attributes = attributes
        self._tree = tree
        self.lists: dict[str, None] = {}

    # ---------------------------------------------------------------- levels

    def either(self, depth: int) -> Condition:
        return self._joined("or", Or, self._both, depth)

    def _both(self, depth: int) -> Condition:
        return self._joined("and", And, self._negation, depth)

    def _joined(
        self,
        word: str,
        made: Callable[[tuple[Condition, ...]], Condition],
        below: Callable[[int], Condition],
        depth: int,
    ) -> Condition:
        parts = [below(depth)]
        while self._takes(word):
            parts.append(below(depth))
        return parts[0] if len(parts) == 1 else made(tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > _DEPTH_MOST:
            self._fail(_("it is nested deeper than {most}", most=_DEPTH_MOST))
        if self._takes("not"):
            return Not(self._negation(depth + 1))
        if self._takes("("):
            inner = self.either(depth + 1)
            self._needs(")")
            return inner
        if self._takes("in"):
            self._needs("list")
            return self._listed()
        return self._about()

    def _listed(self) -> Condition:
        name = self._text(_('the name of a list in quotes, "hospital" say'))
        self.lists.setdefault(name)
        if len(self.lists) > LISTS_MOST:
            self._fail(_("a filter names {most} lists at most", most=LISTS_MOST), before=1)
        return Listed(name)

    def _about(self) -> Condition:
        name, kind = self._name()
        negated = self._takes("not")
        if kind == "area" and not self._next("is"):
            found = self._under(name)
        elif self._takes("in"):
            found = Equal(name, tuple(self._several(lambda: self._value(name, kind))))
        elif negated:
            self._expected('in ("...", "...")')
        elif self._takes("is"):
            negated = self._takes("not")
            return Known(name, self._word_of("known", "unknown") == ("unknown" if negated else "known"))
        else:
            return self._compared(name, kind)
        return Not(found) if negated else found

    def _under(self, field: str) -> Condition:
        self._needs("under", _('under "...", or is known'))
        said = tuple(self._several(self._area) if self._next("(") else [self._area()])
        codes = frozenset().union(*(self._tree.under(self._tree.find(each)) for each in said))
        return Under(field, said, codes)

    def _compared(self, name: str, kind: str) -> Condition:
        token = self._token
        sign = _ALIASES.get(token.said, token.said)
        if token.kind != "sign" or sign not in ("=", "!=", *ORDERS):
            self._expected("= != < <= > >=, in (...), is known")
        if sign in ORDERS and kind != "number":
            self._fail(_("{name} is no number: it has = and != alone, no order", name=_shown(name)))
        self._at += 1
        value = self._value(name, kind)
        if sign in ORDERS:
            assert not isinstance(value, str)
            return Ordered(name, sign, value)
        equal = Equal(name, (value,))
        return Not(equal) if sign == "!=" else equal

    # ---------------------------------------------------------------- names and values

    def _name(self) -> tuple[str, str]:
        """As it is registered, and its type; area: of an area's code."""
        token = self._token
        if token.kind == "word" and token.said in FIELDS:
            self._at += 1
            return token.said, "text" if token.said == "language" else "area"
        if token.kind not in ("word", "text") or (token.kind == "word" and token.said in KEYWORDS):
            self._expected(_("what to look at: area, seen, language, an attribute, in list"))
        said = token.said if token.kind == "text" else token.raw
        same = [each for each in self._attributes if unicodedata.normalize("NFC", each) == said]
        same = same or [each for each in self._attributes if _alike(each) == _alike(said)]
        if len(same) != 1:
            known = [*FIELDS, *self._attributes]
            way_out = nearest(said, known)
            self._fail(_("there is no attribute {name}: {way_out}", name=_shown(said), way_out=way_out))
        self._at += 1
        return same[0], self._attributes[same[0]]

    def _value(self, name: str, kind: str) -> Value:
        token = self._token
        value: Value | None = None
        if kind == "text" and token.kind == "text":
            value = token.said
        elif kind == "number" and token.kind == "number":
            value = _number(token.said)
        elif kind == "boolean" and token.kind == "word" and token.said in ("true", "false"):
            value = token.said == "true"
        if value is None:
            what = _(_VALUE_WORDS[kind])
            self._expected(_("{what}, as {name} has", what=what, name=_shown(name)))
        if name == "language" and not LANGUAGE_TAG.fullmatch(token.said):
            self._fail(_("{name} is no language: a BCP 47 tag is, vi or en-US say", name=_shown(token.said)))
        self._at += 1
        return value

    def _area(self) -> str:
        token = self._token
        said = self._text(_('the name or code of an area in quotes, "Quảng Ngãi" say'))
        try:
            self._tree.find(said)
        except InputError as error:
            raise _fault(token.place, str(error)) from error
        return said

    def _several(self, one: Callable[[], _T]) -> list[_T]:
        self._needs("(")
        found = [one()]
        while self._takes(","):
            found.append(one())
        self._needs(")", _("a comma, or )"))
        return found

    # ---------------------------------------------------------------- tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _next(self, said: str) -> bool:
        return self._token.kind in ("word", "sign") and self._token.said == said

    def _takes(self, said: str) -> bool:
        found = self._next(said)
        self._at += found
        return found

    def _needs(self, said: str, words: str = "") -> None:
        if not self._takes(said):
            self._expected(words or said)

    def _word_of(self, *known: str) -> str:
        found = self._token.said
        if not any(map(self._next, known)):
            self._expected(_(" or ").join(known))
        self._at += 1
        return found

    def _text(self, words: str) -> str:
        token = self._token
        if token.kind != "text":
            self._expected(words)
        self._at += 1
        return token.said

    def end(self) -> None:
        if self._token.kind:
            self._expected(_("and, or, or the end"))

    def _expected(self, words: str) -> NoReturn:
        found = _shown(self._token.raw) or _("the end")
        self._fail(_("expected is {words}; here is {found}", words=words, found=found))

    def _fail(self, what: str, before: int = 0) -> NoReturn:
        """before: how many tokens ago it was."""
        raise _fault(self._tokens[self._at - before].place, what)


def _tokens(text: str) -> list[_Token]:
    """With one of kind '' at the end."""
    found: list[_Token] = []
    at = _after_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _fault(at + 1, _unreadable(text[at:]))
        kind, raw = match.lastgroup, match[0]
        said = re.sub(r"\\(.)", r"\1", raw[1:-1], flags=re.DOTALL) if kind == "text" else raw
        found.append(_Token(kind, raw.lower() if kind == "word" else said, raw, at + 1))
        at = _after_space(text, match.end())
    return [*found, _Token("", "", "", len(text) + 1)]


def _after_space(text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip())


def _unreadable(rest: str) -> str:
    if rest[0] in "\"'“":
        return _("this quote is not closed")
    return _("{found} belongs into no filter", found=_shown(rest.split()[0]))


def _number(said: str) -> int | float:
    """Finite, by how many digits a token has."""
    return int(said) if said.lstrip("-").isdigit() else float(said)


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _shown(text: str) -> str:
    return visible(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")


def _fault(place: int, what: str) -> InputError:
    return InputError(_("the filter at character {place}: {what}", place=place, what=what))
