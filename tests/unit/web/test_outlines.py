"""The map: bounded, whole, and of neighbours that still touch."""

import re

import pytest
import shapely
from unit.web.documents import shapes

from broadcast.web.outlines import NO_OUTLINES, WIDTH, outlines


def drawn(path: str) -> shapely.Geometry:
    """The polygon of a path, its rings as they are."""
    rings = []
    for ring in re.findall(r"M([^z]+)z", path):
        first, rest = ring.split("l")
        x, y = map(float, first.split(","))
        points = [(x, y)]
        for step in rest.split(" "):
            dx, dy = map(float, step.split(","))
            x, y = x + dx, y + dy
            points.append((x, y))
        rings.append(points)
    return shapely.union_all([shapely.make_valid(shapely.Polygon(each)) for each in rings])


@pytest.mark.parametrize("points", [4, 40, 900])
def test_34_provinces_fit_into_a_page(points: int) -> None:
    made = outlines(shapes(points))
    assert len(made.areas) == 34
    assert sum(len(each.path) for each in made.areas.values()) < 160_000
    assert made.width == pytest.approx(WIDTH) and made.height <= 2 * WIDTH


def test_a_bound_is_kept_by_fewer_points() -> None:
    fine, coarse = outlines(shapes(300)), outlines(shapes(300), 5_000)
    assert sum(len(each.path) for each in coarse.areas.values()) <= 5_000
    assert set(coarse.areas) == set(fine.areas)


def test_no_gap_opens_between_neighbours() -> None:
    """Each by itself they would: what is not covered, and covered twice, is rounding alone."""
    parts = [drawn(each.path) for each in outlines(shapes(120), 20_000).areas.values()]
    whole = shapely.union_all([shapely.buffer(each, 0.2) for each in parts])
    holes = sum(len(each.interiors) for each in shapely.get_parts(whole) if each.geom_type == "Polygon")
    assert holes == 0
    assert sum(each.area for each in parts) == pytest.approx(shapely.union_all(parts).area, rel=0.005)


def test_islets_go_but_never_all_of_an_area() -> None:
    mainland, islet = shapely.box(100, 10, 104, 14), shapely.box(110, 10, 110.001, 10.001)
    made = outlines({"a": shapely.MultiPolygon([mainland, islet]), "b": islet})
    assert made.areas["a"].path.count("M") == 1
    assert made.areas["b"].path.count("M") == 1 or "b" not in made.areas
    assert made.areas["a"].labelled


def test_a_figure_stands_within_its_area() -> None:
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 2, 8, 8))
    made = outlines({"ring": ring, "yard": shapely.box(2, 2, 8, 8)}).areas
    assert drawn(made["yard"].path).contains(shapely.Point(made["yard"].x, made["yard"].y))
    assert made["ring"].path.count("M") == 2


def test_areas_that_overlap_are_drawn_each_by_itself() -> None:
    made = outlines({"a": shapely.box(0, 0, 5, 5), "b": shapely.box(4, 4, 9, 9)})
    assert set(made.areas) == {"a", "b"}


def test_nothing_is_drawn_of_nothing() -> None:
    assert outlines({}) is NO_OUTLINES
    assert outlines({"a": shapely.MultiPolygon()}) is NO_OUTLINES
