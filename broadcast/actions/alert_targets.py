"""Whose people an alert concerns: the areas that its polygons, circles and geocodes meet."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.actions.session import Session
from broadcast.areas import keep, tree
from broadcast.areas.keep import Geocodes
from broadcast.areas.meeting import Map, choose
from broadcast.areas.tree import AreaTree
from broadcast.audience.profiles import all_profiles
from broadcast.campaign.alert_shape import shape_of
from broadcast.campaign.area import Area
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.visible import visible


@dataclass(frozen=True, slots=True)
class Targets:
    """codes: of areas, sorted. remarks: sentences for whoever reads the import."""

    codes: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _World:
    """What is known of areas. people: areas that are somebody's. least: how
    deep a meeting must be, 0 to 1."""

    tree: AreaTree
    map: Map
    named: Geocodes
    people: frozenset[str]
    least: float


async def targets(session: Session, areas: Sequence[Area], *, must: bool) -> Targets | None:
    """None: no areas are known here, so that nothing can be chosen by them. must: raises RefusedError for one that is
    nowhere, with the ways out. Raises InputError for a shape that cannot be read."""
    home = session.connection
    known = await tree.load(home)
    if not known:
        return None
    profiles = await all_profiles(home)
    people = frozenset(code for each in profiles for code in (each.area, each.seen) if code is not None)
    least = session.config.cap.least_share / 100
    world = _World(known, await keep.load_map(home), await keep.geocodes(home), people, least)
    found, remarks = set[str](), list[str]()
    for area in areas:
        codes, said = _of_one(world, area)
        if not codes and must:
            raise RefusedError(_nowhere(world, area))
        if not codes:
            said.append(_nowhere(world, area))
        found |= codes
        remarks += said
    return Targets(_topmost(known, found), tuple(dict.fromkeys(remarks)))


def _of_one(world: _World, area: Area) -> tuple[set[str], list[str]]:
    """Shapes and geocodes are to say the same in two ways; where they do not, whoever either names hears it."""
    shape = shape_of([area])
    met = {} if shape.is_empty else world.map.meetings(shape)
    codes = set(choose(world.tree, world.map, met, world.people, world.least))
    remarks = []
    for name, value in area.geocodes:
        named = world.named.areas(name, value)
        by_code = [value] if not named and value in world.tree else []
        codes.update(named, by_code)
        if not (named or by_code):
            remarks.append(
                _("no area has the geocode {name}={value}", name=visible(name), value=visible(value))
            )
        elif by_code:
            remarks.append(
                _("the geocode {name}={value} is read as the code of {area}",
                  name=visible(name), value=visible(value), area=world.tree.full_name(value))
            )  # fmt: skip
    return codes, remarks


def _nowhere(world: _World, area: Area) -> str:
    ways = _("name the areas by --area, or ask for everybody by --everywhere")
    said = {"description": visible(area.description), "ways": ways}
    if (area.polygons or area.circles) and not world.map:
        return _(
            "its area {description} meets no area, for none has a geometry: import GeoJSON, {ways}", **said
        )
    return _("its area {description} meets no area that is known: {ways}", **said)


def _topmost(known: AreaTree, codes: set[str]) -> tuple[str, ...]:
    """Without those that another one holds."""
    return tuple(sorted(each for each in codes if not codes & set(known.path(each)[:-1])))
