"""Who of the list hears an alert, and which of its messages: decided on profiles, and never by a join. Pure.

    profile ──▶ class, a small number that PostgreSQL looks up for each person: ($n::smallint[])[profile_no + 1]
    class   ──▶ by the lists that somebody is on, a bit each ──▶ the number of their message, or that they hear nothing

Who is named by areas or by lists is chosen, and everybody where nothing is named; a filter narrows the areas, or the
whole list of people where there are none. What is named by lists is not narrowed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from broadcast.audience.profiles import Profile
from broadcast.audience.where import Where
from broadcast.errors import InputError
from broadcast.languages import _

UNHEARD: Final = -1  # in place of a variant
_CLASSES_MOST: Final = 32_767  # a smallint

Reading = Callable[[Profile], int]
"""Which of the messages somebody with this profile hears, by its number (`slice.variant`)."""


class Tree(Protocol):
    """What is asked of the tree of areas."""

    def under(self, code: str) -> frozenset[str]:
        """Its code, and those of all below it. Raises InputError."""

    def language(self, code: str) -> str | None:
        """Its own, else the nearest parent's."""

    def path(self, code: str) -> tuple[str, ...]:
        """Codes, from the topmost down to itself. Raises InputError."""

    def __contains__(self, code: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Named:
    """What chooses. areas: with all below them. where: of those of the areas, or of all. lists: location lists."""

    areas: frozenset[str] = frozenset()
    where: Where | None = None
    lists: tuple[str, ...] = ()

    @property
    def everybody(self) -> bool:
        """Nothing is named."""
        return not (self.areas or self.where or self.lists)


@dataclass(frozen=True, slots=True)
class Selection:
    """classes: by profile_no; 0: does not hear it, whatever lists they are on. A profile that is not there: as of
    number 0, of whom nothing is known. lists: bit k of somebody's lists says that they are on one of lists[k].
    heard: by class and these bits: a variant, or UNHEARD. parts: by class, as `parter` numbers them; none: all of part
    0."""

    classes: tuple[int, ...]
    lists: tuple[tuple[str, ...], ...]
    heard: tuple[tuple[int, ...], ...]
    parts: tuple[int, ...] = ()

    @property
    def nobody(self) -> bool:
        """Whoever there is and whatever list they are on."""
        return not any(self.classes)

    def by_variant(
        self, of_class: int, numbers: NDArray[np.int64], members: Sequence[NDArray[np.int64]]
    ) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """People of one class by the message that they hear; the others are left out. members: sorted numbers, by bit
        of `lists`."""
        told = self.heard[of_class]
        if len(set(told)) == 1:
            if told[0] != UNHEARD:
                yield told[0], numbers
            return
        variants = np.array(told, np.int64)[bits(numbers, members)]
        for variant in sorted(set(told) - {UNHEARD}):
            yield variant, numbers[variants == variant]


def bits(numbers: NDArray[np.int64], members: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Of each number, on which of these lists it is. members: sorted."""
    found = np.zeros(len(numbers), np.int64)
    for bit, those in enumerate(members):
        if len(those):
            at = np.minimum(np.searchsorted(those, numbers), len(those) - 1)
            found |= (those[at] == numbers).astype(np.int64) << bit
    return found


def no_part(_profile: Profile) -> int:
    """Nobody is told apart."""
    return 0


def select(
    profiles: Sequence[Profile], named: Named, reading: Reading, parting: Reading = no_part
) -> Selection:
    """profiles: by number; number 0 is one of them. parting: who is told apart though they hear the same.
    Raises InputError where a filter tells too many apart."""
    lists: list[tuple[str, ...]] = [(name,) for name in (named.where.lists if named.where else ())]
    lists += [named.lists] if named.lists else []
    nobody = (UNHEARD,) * (1 << len(lists))
    known = {(nobody, 0): 0}
    classes = [0] * (1 + max((each.profile_no for each in profiles), default=0))
    chooses = _chooser(named)
    for each in profiles:
        told = chooses(each)
        kind = nobody, 0
        if any(told):
            variant = reading(each)
            kind = tuple(variant if chosen else UNHEARD for chosen in told), parting(each)
        classes[each.profile_no] = known.setdefault(kind, len(known))
    if len(known) > _CLASSES_MOST:
        raise InputError(_("the filter tells too many kinds of people apart by lists: name fewer of them"))
    heard, parts = zip(*known, strict=True)
    return Selection(tuple(classes), tuple(lists), heard, parts)


def reader(tree: Tree, languages: Sequence[str], otherwise: str) -> Reading:
    """languages: of the content, of variant 1 and on; none: there is one message for all. otherwise: the country's."""
    if not languages:
        return lambda profile: 0
    variant = variant_of(languages)
    found: dict[tuple[str | None, str | None, str | None], int] = {}

    def reading(profile: Profile) -> int:
        key = profile.language, profile.area, profile.seen
        if key not in found:
            homes = (tree.language(each) for each in (profile.area, profile.seen) if each is not None)
            found[key] = variant(profile.language or next(filter(None, homes), None) or otherwise)
        return found[key]

    return reading


def parter(tree: Tree, areas: Collection[str]) -> Reading:
    """The number of the area that somebody is counted in: of those that are named (`areas`) the one that they live in,
    or were seen in last; the topmost where none is named. 0: nobody knows where they are."""
    numbers: dict[str, int] = {}
    found: dict[tuple[str | None, str | None], int] = {}

    def part(profile: Profile) -> int:
        paths = [
            tree.path(each) for each in (profile.area, profile.seen) if each is not None and each in tree
        ]
        met = [next((each for each in path if each in areas), None) if areas else path[0] for path in paths]
        area = next(filter(None, met), None)
        return 0 if area is None else numbers.setdefault(area, len(numbers) + 1)

    def parting(profile: Profile) -> int:
        key = profile.area, profile.seen
        if key not in found:
            found[key] = part(profile)
        return found[key]

    return parting


def variant_of(languages: Sequence[str]) -> Callable[[str | None], int]:
    """languages: of the content. Of a language (BCP 47) the number of the message that is nearest to it: in itself, in
    its primary language, in one of the same primary language; else the first."""
    exact = {each.casefold(): number for number, each in reversed(list(enumerate(languages, 1)))}
    primary = {_primary(each): number for number, each in reversed(list(enumerate(languages, 1)))}

    def variant(language: str | None) -> int:
        said = (language or "").casefold()
        return exact.get(said) or exact.get(_primary(said)) or primary.get(_primary(said)) or 1

    return variant


def _primary(language: str) -> str:
    return language.casefold().partition("-")[0]


def _chooser(named: Named) -> Callable[[Profile], tuple[bool, ...]]:
    """Whether a profile is chosen, by the bits of its lists."""
    where, areas = named.where, named.areas
    count = len(where.lists) if where else 0
    never, ever = (False,) * (1 << count), (True,) * (1 << count)
    all_of_them = ever if not named.lists else never

    def narrowed(profile: Profile) -> tuple[bool, ...]:
        if areas and not (profile.area in areas or profile.seen in areas):
            return never
        if where is not None:
            return fits(where, profile)
        return ever if areas else all_of_them

    if not named.lists:
        return narrowed
    return lambda profile: narrowed(profile) + ever  # the last bit: on a location list


def fits(where: Where, profile: Profile) -> tuple[bool, ...]:
    """Whether a filter fits a profile, by bits of its lists, in their order. A list is told apart where it decides, no
    further: most filters look at one for few profiles, and at all of them for hardly any."""
    if not where.lists:
        return (where.fits(profile, _on_none),)
    bit = {name: number for number, name in enumerate(where.lists)}
    every = 1 << len(bit)
    found = [False] * every
    waiting = [(0, 0)]  # of some of the lists it is known whether they are on them: which, and on which
    while waiting:
        known, on = waiting.pop()

        def is_on(name: str, known: int = known, on: int = on) -> bool:
            if not known >> bit[name] & 1:
                raise _UndecidedError(bit[name])
            return bool(on >> bit[name] & 1)

        try:
            fitting = where.fits(profile, is_on)
        except _UndecidedError as asked:
            more = 1 << asked.bit
            waiting += [(known | more, on), (known | more, on | more)]
            continue
        if fitting:
            for each in range(every):
                if each & known == on:
                    found[each] = True
    return tuple(found)


class _UndecidedError(Exception):
    """Whether they are on that list decides."""

    def __init__(self, bit: int) -> None:
        super().__init__()
        self.bit = bit


def _on_none(_name: str) -> bool:
    return False
