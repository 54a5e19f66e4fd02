"""Which areas a shape meets, against points that are looked at one by one."""

import math
import random

import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.areas.meeting import Map, choose, share_of
from broadcast.areas.shapes import circle, polygon, union
from broadcast.areas.tree import Area, AreaTree

# four communes of a degree in two provinces, beside each other; the fourth has a hole
CELLS = {"11": (0, 0), "12": (1, 0), "21": (2, 0), "22": (3, 0)}
TREE = AreaTree(
    [Area("vn", "Nation"), Area("1", "One", "vn"), Area("2", "Two", "vn")]
    + [Area(code, f"Commune {code}", code[0]) for code in CELLS]
)
BOXES = {code: shapely.box(x, y, x + 1, y + 1) for code, (x, y) in CELLS.items()}
BOXES["22"] = BOXES["22"] - shapely.box(3.4, 0.4, 3.6, 0.6)
MAP = Map({**BOXES, "1": union([BOXES["11"], BOXES["12"]]), "2": union([BOXES["21"], BOXES["22"]])})
COMMUNES = set(CELLS)


def crosses(point: tuple[float, float], ring: list[tuple[float, float]]) -> bool:
    """Whether a ray from the point crosses the ring an odd number of times: x, y."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def rings(shape: shapely.Polygon) -> list[list[tuple[float, float]]]:
    return [list(shape.exterior.coords)[:-1], *(list(each.coords)[:-1] for each in shape.interiors)]


@st.composite
def stars(draw: st.DrawFn) -> list[tuple[float, float]]:
    """A ring that does not cross itself, round a middle; x, y."""
    x, y = draw(st.floats(-0.5, 4.5)), draw(st.floats(-0.5, 1.5))
    far = draw(st.lists(st.floats(0.05, 1.5), min_size=3, max_size=9))
    return [
        (x + r * math.cos(2 * math.pi * n / len(far)), y + r * math.sin(2 * math.pi * n / len(far)))
        for n, r in enumerate(far)
    ]


@settings(max_examples=25)
@given(stars(), st.booleans(), st.integers(0, 1000))
def test_shares_are_those_of_points_thrown_at_each_area(
    ring: list[tuple[float, float]], holed: bool, seed: int
) -> None:
    outer = shapely.Polygon(ring)
    hole = shapely.affinity.scale(outer, 0.5, 0.5, origin=ring[0]) if holed else None
    shape = outer - hole if hole is not None else outer
    parts = [each for each in shapely.get_parts(shape) if each.geom_type == "Polygon"]
    found = MAP.meetings(shape)
    throw = random.Random(seed)
    for code, (x, y) in CELLS.items():
        hits = inside = 0
        for _ in range(200):
            at = (x + throw.random(), y + throw.random())
            if sum(crosses(at, each) for each in rings(BOXES[code])) % 2 == 0:
                continue  # in the area's own hole
            inside += 1
            hits += any(sum(crosses(at, each) for each in rings(part)) % 2 for part in parts)
        share = found[code].share if code in found else 0.0
        assert share == pytest.approx(hits / inside, abs=0.2)
        assert hits == 0 or code in found


def test_a_border_in_common_is_no_meeting() -> None:
    found = MAP.meetings(BOXES["12"])
    assert set(found) == {"12", "1"}
    assert found["12"].share == 1 and found["1"].share == pytest.approx(0.5)


def test_what_lies_in_the_hole_of_an_area_does_not_meet_it() -> None:
    assert set(MAP.meetings(shapely.box(3.45, 0.45, 3.55, 0.55))) == set()
    assert set(MAP.meetings(circle((0.5, 3.5), 0.0))) == set()
    assert MAP.meetings(circle((0.5, 2.5), 0.0))["21"].share == 0.0


def test_the_smallest_areas_are_chosen_and_a_larger_one_where_nobody_knows_more() -> None:
    met = MAP.meetings(polygon([(0.2, 0.9), (0.2, 1.1), (0.4, 1.1), (0.4, 0.9), (0.2, 0.9)]))
    assert choose(TREE, MAP, met, COMMUNES) == ("11", "12")
    assert choose(TREE, MAP, met, {"1", "11"}) == ("11", "12")  # some are known better
    assert choose(TREE, MAP, met, {"1"}) == ("1",)  # of nobody is more known than the province
    assert choose(TREE, MAP, met, set()) == ("11", "12")


def test_a_larger_one_is_chosen_where_the_map_has_not_all_in_it() -> None:
    part = Map({code: MAP.shape(code) for code in ("1", "11")})
    met = part.meetings(shapely.box(0.1, 0.1, 0.2, 0.2))
    assert choose(TREE, part, met, COMMUNES) == ("1",)
    bare = Map({"12": BOXES["12"]})  # provinces without a shape are where their communes are
    assert choose(TREE, bare, bare.meetings(BOXES["12"]), COMMUNES) == ("12",)


def test_a_meeting_that_is_not_deep_enough_is_left_out_but_a_small_shape_is_all_in() -> None:
    sliver = MAP.meetings(shapely.box(0.5, 0, 1.001, 1))
    assert choose(TREE, MAP, sliver, COMMUNES, least=0.01) == ("11",)
    factory = MAP.meetings(shapely.box(0.5, 0.5, 0.501, 0.501))
    assert factory["11"].share < 1e-5
    assert choose(TREE, MAP, factory, COMMUNES, least=0.9) == ("11",)


def test_a_share_is_that_of_the_nearest_area_that_the_map_has() -> None:
    few = Map({"1": MAP.shape("1"), "2": MAP.shape("2")})
    met = few.meetings(BOXES["11"])
    assert share_of(TREE, few, met, "11") == pytest.approx(0.5, abs=1e-3)
    assert share_of(TREE, few, met, "21") == 0.0
    assert share_of(TREE, few, met, "vn") is None
    assert share_of(TREE, few, met, "zz") is None
