"""What the cells of a list say of people beyond their number: area, language, attributes. Pure.

A cell that is empty says that nobody knows; so does one that cannot be read, which is counted as unclear: the person is
imported all the same. Each combination of what a line's cells say gets a number, so that a line costs one look-up.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from broadcast.audience.attributes import PLACES, Kind
from broadcast.audience.characters import plain
from broadcast.audience.profiles import Value
from broadcast.config.country import LANGUAGE_TAG
from broadcast.errors import RefusedError
from broadcast.languages import _

MOST_PROFILES: Final = 300_000
YES: Final = frozenset({"1", "yes", "y", "true", "t", "x"})
NO: Final = frozenset({"", "0", "no", "n", "false", "f"})
_LONGEST = 64
_LONGEST_TAG = 35  # RFC 5646 §4.4.1
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
_REMEMBERED = 50_000  # spellings: bounds the memory of a list in which no two lines are alike

# What the columns of a line say, in their order; None: nobody knows.
Combination = tuple[Value | None, ...]
# The code of an area by what a cell says, or None; of one that is not empty.
AreaOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Unclear:
    """How many lines have a cell of one column that cannot be read, and the number of the first."""

    lines: int
    first: int


def unclear_document(unclear: Mapping[str, Unclear]) -> str:
    """JSON: as an import writes it down."""
    return json.dumps({name: asdict(each) for name, each in unclear.items()})


def read_unclear(document: str | None) -> dict[str, Unclear]:
    """Of that, by column; null: an older home's import."""
    return {name: Unclear(**each) for name, each in json.loads(document or "{}").items()}


class Cells:
    """Of one list. names: its columns that are read here, in their order."""

    def __init__(self, kinds: Mapping[str, Kind], names: Sequence[str], area_of: AreaOf) -> None:
        """kinds: of attributes, by name."""
        self.names = tuple(names)
        self.unclear: dict[str, Unclear] = {}
        readers: dict[str, Callable[[str], Value | None]] = {
            "text": text, "number": number, "boolean": boolean,
            "area": area_of, "seen": area_of, "language": language_tag,
        }  # fmt: skip
        self._read = [readers[name if name in PLACES else kinds[name]] for name in self.names]
        self._values: list[dict[str, Value | None]] = [{} for _name in self.names]
        self._numbers: dict[Combination, int] = {}
        self._new: list[Combination] = []

    def number(self, cells: Sequence[str], line: int) -> tuple[int, bool]:
        """Of the combination that a line's cells say; and whether all are clear: those that are not count here."""
        said, clear = [], True
        for place, cell in enumerate(cells):
            value = self._value(place, cell)
            if value is None and plain(cell):
                clear = False
                self._count(self.names[place], line)
            said.append(value)
        return self._combination(tuple(said)), clear

    def clear(self, cells: Sequence[str]) -> int | None:
        """Of the combination that they say, if all are clear; nothing counts here."""
        said = []
        for place, cell in enumerate(cells):
            value = self._value(place, cell)
            if value is None and plain(cell):
                return None
            said.append(value)
        return self._combination(tuple(said))

    def take_new(self) -> Sequence[Combination]:
        """The combinations that came since the last call; the first one ever has number 0."""
        new, self._new = self._new, []
        return new

    def _combination(self, said: Combination) -> int:
        found = self._numbers.get(said)
        if found is None:
            if len(self._numbers) >= MOST_PROFILES:
                raise too_many(self.names)
            found = self._numbers[said] = len(self._numbers)
            self._new.append(said)
        return found

    def _value(self, place: int, cell: str) -> Value | None:
        known = self._values[place]
        if cell not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            shown = _unquoted(plain(cell))
            known[cell] = self._read[place](shown) if shown else None
        return known[cell]

    def _count(self, name: str, line: int) -> None:
        before = self.unclear.get(name, Unclear(0, line))
        self.unclear[name] = Unclear(before.lines + 1, before.first)


def too_many(names: Sequence[str]) -> RefusedError:
    """For who imports them."""
    return RefusedError(
        _(
            "there would be more than {most:,} combinations of {names}: these are for groups of people; leave out the "
            "column whose values differ from person to person, or make them coarser (an age band in place of an age)",
            most=MOST_PROFILES,
            names=", ".join(names),
        )
    )


def text(said: str) -> str | None:
    """None for one that is too long, or has what no line of a list should have."""
    found = unicodedata.normalize("NFC", said)
    return found if len(found) <= _LONGEST and found.isprintable() else None


def number(said: str) -> int | float | None:
    """As programs write it: 1.5 and not 1,5, of which nobody knows what it is."""
    if not _NUMBER.fullmatch(said):
        return None
    found = float(said)
    if not math.isfinite(found):
        return None
    if said.lstrip("+-").isdigit():
        return int(said)
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def boolean(said: str) -> bool | None:
    """The words of opted_out."""
    word = said.lower()
    return word in YES if word in YES or word in NO else None


def language_tag(said: str) -> str | None:
    """In the usual case (RFC 5646 §2.1.1): vi, en-US, zh-Hant."""
    if not LANGUAGE_TAG.fullmatch(said) or len(said) > _LONGEST_TAG:
        return None
    first, *rest = said.lower().split("-")
    return "-".join([first, *map(_subtag, rest)])


def _subtag(part: str) -> str:
    if len(part) == 2:
        return part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part


def _unquoted(said: str) -> str:
    """Without the ' that stands before what a spreadsheet would take for a formula."""
    return said[1:] if said[:1] == "'" and said[1:2] in ("=", "+", "-", "@") else said
