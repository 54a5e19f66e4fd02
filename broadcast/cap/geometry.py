"""<polygon> and <circle>: WGS 84 pairs of degrees, latitude first (CAP 1.2 §3.3.4). Edges as if on a flat map."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Point = tuple[float, float]  # latitude, longitude
Edge = tuple[Point, Point]

_DEGREES: Final = r"[+-]?(?:\d{1,3}(?:\.\d{0,20})?|\.\d{1,20})"
_PAIR: Final = re.compile(rf"({_DEGREES}),({_DEGREES})", re.ASCII)
_CIRCLE: Final = re.compile(
    rf"({_DEGREES}),({_DEGREES})[ \t\r\n]+\+?(\d{{1,6}}(?:\.\d{{0,20}})?|\.\d{{1,20}})", re.ASCII
)
CORNERS_MOST: Final = 20_000
_COMPARED_MOST: Final = 1_000_000  # pairs of edges, of one file: half a second


@dataclass(slots=True)
class Effort:
    """What is left of it for one file: pairs of edges that may still be compared."""

    left: int = _COMPARED_MOST


def too_long(text: str) -> bool:
    """More corners than are looked at."""
    return len(text.split(maxsplit=CORNERS_MOST)) > CORNERS_MOST


def polygon(text: str) -> tuple[Point, ...] | None:
    """Its corners, the last as the first. None: it is no polygon."""
    corners = [_PAIR.fullmatch(each) for each in text.split()]
    points = tuple((float(each[1]), float(each[2])) for each in corners if each is not None)
    if len(points) < 4 or len(points) < len(corners) or points[0] != points[-1]:
        return None
    return points


def circle(text: str) -> tuple[Point, float] | None:
    """Its centre and radius in kilometres. None: it is no circle."""
    found = _CIRCLE.fullmatch(text.strip())
    return None if found is None else ((float(found[1]), float(found[2])), float(found[3]))


def on_earth(points: tuple[Point, ...]) -> bool:
    return all(abs(latitude) <= 90 and abs(longitude) <= 180 for latitude, longitude in points)


def crossing(points: tuple[Point, ...], effort: Effort) -> tuple[int, int] | bool | None:
    """The numbers, from 1, of two edges that meet elsewhere than at a corner that they share; None: none do.

    False: there are too many to look at.
    """
    numbered = [each for each in enumerate(pairwise(points), 1) if each[1][0] != each[1][1]]
    edges = [edge for _, edge in numbered]
    order = sorted(range(len(edges)), key=lambda each: min(edges[each][0][0], edges[each][1][0]))
    for place, one in enumerate(order):
        top = max(edges[one][0][0], edges[one][1][0])
        for other in order[place + 1 :]:
            if min(edges[other][0][0], edges[other][1][0]) > top:
                break
            effort.left -= 1
            if effort.left < 0:
                return False
            if _neighbours(one, other, len(edges)):
                continue
            if _meet(edges[one], edges[other]):
                return numbered[min(one, other)][0], numbered[max(one, other)][0]
    return None


def _neighbours(one: int, other: int, edges: int) -> bool:
    return abs(one - other) in (1, edges - 1)


def _meet(one: Edge, other: Edge) -> bool:
    (a, b), (c, d) = one, other
    if min(a[1], b[1]) > max(c[1], d[1]) or min(c[1], d[1]) > max(a[1], b[1]):
        return False
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if 0 in sides:  # a corner on an edge: it touches, or lies in line with it
        ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
        return any(side == 0 and _between(*each) for side, each in zip(sides, ends, strict=True))
    return sides[0] != sides[1] and sides[2] != sides[3]


def _side(a: Point, b: Point, c: Point) -> int:
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)


def _between(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
