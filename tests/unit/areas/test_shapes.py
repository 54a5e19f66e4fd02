"""Polygons and circles on the earth, against other ways to reckon."""

import math
from itertools import pairwise

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from broadcast.areas.shapes import EARTH_KM, area_km2, circle, polygon, surface, union
from broadcast.errors import InputError

_LATITUDES = st.floats(-84, 84)
_LONGITUDES = st.floats(-180, 180)


def apart_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """On the sphere, by the haversine formula."""
    (a, b), (c, d) = [tuple(map(math.radians, each)) for each in (one, other)]
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


def destination(start: tuple[float, float], bearing: float, km: float) -> tuple[float, float]:
    """By turning a vector, not by the formula of the code."""
    latitude, longitude = map(math.radians, start)
    up = (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )
    east = (-math.sin(longitude), math.cos(longitude), 0.0)
    north = (
        -math.sin(latitude) * math.cos(longitude),
        -math.sin(latitude) * math.sin(longitude),
        math.cos(latitude),
    )
    angle = km / EARTH_KM
    x, y, z = (
        u * math.cos(angle) + (n * math.cos(bearing) + e * math.sin(bearing)) * math.sin(angle)
        for u, e, n in zip(up, east, north, strict=True)
    )
    return math.degrees(math.asin(max(-1.0, min(1.0, z)))), math.degrees(math.atan2(y, x))


@given(_LATITUDES, _LONGITUDES, st.floats(0.05, 500), st.floats(0, 2 * math.pi), st.floats(0, 2))
def test_a_circle_holds_who_is_within_its_radius_and_nobody_else(
    latitude: float, longitude: float, radius: float, bearing: float, part: float
) -> None:
    found = circle((latitude, longitude), radius)
    at = destination((latitude, longitude), bearing, radius * part)
    within = shapely.intersects(found, shapely.Point(at[1], at[0]))
    distance = apart_km((latitude, longitude), at)
    if distance <= radius * (1 - 1e-6):
        assert within
    elif distance > radius * (1 + 2e-4) + 1e-6:
        assert not within


def test_a_circle_over_the_meridian_of_180_is_on_both_sides() -> None:
    found = circle((0.0, 179.9), 50.0)
    assert shapely.intersects(found, shapely.Point(-179.9, 0)) and shapely.intersects(
        found, shapely.Point(179.8, 0)
    )
    assert found.bounds[0] >= -180 and found.bounds[2] <= 180
    assert area_km2(found) == pytest.approx(area_km2(circle((0.0, 20.0), 50.0)), rel=1e-6)


def test_what_has_a_pole_or_no_clear_side_is_refused() -> None:
    with pytest.raises(InputError, match="pole"):
        circle((89.9, 0.0), 50.0)
    with pytest.raises(InputError, match="cut there"):
        polygon([(0, 170), (10, -170), (10, 175), (0, 170)])


def test_a_radius_of_nothing_is_a_point() -> None:
    assert circle((16.0, 108.0), 0.0) == shapely.Point(108, 16)


@given(st.floats(-80, 80), st.floats(0.001, 9), st.floats(-180, 170), st.floats(0.001, 9))
def test_the_area_between_two_parallels_is_archimedes(
    south: float, high: float, west: float, wide: float
) -> None:
    box = shapely.box(west, south, west + wide, south + high)
    north = math.radians(south + high)
    expected = EARTH_KM**2 * math.radians(wide) * (math.sin(north) - math.sin(math.radians(south)))
    assert area_km2(box) == pytest.approx(expected, rel=1e-7)


def test_the_area_of_a_circle_is_that_of_a_cap() -> None:
    expected = 2 * math.pi * EARTH_KM**2 * (1 - math.cos(100 / EARTH_KM))
    assert area_km2(circle((61.0, 105.0), 100.0)) == pytest.approx(expected, rel=5e-4)


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(90, 120)), min_size=3, max_size=3))
def test_the_area_of_a_triangle_is_that_of_thin_strips(corners: list[tuple[float, float]]) -> None:
    """Cut along parallels, each strip with the cosine of its middle."""
    shape = shapely.Polygon([(longitude, latitude) for latitude, longitude in corners])
    south, north = shape.bounds[1], shape.bounds[3]
    total = 0.0
    for number in range(200):
        low = south + (north - south) * number / 200
        high = south + (north - south) * (number + 1) / 200
        middle = (low + high) / 2
        crossed = sorted(
            a[1] + (b[1] - a[1]) * (middle - a[0]) / (b[0] - a[0])
            for a, b in pairwise([*corners, corners[0]])
            if (a[0] <= middle) != (b[0] <= middle)
        )
        width = math.radians(crossed[1] - crossed[0]) if len(crossed) == 2 else 0.0
        total += width * math.radians(high - low) * math.cos(math.radians(middle)) * EARTH_KM**2
    assert area_km2(shape) == pytest.approx(total, rel=2e-2, abs=1e-3)


def test_a_ring_that_meets_itself_holds_what_it_goes_round() -> None:
    hole = [(0, 0), (0, 10), (10, 10), (10, 0), (0, 0), (2, 2), (8, 2), (8, 8), (2, 8), (2, 2), (0, 0)]
    with_hole = polygon(hole)  # CAP has no holes but those that a ring goes into by a cut
    assert not shapely.intersects(with_hole, shapely.Point(5, 5))
    assert with_hole.area == 64
    bow = polygon([(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)])
    assert bow.is_valid and bow.area == 50
    assert polygon([(0, 0), (0, 10), (0, 5), (0, 0)]).is_empty
    assert surface(union([bow, with_hole])).is_valid
