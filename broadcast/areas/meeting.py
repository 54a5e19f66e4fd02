"""Which areas a shape on the map meets, and how much of each it holds. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from broadcast.areas.shapes import area_km2, surface
from broadcast.areas.tree import AreaTree

# Of the smaller one of both: what neighbours share where a border was rounded is no meeting. 1e-9 of a commune: a hand.
NOTHING: Final = 1e-9
WHOLE: Final = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Meeting:
    """An area that a shape meets. share: of the area, 0 to 1; 1: it lies within. depth: of the smaller one of both."""

    code: str
    share: float
    depth: float


class Map:
    """Areas' shapes by code, to be asked what another shape meets of them."""

    def __init__(self, shapes: Mapping[str, BaseGeometry]) -> None:
        self._codes = list(shapes)
        self._shapes = list(shapes.values())
        self._tree = shapely.STRtree(self._shapes)
        self._place = {code: place for place, code in enumerate(self._codes)}

    def __contains__(self, code: str) -> bool:
        return code in self._place

    def __bool__(self) -> bool:
        return bool(self._codes)

    def shape(self, code: str) -> BaseGeometry:
        return self._shapes[self._place[code]]

    def meetings(self, shape: BaseGeometry) -> dict[str, Meeting]:
        """By code, of whatever level: all that it shares more than a border with. A point meets what it is in."""
        ground = surface(shape)
        points = [each for each in shapely.get_parts(shapely.get_parts(shape)) if each.geom_type == "Point"]
        found = {code: Meeting(code, 0.0, 1.0) for point in points for code in self._met(point)}
        if not ground.is_empty:
            shapely.prepare(ground)
            own = area_km2(ground)
            shared = (self._meeting(code, ground, own) for code in self._met(ground))
            found |= {each.code: each for each in shared if each is not None}
        return found

    def _met(self, shape: BaseGeometry) -> list[str]:
        return [self._codes[place] for place in sorted(self._tree.query(shape, predicate="intersects"))]

    def _meeting(self, code: str, ground: BaseGeometry, own: float) -> Meeting | None:
        """own: the ground's square kilometres."""
        area = self.shape(code)
        if ground.covers(area):
            return Meeting(code, 1.0, 1.0)
        whole = area_km2(area)
        common = area_km2(shapely.intersection(area, ground))
        share, depth = common / whole, common / min(whole, own)
        if depth < NOTHING:
            return None
        return Meeting(code, 1.0 if share > WHOLE else share, min(depth, 1.0))


def choose(
    tree: AreaTree, areas: Map, met: Mapping[str, Meeting], known: Collection[str], least: float = 0.0
) -> tuple[str, ...]:
    """Codes of the areas whose people a shape concerns, in the tree's order. met: of `areas.meetings`.

    The smallest that it meets, so that few beyond it hear it; a larger one where the map has not all that are in it,
    where the shape meets it and none of these, and where of its people nobody knows more. known: the areas that are
    somebody's. least: of how deep a meeting is; less is left out.
    """
    deep = {code for code, each in met.items() if each.depth >= least}
    below = {code for each in known if each in tree for code in tree.path(each)[:-1]}
    return tuple(
        code for top in tree.children(None) for code in _choose(tree, areas, deep, (set(known), below), top)
    )


def _choose(
    tree: AreaTree, areas: Map, met: Collection[str], known: tuple[set[str], set[str]], code: str
) -> Iterator[str]:
    """known: areas that are somebody's, and those that have such an area below."""
    if code in areas and code not in met:
        return
    children = tree.children(code)
    found = [each for child in children for each in _choose(tree, areas, met, known, child)]
    if code not in areas:  # it is where the ones in it are
        yield from found
        return
    own, below = known
    coarse = code in own and code not in below
    mapped = all(_is_mapped(tree, areas, child) for child in children)
    if coarse or not found or not mapped:
        yield code
    else:
        yield from found


def _is_mapped(tree: AreaTree, areas: Map, code: str) -> bool:
    """It has a shape, or all that are in it have."""
    children = tree.children(code)
    return code in areas or (bool(children) and all(_is_mapped(tree, areas, each) for each in children))


def share_of(tree: AreaTree, areas: Map, met: Mapping[str, Meeting], code: str) -> float | None:
    """How much of where people of this area may be lies within the shape: of the nearest area around it that the map
    has. None: it has none, or there is no such area."""
    for each in reversed(tree.path(code)) if code in tree else ():
        if each in areas:
            return met[each].share if each in met else 0.0
    return None
