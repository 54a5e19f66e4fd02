"""How many people an alert's areas are, how many of them are outside of where it holds, and how many of the census."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broadcast.areas import tree as trees
from broadcast.areas.tree import AreaTree
from broadcast.audience.coverage import by_profile
from broadcast.audience.profiles import Profile, all_profiles
from broadcast.campaign.area import Area
from broadcast.campaign.content import Content
from broadcast.store.types import Connection

if TYPE_CHECKING:
    from broadcast.areas.keep import Geocodes

Share = Callable[[str], float | None]
"""How much of where people of an area (its code) may be lies where an alert holds, 0 to 1; None: the map has it not."""


@dataclass(frozen=True, slots=True)
class AreaReach:
    """people: on the list, who live in it or below it or were seen there last. share: of it, where the alert holds;
    None: not known. outside: of its people, by the shares of the areas that are theirs; exact where these are 0 or 1.
    census: people; None: nobody said."""

    code: str
    name: str
    people: int
    share: float | None
    outside: float
    census: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """areas: those that were chosen; none: everybody is. people: each once, on the list. shaped: the alert says where
    it holds. outside: for certain; perhaps: by the shares of areas that lie partly outside, an estimate. unmapped: of
    whom nobody can say. census: of all areas, of those that have one (`uncounted`: how many have none). vague: who is
    known only to live in an area around these, and is not chosen."""

    areas: tuple[AreaReach, ...]
    people: int
    shaped: bool
    outside: int
    perhaps: float
    unmapped: int
    census: int | None
    uncounted: int
    vague: int


async def reach(home: Connection, content: Content) -> Reach | None:
    """None: no areas are known, or nothing says where. Raises InputError for an area that there is no more."""
    plan = content.plan
    if content.hearers != "everybody" or not (plan.areas or content.areas):
        return None
    tree = await trees.load(home)
    if not tree:
        return None
    counts = await by_profile(home)
    people = [
        (each, counts[each.profile_no]) for each in await all_profiles(home) if each.profile_no in counts
    ]
    return reached(tree, people, plan.areas, await _share(home, tree, content.areas))


async def _share(home: Connection, tree: AreaTree, areas: Sequence[Area]) -> Share | None:
    if not areas:
        return None
    # not before an alert says where it holds: whoever shows any other waits for no library of shapes
    from broadcast.areas import keep
    from broadcast.areas.meeting import share_of
    from broadcast.campaign.alert_shape import shape_of

    named = await keep.geocodes(home)
    codes = {code for each in areas for geocode in each.geocodes for code in _codes(tree, named, geocode)}
    whole = frozenset[str]().union(*(tree.under(code) for code in codes))
    known = await keep.load_map(home)
    shape = shape_of(areas)
    met = {} if shape.is_empty else known.meetings(shape)
    return lambda code: 1.0 if code in whole else share_of(tree, known, met, code)


def _codes(tree: AreaTree, named: "Geocodes", geocode: tuple[str, str]) -> Sequence[str]:
    """Of the areas that a geocode names: by what others call them, else by their code."""
    return named.areas(*geocode) or ([geocode[1]] if geocode[1] in tree else [])


def reached(
    tree: AreaTree, people: Sequence[tuple[Profile, int]], codes: Sequence[str], share: Share | None
) -> Reach:
    """people: profiles, and how many have each. codes: of the chosen areas; none: everybody. share: None: the alert
    does not say where it holds. Pure."""
    under = {code: tree.under(code) for code in codes}
    chosen = frozenset[str]().union(*under.values())
    around = {each for code in codes for each in tree.path(code)[:-1]} - chosen
    those = [(each, count) for each, count in people if not codes or chosen & _places(each)]
    shares = [(count, _share_of(share, each)) for each, count in those] if share else []
    census = [_census(tree, code) for code in codes]
    known = [each for each in census if each is not None]
    return Reach(
        tuple(_area(tree, code, under[code], those, share) for code in codes),
        sum(count for _each, count in those),
        share is not None,
        sum(count for count, found in shares if found == 0),
        sum(count * (1 - found) for count, found in shares if found),
        sum(count for count, found in shares if found is None),
        sum(known) if known else None,
        len(census) - len(known),
        sum(
            count for each, count in people if codes and not chosen & _places(each) and around & _places(each)
        ),
    )


def _area(
    tree: AreaTree,
    code: str,
    under: frozenset[str],
    those: Sequence[tuple[Profile, int]],
    share: Share | None,
) -> AreaReach:
    own = [(each, count) for each, count in those if under & _places(each)]
    found = [(count, _share_of(share, each)) for each, count in own] if share else []
    return AreaReach(
        code,
        tree.full_name(code),
        sum(count for _each, count in own),
        share(code) if share else None,
        sum(count * (1 - part) for count, part in found if part is not None),
        _census(tree, code),
    )


def _share_of(share: Share, profile: Profile) -> float | None:
    """They may be at either place: the more likely one."""
    found = [each for each in map(share, _places(profile)) if each is not None]
    return max(found, default=None)


def _places(profile: Profile) -> frozenset[str]:
    return frozenset(filter(None, (profile.area, profile.seen)))


def _census(tree: AreaTree, code: str) -> int | None:
    """Its own, else that of all below it."""
    if (own := tree[code].census) is not None:
        return own
    below = list(_counted(tree, code))
    return sum(below) if below and len(below) == len(tree.children(code)) else None


def _counted(tree: AreaTree, code: str) -> Iterator[int]:
    for each in tree.children(code):
        if (found := _census(tree, each)) is not None:
            yield found
