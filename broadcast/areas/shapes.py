"""Shapes on the earth: polygons and circles of alerts, and how large they are. Pure.

Degrees of WGS 84 on a flat map, longitude to the right: edges are straight there, as CAP (1.2 §3.3.4) and GeoJSON (RFC
7946 §3.1.1) have them. Areas are those of a sphere, exactly; so are circles, within a 5,000th of their radius. The
earth is no sphere: a distance on it is up to 0.56 % more or less than here.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from broadcast.errors import InputError
from broadcast.languages import _

EARTH_KM: Final = 6371.0088  # mean radius, IUGG
_CORNERS: Final = (
    256  # of a circle's polygon: its edges come within cos(pi / 256) of the radius, which is made up for
)
_TURN: Final = 360.0

Point = tuple[float, float]  # latitude, longitude, as CAP writes them
NOWHERE: Final[BaseGeometry] = shapely.MultiPolygon()


def polygon(points: Sequence[Point]) -> BaseGeometry:
    """A ring of CAP's. One that crosses itself holds all that it goes round; one that goes round nothing holds nothing.

    Raises InputError where it is as wide as the half of the earth: which side of 180° is meant cannot be told.
    """
    corners = [(longitude, latitude) for latitude, longitude in points]
    _check_width(min(each[0] for each in corners), max(each[0] for each in corners))
    return surface(shapely.Polygon(corners))


def circle(centre: Point, radius_km: float) -> BaseGeometry:
    """All that is within the radius. A radius of 0 is a point.

    Raises InputError where a pole is within it. One over the meridian of 180° is cut there.
    """
    if radius_km == 0:
        return shapely.Point(centre[1], centre[0])
    # a polygon's edges run within its corners' circle: these stand a little outside
    distance = radius_km / EARTH_KM / math.cos(math.pi / _CORNERS)
    latitude, longitude = map(math.radians, centre)
    if abs(latitude) + distance >= math.pi / 2:
        raise InputError(
            _("a circle of {radius:g} km has a pole in it: say it as polygons", radius=float(radius_km))
        )
    bearing = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    sine = math.sin(latitude) * math.cos(distance) + math.cos(latitude) * math.sin(distance) * np.cos(bearing)
    east = np.arctan2(
        np.sin(bearing) * math.sin(distance) * math.cos(latitude),
        math.cos(distance) - math.sin(latitude) * sine,
    )
    ring = np.column_stack([np.degrees(longitude + east), np.degrees(np.arcsin(sine))])
    return _around(shapely.Polygon(ring))


def union(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    """All that any of them holds."""
    return shapely.union_all(list(shapes))


def surface(shape: BaseGeometry) -> BaseGeometry:
    """Its polygons, made valid: without lines and points that a repair leaves."""
    whole = shape if shape.is_valid else shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = [
        each
        for each in shapely.get_parts(shapely.get_parts(whole))
        if each.geom_type == "Polygon" and each.area > 0
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def area_km2(shape: BaseGeometry) -> float:
    """On the sphere, edges straight in degrees. Exact: of an edge, the area down to the equator has a closed form."""
    return sum(
        _ring_km2(part.exterior) - sum(map(_ring_km2, part.interiors))
        for part in shapely.get_parts(shapely.get_parts(shape))
        if part.geom_type == "Polygon"
    )


def _ring_km2(ring: BaseGeometry) -> float:
    corners = np.radians(shapely.get_coordinates(ring))
    steps = np.diff(corners, axis=0)
    middle, half = corners[:-1, 1] + steps[:, 1] / 2, steps[:, 1] / 2
    # the mean of sin(latitude) along an edge; np.sinc(x) is sin(pi x) / (pi x)
    mean = np.sin(middle) * np.sinc(half / math.pi)
    return abs(float(np.dot(steps[:, 0], mean))) * EARTH_KM**2


def _check_width(west: float, east: float) -> None:
    if east - west >= _TURN / 2:
        raise InputError(
            _(
                "a polygon is {width:g}° wide: one over the meridian of 180° is to be cut there",
                width=east - west,
            )
        )


def _around(shape: BaseGeometry) -> BaseGeometry:
    """What is beyond 180° is on the other side."""
    west, _south, east, _north = shape.bounds
    if west >= -_TURN / 2 and east <= _TURN / 2:
        return shape
    world = shapely.box(-_TURN / 2, -90, _TURN / 2, 90)
    turned = [_moved(shape, by) for by in (-_TURN, 0.0, _TURN)]
    return surface(union(each.intersection(world) for each in turned))


def _moved(shape: BaseGeometry, by: float) -> BaseGeometry:
    return shapely.transform(shape, lambda each: each + np.array([by, 0.0]))
