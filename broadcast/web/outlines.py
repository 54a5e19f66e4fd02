"""A map of the areas: their shapes made few enough points for a page, borders that two share still shared. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from broadcast.areas.shapes import surface

OCTETS_MOST: Final = 160_000  # of all paths: a page with the map of a nation stays below 200 KB
WIDTH: Final = 600.0  # of the drawing, in its own units; no higher than twice that
_HEIGHT_MOST: Final = 2 * WIDTH
_FINEST: Final = 0.3  # tolerance, in units: less than half a pixel of a desktop's map
_LABEL_FROM: Final = 900.0  # square units: a figure fits into an area of that size
_ISLET: Final = 0.8  # square units: smaller parts are left out, but never all of an area


@dataclass(frozen=True, slots=True)
class Outline:
    """path: of SVG, closed. x, y: where a figure may stand; labelled: the area is large enough for it."""

    path: str
    x: float
    y: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Outlines:
    """By code; empty: nobody gave shapes. width, height: of the drawing."""

    width: float
    height: float
    areas: Mapping[str, Outline]


NO_OUTLINES: Final = Outlines(0.0, 0.0, {})


def outlines(shapes: Mapping[str, BaseGeometry], octets_most: int = OCTETS_MOST) -> Outlines:
    """shapes: by code, in degrees (WGS 84). Made coarser until all paths together fit into octets_most."""
    codes = [code for code, shape in shapes.items() if not shape.is_empty]
    if not codes:
        return NO_OUTLINES
    flat, width, height = _flat([shapes[code] for code in codes])
    tolerance = _FINEST
    while True:
        drawn = _simplified(flat, tolerance)
        paths = [_path(each) for each in drawn]
        if sum(map(len, paths)) <= octets_most or tolerance > WIDTH:
            break
        tolerance *= 1.6
    areas = {
        code: _outline(path, shape) for code, path, shape in zip(codes, paths, flat, strict=True) if path
    }
    return Outlines(round(width, 1), round(height, 1), areas)


def _flat(shapes: list[BaseGeometry]) -> tuple[list[BaseGeometry], float, float]:
    """Equirectangular about the middle latitude, north up, the western and northern edge at 0; width and height."""
    west, south, east, north = shapely.total_bounds(shapes)
    wide = max((east - west) * math.cos(math.radians((south + north) / 2)), 1e-9)
    high = max(north - south, 1e-9)
    unit = min(WIDTH / wide, _HEIGHT_MOST / high)
    across = unit * wide / max(east - west, 1e-9)

    def placed(points: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
        return np.column_stack([(points[:, 0] - west) * across, (north - points[:, 1]) * unit])

    return [shapely.transform(each, placed) for each in shapes], wide * unit, high * unit


def _simplified(shapes: list[BaseGeometry], tolerance: float) -> list[BaseGeometry]:
    """As one coverage where they are one, so that no gap opens between neighbours; each by itself otherwise."""
    if shapely.coverage_is_valid(shapes):
        # its tolerance is the root of the area of what is cut off
        return list(shapely.coverage_simplify(shapes, tolerance * 2))
    return [shapely.simplify(each, tolerance, preserve_topology=True) for each in shapes]


def _path(shape: BaseGeometry) -> str:
    parts = sorted(shapely.get_parts(surface(shape)), key=lambda each: -each.area)
    kept = [each for each in parts if each.area >= _ISLET] or parts[:1]
    return "".join(_ring(ring) for part in kept for ring in (part.exterior, *part.interiors))


def _ring(ring: BaseGeometry) -> str:
    """To a tenth of a unit, as steps from point to point: half as long as coordinates."""
    points = np.rint(shapely.get_coordinates(ring)[:-1] * 10).astype(int)
    steps = np.diff(points, axis=0, prepend=[[0, 0]])
    moved = [(int(x), int(y)) for x, y in steps[1:] if x or y]
    first = f"M{_tenth(int(points[0, 0]))},{_tenth(int(points[0, 1]))}l"
    return first + " ".join(f"{_tenth(x)},{_tenth(y)}" for x, y in moved) + "z" if len(moved) > 1 else ""


def _tenth(value: int) -> str:
    return f"{value / 10:g}"


def _outline(path: str, shape: BaseGeometry) -> Outline:
    largest = max(shapely.get_parts(surface(shape)), key=lambda each: float(each.area), default=shape)
    point = shapely.point_on_surface(largest)
    return Outline(path, round(point.x, 1), round(point.y, 1), largest.area >= _LABEL_FROM)
