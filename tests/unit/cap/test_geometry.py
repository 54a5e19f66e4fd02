import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.cap import geometry

SQUARE = "0,0 1,0 1,1 0,1 0,0"


def crossing(text: str) -> tuple[int, int] | bool | None:
    points = geometry.polygon(text)
    assert points is not None
    return geometry.crossing(points, geometry.Effort())


@pytest.mark.parametrize(
    "text", [SQUARE, " 0.0,0  1.,0\n+1,1 0,1 0,0 ", "-1,-1 -1,1 1,.5 -1,-1", "0,0 0,0 1,0 1,1 0,0 0,0"]
)
def test_polygons(text: str) -> None:
    assert crossing(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0,0 1,0 1,1",
        "0,0 1,0 1,1 0,1",
        "0,0 1,0 0,0",
        "0 0 1,0 1,1 0,0",
        "0,0 1,0 1,1 0,1 0,0,5",
        "1e1,0 1,0 1,1 1e1,0",
    ],
)
def test_no_polygons(text: str) -> None:
    assert geometry.polygon(text) is None


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("0,0 1,1 1,0 0,1 0,0", (1, 3)),
        ("0,0 4,0 4,4 2,0 0,4 0,0", (1, 4)),  # a corner that touches an edge
        ("0,0 0,0 1,1 1,0 0,1 0,0", (2, 4)),  # a corner written twice counts
        ("0,0 4,0 2,0 6,0 6,6 0,0", (1, 3)),  # edges in a line
        ("0,0 0,4 4,4 4,0 2,5 0,0", (2, 5)),
    ],
)
def test_edges_that_cross(text: str, edges: tuple[int, int]) -> None:
    assert crossing(text) == edges


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=8))
def test_a_crossing_is_the_same_from_every_corner(corners: list[tuple[int, int]]) -> None:
    def found(at: int) -> bool:
        turned = corners[at:] + corners[:at]
        ring = tuple((float(a), float(b)) for a, b in [*turned, turned[0]])
        return geometry.crossing(ring, geometry.Effort()) is not None

    assert len({found(at) for at in range(len(corners))}) == 1


def test_too_many_to_look_at() -> None:
    comb = [(10.0 if at % 2 else 12.0, at / 100) for at in range(1400)]
    ring, effort = (*comb, (9.0, 13.99), (9.0, 0.0), comb[0]), geometry.Effort(500_000)
    assert geometry.crossing(ring, effort) is False
    assert geometry.crossing(ring[-4:], effort) is False  # of one file there is no more of it
    assert geometry.crossing(ring, geometry.Effort()) is None


def test_corners_are_counted_before_they_are_read() -> None:
    assert not geometry.too_long("1,1 " * geometry.CORNERS_MOST)
    assert geometry.too_long("x " * (geometry.CORNERS_MOST + 1))


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ("32.9525,-115.5527 0", ((32.9525, -115.5527), 0.0)),
        (" 1,2  15.5\n", ((1.0, 2.0), 15.5)),
        ("1,2 +.5", ((1.0, 2.0), 0.5)),
    ],
)
def test_circles(text: str, circle: tuple[tuple[float, float], float]) -> None:
    assert geometry.circle(text) == circle


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3", "1 2 3", "1,2 -3", "nan,1 2", "1,2 3 4"])
def test_no_circles(text: str) -> None:
    assert geometry.circle(text) is None
