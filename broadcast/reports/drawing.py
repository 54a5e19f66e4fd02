"""What charts are drawn of: axes with round ticks, fills with patterns, lines with dashes and marks, a legend. Pure.

Colours are Okabe and Ito's, and none says anything alone: in black and white a fill has its pattern and a line its dash
and mark. Lengths are in pixels of a chart as wide as its `width`; pages scale it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

TEXT_PX: Final = 13
_LETTER_PX: Final = 7.4  # of a wide letter of that size: a legend leaves too much room rather than too little
INK: Final = "#1c2730"
FAINT: Final = "#b0bec5"
_TIME_STEPS_S: Final = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    21_600,
    43_200,
    86_400,
)
_MARKS: Final = ("circle", "square", "triangle", "diamond", "cross", "plus")
_DASHES: Final = ("", "8 4", "2 4", "12 4 2 4", "5 2", "16 6")
_LINES: Final = ("#0072b2", "#d55e00", "#009e73", "#882255", "#e69f00", "#56b4e9", "#cc79a7")


@dataclass(frozen=True, slots=True)
class Fill:
    """How an area is filled: a colour, and on it lines that lean as the letters of `hatch` do, one of / \\ | - and .
    (dots), or none."""

    colour: str
    hatch: str = ""
    ink: str = "#fff"


@dataclass(frozen=True, slots=True)
class Look:
    """How a line is drawn."""

    colour: str
    dash: str
    mark: str


def look(number: int) -> Look:
    """Of the line with this number, from 0: no two of the first 42 are the same in colour and dash, or in mark."""
    return Look(_LINES[number % len(_LINES)], _DASHES[number % len(_DASHES)], _MARKS[number % len(_MARKS)])


@dataclass(frozen=True, slots=True)
class Scale:
    """Values onto pixels. first, last: of the values; start, end: where these are, end before start upwards."""

    first: float
    last: float
    start: float
    end: float

    def at(self, value: float) -> float:
        span = self.last - self.first or 1.0
        return round(self.start + (value - self.first) / span * (self.end - self.start), 2)


def time_ticks(last_s: float, most: int) -> list[int]:
    """Seconds from 0 to `last_s` at a round distance, at most `most` and the 0."""
    step = next(
        (each for each in _TIME_STEPS_S if last_s / each <= most), 86_400 * (1 + int(last_s / 86_400 / most))
    )
    return list(range(0, int(last_s) + 1, step))


def count_ticks(highest: float, most: int) -> list[float]:
    """From 0 to the first that is not below `highest`, at a distance of 1, 2 or 5 times a power of ten."""
    step = next(
        each
        for power in count(-3)
        for each in (10.0**power * times for times in (1, 2, 5))
        if highest / each <= most
    )
    ticks = [0.0]
    while ticks[-1] < highest:
        ticks.append(round(len(ticks) * step, 6))
    return ticks


def canvas(width: int, height: float, title: str, kind: str) -> Element:
    """An empty chart with its title above, which is what it is to who does not see it. kind: its class in the page."""
    chart = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height:g}",
            "width": str(width),
            "class": kind,
            "role": "img",
            "aria-label": title,
            "font-size": str(TEXT_PX),
            "fill": INK,
        },
    )
    words(chart, title, 0, 16, weight="600")
    return chart


def words(
    parent: Element,
    text: str,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    weight: str = "",
    halo: bool = False,
) -> None:
    """halo: on what is coloured, with white around it."""
    attributes = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
    if weight:
        attributes["font-weight"] = weight
    if halo:
        attributes |= {
            "stroke": "#fff",
            "stroke-width": "4",
            "paint-order": "stroke",
            "stroke-linejoin": "round",
        }
    SubElement(parent, "text", attributes).text = text


def line(parent: Element, x1: float, y1: float, x2: float, y2: float, stroke: str = FAINT) -> None:
    places = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    SubElement(parent, "line", {name: f"{value:g}" for name, value in places.items()} | {"stroke": stroke})


def box(
    parent: Element, x: float, y: float, width: float, height: float, fill: Fill, stroke: str = "#fff"
) -> None:
    """Its pattern is drawn line by line: what SVG calls a pattern makes a printed page ten times as large."""
    sizes = {"x": x, "y": y, "width": width, "height": height}
    place = {name: f"{max(0.0, value):g}" for name, value in sizes.items()}
    inside = SubElement(parent, "svg", place)  # which cuts off what goes beyond it
    SubElement(inside, "rect", {"width": "100%", "height": "100%", "fill": fill.colour})
    if fill.hatch:
        dots = {"stroke-dasharray": "2 5"} if fill.hatch == "." else {}
        paint = {"stroke": fill.ink, "stroke-width": "1.6", **dots}
        path = "".join(_strokes(letter, width, height) for letter in fill.hatch)
        SubElement(inside, "path", {"d": path, **paint})
    SubElement(parent, "rect", {**place, "fill": "none", "stroke": stroke})


def _strokes(letter: str, width: float, height: float) -> str:
    """Lines over a whole box, as an SVG path."""
    across, down = range(4, int(width) + 1, 6), range(4, int(height) + 1, 6)
    leaning = range(-int(height) - 1, int(width) + 1, 8)
    drawn_by = {
        "/": [f"M{x} {height:g}l{height:g} {-height:g}" for x in leaning],
        "\\": [f"M{x} 0l{height:g} {height:g}" for x in leaning],
        "|": [f"M{x} 0v{height:g}" for x in across],
        "-": [f"M0 {y}h{width:g}" for y in down],
        ".": [f"M{2 + y % 4} {y}h{width:g}" for y in down],
    }
    return "".join(drawn_by[letter])


def curve(chart: Element, points: Sequence[tuple[float, float]], how: Look, marks: int) -> None:
    """A line through these pixels, with about so many marks on it."""
    SubElement(
        chart,
        "polyline",
        {
            "points": " ".join(f"{x:g},{y:g}" for x, y in points),
            "fill": "none",
            "stroke": how.colour,
            "stroke-width": "2",
        }
        | ({"stroke-dasharray": how.dash} if how.dash else {}),
    )
    apart = max(1, len(points) // marks)
    for x, y in points[apart // 2 :: apart]:
        mark(chart, how, x, y)


def mark(chart: Element, how: Look, x: float, y: float) -> None:
    shapes = {
        "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        "square": "M-3.5 -3.5h7v7h-7z",
        "triangle": "M0 -4.5L4.5 3.5H-4.5z",
        "diamond": "M0 -5L5 0L0 5L-5 0z",
        "cross": "M-4 -4L4 4M-4 4L4 -4",
        "plus": "M-5 0H5M0 -5V5",
    }
    paint = {"fill": "#fff", "stroke": how.colour, "stroke-width": "1.8"}
    SubElement(chart, "path", {"d": shapes[how.mark], "transform": f"translate({x:g} {y:g})", **paint})


def rows_of(names: Sequence[str], width: int) -> list[list[int]]:
    """Names of a legend by their numbers, row by row, as they find room side by side."""
    rows: list[list[int]] = [[]]
    used = 0.0
    for number, name in enumerate(names):
        if rows[-1] and used + _room(name) > width:
            rows.append([])
            used = 0.0
        rows[-1].append(number)
        used += _room(name)
    return rows


def places_of(names: Sequence[str], width: int, top: float) -> list[tuple[float, float]]:
    """Where each name of a legend stands that begins at `top`."""
    places = []
    for row, numbers in enumerate(rows_of(names, width)):
        x = 0.0
        for number in numbers:
            places.append((x, top + 22 * row))
            x += _room(names[number])
    return places


def _room(name: str) -> float:
    return 34 + _LETTER_PX * len(name) + 14


def drawn(chart: Element) -> str:
    """As it stands in a page."""
    return tostring(chart, encoding="unicode")
