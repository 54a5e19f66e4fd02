"""What a filter asks of one person, as a tree of values: from the reader in where.py, told of a profile. Pure.

Each answers true, false, or None: nobody knows. What is not known is chosen neither by a test nor by its opposite, as
in SQL: `not` of it is not known either, `and` is false where another part is, `or` true where another part is.
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from broadcast.audience.profiles import Profile, Value

OnList = Callable[[str], bool]

ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FIELDS: Final = ("area", "seen", "language")
KEYWORDS: Final = frozenset(
    (*FIELDS, "and", "or", "not", "in", "is", "known", "unknown", "under", "list", "true", "false")
)
WORD: Final = r"[^\W\d][\w-]*"  # a name that needs no quotes


class Condition(Protocol):
    """str: as it is written, which reads as the same value."""

    def test(self, profile: Profile, on: OnList) -> bool | None:
        """on: whether the person is on the list of that name."""


@dataclass(frozen=True, slots=True)
class And:
    """At least two parts."""

    parts: tuple[Condition, ...]

    def test(self, profile: Profile, on: OnList) -> bool | None:
        found: bool | None = True
        for part in self.parts:
            answer = part.test(profile, on)
            if answer is False:
                return False
            found = found and answer
        return found

    def __str__(self) -> str:
        return " and ".join(map(_enclosed, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """At least two parts."""

    parts: tuple[Condition, ...]

    def test(self, profile: Profile, on: OnList) -> bool | None:
        found: bool | None = False
        for part in self.parts:
            answer = part.test(profile, on)
            if answer:
                return True
            if answer is None:
                found = None
        return found

    def __str__(self) -> str:
        return " or ".join(map(_enclosed, self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    of: Condition

    def test(self, profile: Profile, on: OnList) -> bool | None:
        answer = self.of.test(profile, on)
        return None if answer is None else not answer

    def __str__(self) -> str:
        return self.of.opposite() if isinstance(self.of, Equal | Under) else f"not {_enclosed(self.of)}"


@dataclass(frozen=True, slots=True)
class Equal:
    """values: one or several of the name's type, text in NFC. A language fits by its whole tag or the beginning of it:
    vi is vi-VN too (RFC 4647 §3.3.1)."""

    name: str
    values: tuple[Value, ...]

    def test(self, profile: Profile, on: OnList) -> bool | None:
        value = _value(profile, self.name)
        if value is None:
            return None
        if self.name == "language":
            tag = f"{value}-".lower()
            return any(tag.startswith(f"{each}-".lower()) for each in self.values)
        return (unicodedata.normalize("NFC", value) if isinstance(value, str) else value) in self.values

    def __str__(self) -> str:
        return self._written("=", "in")

    def opposite(self) -> str:
        """As it is written with a `not` before it."""
        return self._written("!=", "not in")

    def _written(self, sign: str, word: str) -> str:
        if len(self.values) == 1:
            return f"{_name(self.name)} {sign} {_literal(self.values[0])}"
        return f"{_name(self.name)} {word} {_several(self.values)}"


@dataclass(frozen=True, slots=True)
class Ordered:
    """Of a number. sign: a key of ORDERS."""

    name: str
    sign: str
    value: int | float

    def test(self, profile: Profile, on: OnList) -> bool | None:
        value = _value(profile, self.name)
        return ORDERS[self.sign](value, self.value) if isinstance(value, int | float) else None

    def __str__(self) -> str:
        return f"{_name(self.name)} {self.sign} {_literal(self.value)}"


@dataclass(frozen=True, slots=True)
class Under:
    """Lives in one of these areas or below it, or was seen there. field: area, seen. said: as they were named; codes:
    theirs, and of all below them."""

    field: str
    said: tuple[str, ...]
    codes: frozenset[str]

    def test(self, profile: Profile, on: OnList) -> bool | None:
        code = _value(profile, self.field)
        return None if code is None else code in self.codes

    def __str__(self) -> str:
        return f"{self.field} under {self._areas()}"

    def opposite(self) -> str:
        """As it is written with a `not` before it."""
        return f"{self.field} not under {self._areas()}"

    def _areas(self) -> str:
        return _several(self.said) if len(self.said) > 1 else _literal(self.said[0])


@dataclass(frozen=True, slots=True)
class Known:
    """Whether it is known, or whether it is not: of everybody it is one of the two."""

    name: str
    known: bool

    def test(self, profile: Profile, on: OnList) -> bool | None:
        return (_value(profile, self.name) is not None) is self.known

    def __str__(self) -> str:
        return f"{_name(self.name)} is {'known' if self.known else 'unknown'}"


@dataclass(frozen=True, slots=True)
class Listed:
    """On a list, by its name: of everybody it is known."""

    name: str

    def test(self, profile: Profile, on: OnList) -> bool | None:
        return on(self.name)

    def __str__(self) -> str:
        return f"in list {_literal(self.name)}"


def _value(profile: Profile, name: str) -> Value | None:
    """None: nobody knows."""
    if name in FIELDS:
        found: str | None = getattr(profile, name)
        return found
    return profile.attributes.get(name)


def _enclosed(part: Condition) -> str:
    return f"({part})" if isinstance(part, And | Or) else str(part)


def _name(name: str) -> str:
    plain = name in FIELDS or (re.fullmatch(WORD, name) and name.lower() not in KEYWORDS)
    return name if plain else _literal(name)


def _several(values: Iterable[Value]) -> str:
    return f"({', '.join(map(_literal, values))})"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
