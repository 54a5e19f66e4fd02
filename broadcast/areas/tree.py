"""Areas one in the other, province and commune say: found by code or name, and who is below whom (table `area`)."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from broadcast.areas.names import asked, folded, short, ways
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.visible import visible

_CHOICES_SHOWN: Final = 5
_NEAR: Final = 0.6  # of difflib: how alike a name is that is offered


@dataclass(frozen=True, slots=True)
class Area:
    """A row of `area`. parent: a code. language: BCP 47, of who lives there and said none. census: people; None: nobody
    said."""

    code: str
    name: str
    parent: str | None = None
    kind: str = ""
    language: str | None = None
    census: int | None = None


class AreaTree:
    """Every area. Raises InputError for a parent that there is not, a code twice, and areas in a circle."""

    def __init__(self, areas: Iterable[Area] = ()) -> None:
        self.areas: Mapping[str, Area] = _by_code(areas)
        self._below: dict[str | None, list[str]] = {}
        self._under: dict[str, frozenset[str]] = {}
        self._named: dict[tuple[int, str], list[str]] | None = None
        for each in self.areas.values():
            if each.parent is not None and each.parent not in self.areas:
                raise InputError(
                    _(
                        "area {code}: its parent {parent} is no area",
                        code=each.code,
                        parent=visible(each.parent),
                    )
                )
            self._below.setdefault(each.parent, []).append(each.code)
        self._check_circles()

    def __len__(self) -> int:
        return len(self.areas)

    def __bool__(self) -> bool:
        return bool(self.areas)

    def __contains__(self, code: str) -> bool:
        return code in self.areas

    def __getitem__(self, code: str) -> Area:
        """Raises InputError."""
        if code not in self.areas:
            raise self._unknown(code)
        return self.areas[code]

    def find(self, said: str) -> str:
        """The code of what was typed: a code, or a name with or without diacritics and kind; `name, name of its parent`
        where a name stands more than once.

        Of several with one name the one that all the others are in is meant: a province, not the town in it. Raises
        InputError with the nearest name, or with the ones to choose from.
        """
        found = self._meant(said.strip())
        if not found:
            raise self._unknown(said.strip())
        if len(found) > 1:
            raise self._ambiguous(said.strip(), found)
        return found[0]

    def perhaps(self, said: str) -> str | None:
        """As `find`; None in place of an error, which takes time to make: for lists of a million wrong ones."""
        found = self._meant(said.strip())
        return found[0] if len(found) == 1 else None

    def under(self, code: str) -> frozenset[str]:
        """The codes of it and of everything below. Raises InputError."""
        if code not in self._under:
            self._under[self[code].code] = frozenset(self._walk(code))
        return self._under[code]

    def children(self, code: str | None) -> tuple[str, ...]:
        """Codes of what is next below it; None: of the topmost."""
        return tuple(self._below.get(code, ()))

    def language(self, code: str) -> str | None:
        """Its own, else the nearest parent's. None where nobody says one, of an unknown area too."""
        for each in reversed(self.path(code)) if code in self.areas else ():
            if said := self.areas[each].language:
                return said
        return None

    def path(self, code: str) -> tuple[str, ...]:
        """Codes, from the topmost down to itself. Raises InputError."""
        found, at = [code], self[code].parent
        while at is not None:
            found.append(at)
            at = self.areas[at].parent
        return tuple(reversed(found))

    def full_name(self, code: str) -> str:
        """With those that it is in: Xã Tân Phú, Tỉnh Đồng Nai. As `find` takes it."""
        return ", ".join(self.areas[each].name for each in reversed(self.path(code)))

    def _meant(self, typed: str) -> list[str]:
        """Codes: one, or several that nobody can choose from."""
        if typed in self.areas:
            return [typed]
        found = self._called(typed) or self._within(typed.split(","))
        around = [each for each in found if self.under(each) >= set(found)] if len(found) > 1 else []
        return around[:1] or found

    def _called(self, said: str) -> list[str]:
        """Codes, in the table's order: by the most exact way to understand it that fits any."""
        exact = asked(said)
        for key in enumerate((*exact, *map(folded, exact))):
            if key[1] and (found := self._names().get(key)):
                return found
        return []

    def _names(self) -> dict[tuple[int, str], list[str]]:
        """By way and name."""
        if self._named is None:
            self._named = {}
            for code, each in self.areas.items():
                exact = ways(each.name)
                for key in enumerate((*exact, *map(folded, exact))):
                    self._named.setdefault(key, []).append(code)
        return self._named

    def _within(self, parts: list[str]) -> list[str]:
        """A name and those that it is in; a name may have commas of its own."""
        for names in range(1, len(parts)):
            around = [{each.strip(), *self._called(each)} for each in parts[names:]]
            called = self._called(",".join(parts[:names]))
            if found := [code for code in called if all(each & set(self.path(code)[:-1]) for each in around)]:
                return found
        return []

    def _walk(self, code: str) -> Iterator[str]:
        waiting = [code]
        while waiting:
            at = waiting.pop()
            yield at
            waiting += self._below.get(at, ())

    def _check_circles(self) -> None:
        reached = {each for top in self._below.get(None, ()) for each in self._walk(top)}
        if lost := sorted(self.areas.keys() - reached):
            raise InputError(_("area {code} is within itself, by its parents", code=visible(lost[0])))

    def _unknown(self, said: str) -> InputError:
        shown = visible(said)
        if not self.areas:
            return InputError(
                _("there is no area {name}: no areas are known, see `broadcast area import`", name=shown)
            )
        names: dict[str, str] = {}
        for code in sorted(
            self.areas, key=lambda each: (len(self.path(each)), each)
        ):  # a province before its town
            name = self.areas[code].name
            for form in (folded(name), folded(short(name)), code.casefold()):
                names.setdefault(form, code if form == code.casefold() else name)
        near = difflib.get_close_matches(folded(said), names, n=1, cutoff=_NEAR)
        if near:
            return InputError(
                _("there is no area {name}: did you mean {near}?", name=shown, near=names[near[0]])
            )
        return InputError(_("there is no area {name}: see `broadcast area list`", name=shown))

    def _ambiguous(self, said: str, found: list[str]) -> InputError:
        choices = [f"{self.full_name(each)} ({each})" for each in found[:_CHOICES_SHOWN]]
        more = len(found) - len(choices)
        return InputError(
            _(
                "{n} areas are called {name}: name its parent too, or its code: {choices}",
                n=len(found),
                name=visible(said),
                choices="; ".join(choices) + (" ..." if more else ""),
            )
        )


async def load(home: Connection) -> AreaTree:
    """Every area of the table, without geometry."""
    return AreaTree(Area(**row) for row in await home.fetch(sql("all_areas")))


def _by_code(areas: Iterable[Area]) -> dict[str, Area]:
    found: dict[str, Area] = {}
    for each in areas:
        if each.code in found:
            raise InputError(_("area {code} stands twice", code=visible(each.code)))
        found[each.code] = each
    return found
