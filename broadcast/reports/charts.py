"""The charts of a report, as inline SVG, each for a page and for a phone's. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from broadcast.languages import _, grouped, term
from broadcast.reports import drawing
from broadcast.reports.drawing import Fill, Scale
from broadcast.reports.report import Report, share_within

WIDE: Final = 860
NARROW: Final = 380  # of a phone
# In the order in which they lie beside each other: reached, under way, not reached, left out.
_FILLS: Final[Mapping[str, Fill]] = {
    "delivered": Fill("#009e73"),
    "accepted": Fill("#56b4e9", "/"),
    "in_doubt": Fill("#f0e442", ".", "#000"),
    "waiting": Fill("#eceff1", ".", "#607d8b"),
    "undeliverable": Fill("#882255", "/\\"),
    "rejected": Fill("#d55e00", "|"),
    "expired": Fill("#e69f00", "-", "#000"),
    "unknown": Fill("#cc79a7", "\\", "#000"),
    "excluded": Fill("#fff", "/", "#90a4ae"),
}
_PAUSED: Final = Fill("#fff8e1", "/", "#ffb300")
_POINTS: Final = 60
_MARKS: Final = 12  # on a line of a wide chart
_LABELLED: Final = 0.09  # share of a bar from which on a part has its number in it


@dataclass(frozen=True, slots=True)
class Chart:
    """The same for two widths; a page shows one of them."""

    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a chart of lines has what. x: seconds, y: counts."""

    width: int
    x: Scale
    y: Scale
    bottom: float

    @property
    def small(self) -> bool:
        return self.width == NARROW


def states_chart(report: Report) -> Chart:
    """A bar per carrier, of its whole audience, parted by state."""
    return Chart(_states(report, WIDE), _states(report, NARROW))


def rate_chart(report: Report) -> Chart | None:
    """Recipients accepted per second since the launch, a line per carrier, with its pauses; None: there were none."""
    if not report.times.sent:
        return None
    return Chart(_rates(report, WIDE), _rates(report, NARROW))


def delay_chart(report: Report) -> Chart | None:
    """The share of final receipts that had come within so many seconds; None when there were none."""
    if not report.times.delays:
        return None
    return Chart(_delays(report, WIDE), _delays(report, NARROW))


def _states(report: Report, width: int) -> str:
    used = [state for state in _FILLS if report.progress.total.states[state]]
    names = [term(state).replace("_", " ") for state in used]
    carriers = [line for line in report.progress.carriers if line.audience]
    bar, left = 34, 0 if width == NARROW else 130
    step = bar + (38 if width == NARROW else 12)  # a phone has the name above the bar
    bottom = 40 + step * len(carriers)
    legend = drawing.places_of(names, width, bottom + 36)
    height = bottom + 22 + 22 * len({y for _x, y in legend})
    chart = drawing.canvas(width, height, _("Recipients by state (%)"), _kind(width))
    x = Scale(0, 100, left, width - 12)
    for percent in range(0, 101, 25):
        drawing.line(chart, x.at(percent), 30, x.at(percent), bottom)
        drawing.words(chart, f"{percent} %", x.at(percent), bottom + 16, anchor=_anchor(percent, left))
    for number, line in enumerate(carriers):
        top = 36 + step * number + (22 if width == NARROW else 0)
        named = f"{line.carrier}, {grouped(line.audience)}" if width == NARROW else line.carrier
        drawing.words(chart, named, 0, top - 5 if width == NARROW else top + bar / 2 + 4)
        _bar(chart, {state: line.states[state] for state in used}, x, (top, bar))
    for state, name, (at, y) in zip(used, names, legend, strict=True):
        drawing.box(chart, at, y - 12, 26, 16, _FILLS[state], drawing.INK)
        drawing.words(chart, name, at + 34, y)
    return drawing.drawn(chart)


def _kind(width: int) -> str:
    return "narrow" if width == NARROW else "wide"


def _anchor(percent: int, left: int) -> str:
    """At the ends of a chart that has no room beside it, a number stands inwards."""
    return "end" if percent == 100 else "start" if percent == 0 and not left else "middle"


def _bar(chart: Element, states: Mapping[str, int], x: Scale, at: tuple[float, float]) -> None:
    """at: its top and its height."""
    whole, seen, (top, height) = sum(states.values()), 0, at
    for state, count in states.items():
        if count:
            start, end = x.at(100 * seen / whole), x.at(100 * (seen + count) / whole)
            drawing.box(chart, start, top, end - start, height, _FILLS[state])
            if count / whole >= _LABELLED:
                said = f"{grouped(100 * count / whole, '.1f')} %"
                drawing.words(
                    chart, said, (start + end) / 2, top + height / 2 + 5, anchor="middle", halo=True
                )
        seen += count


def _rates(report: Report, width: int) -> str:
    sent, step_s = report.times.sent, report.times.step_s
    last = max(max(steps) for steps in sent.values())
    highest = max(max(steps.values()) for steps in sent.values()) / step_s
    carriers = _in_order(report, sent)
    legend = [*carriers, _("paused")] if report.paused else carriers
    frame, chart = _framed(
        width, _("Recipients sent per second"), legend, (last + 1) * step_s, drawing.count_ticks(highest, 6)
    )
    if report.paused:
        _pauses(chart, frame, report.paused)
    _axes(chart, frame, drawing.count_ticks(highest, 6), _since(frame, _("since the launch")))
    for number, carrier in enumerate(carriers):
        steps = [((step + 0.5) * step_s, sent[carrier].get(step, 0) / step_s) for step in range(last + 1)]
        _draw(chart, frame, steps, number)
    _legend(chart, frame, carriers, paused=bool(report.paused))
    return drawing.drawn(chart)


def _delays(report: Report, width: int) -> str:
    delays = report.times.delays
    longest = max((share_within(each, 0.999) or 0 for each in delays.values()), default=0)
    carriers = _in_order(report, delays)
    ticks: list[float] = [0, 25, 50, 75, 100]
    title = _("Receipts come within ... (% of recipients)")
    frame, chart = _framed(width, title, carriers, longest + 1, ticks)
    _axes(chart, frame, ticks, _since(frame, _("since accepted")))
    stride = max(1, (longest + 1) // _POINTS)
    for number, carrier in enumerate(carriers):
        _draw(chart, frame, _cumulative(dict(delays[carrier]), longest, stride), number)
    _legend(chart, frame, carriers)
    return drawing.drawn(chart)


def _framed(
    width: int, title: str, legend: Sequence[str], last_s: float, ticks: Sequence[float]
) -> tuple[_Frame, Element]:
    """With room for the legend below."""
    plot = 200 if width == NARROW else 250
    left = 12 + max(len(grouped(tick, ",.10g")) for tick in ticks) * 8
    bottom = 36 + plot
    height = bottom + 62 + 22 * len(drawing.rows_of(legend, width))
    frame = _Frame(width, Scale(0, last_s, left, width - 12), Scale(0, ticks[-1], bottom, 36), bottom)
    return frame, drawing.canvas(width, height, title, _kind(width))


def _axes(chart: Element, frame: _Frame, ticks: Sequence[float], title: str) -> None:
    for tick in ticks:
        y = frame.y.at(tick)
        drawing.line(chart, frame.x.start, y, frame.x.end, y, drawing.INK if tick == 0 else drawing.FAINT)
        drawing.words(chart, grouped(tick, ",.10g"), frame.x.start - 6, y + 4, anchor="end")
    for second in drawing.time_ticks(frame.x.last, 4 if frame.small else 8):
        x = frame.x.at(second)
        drawing.line(chart, x, frame.bottom, x, frame.bottom + 5, drawing.INK)
        anchor = "end" if x > frame.x.end - 16 else "middle"
        drawing.words(chart, _clock(second, frame.x.last), x, frame.bottom + 20, anchor=anchor)
    drawing.words(chart, title, frame.x.end, frame.bottom + 38, anchor="end")


def _clock(second: int, last_s: float) -> str:
    """A tick: 30, 5:00 or 1:30, in the unit of the axis."""
    if last_s < 120:
        return str(second)
    if last_s < 7200:
        return f"{second // 60}:{second % 60:02}"
    return f"{second // 3600}:{second % 3600 // 60:02}"


def _since(frame: _Frame, what: str) -> str:
    """The axis of time: since when, and its unit."""
    if frame.x.last < 120:
        return _("{what}, seconds", what=what)
    if frame.x.last < 7200:
        return _("{what}, minutes:seconds", what=what)
    return _("{what}, hours:minutes", what=what)


def _pauses(chart: Element, frame: _Frame, paused: Sequence[tuple[float, float]]) -> None:
    """A band each, with its word where it finds room."""
    for start_s, end_s in paused:
        start, end = (frame.x.at(min(each, frame.x.last)) for each in (start_s, end_s))
        drawing.box(chart, start, 36, end - start, frame.bottom - 36, _PAUSED, "#ffb300")
        if end - start > 70:
            drawing.words(chart, _("paused"), (start + end) / 2, 52, anchor="middle", halo=True)


def _draw(chart: Element, frame: _Frame, points: Sequence[tuple[float, float]], number: int) -> None:
    pixels = [(frame.x.at(x), frame.y.at(y)) for x, y in points]
    drawing.curve(chart, pixels, drawing.look(number), _MARKS // 2 if frame.small else _MARKS)


def _legend(chart: Element, frame: _Frame, carriers: Sequence[str], *, paused: bool = False) -> None:
    names = [*carriers, _("paused")] if paused else carriers
    places = drawing.places_of(names, frame.width, frame.bottom + 64)
    for number, (name, (x, y)) in enumerate(zip(names, places, strict=True)):
        if number == len(carriers):
            drawing.box(chart, x, y - 12, 26, 16, _PAUSED, "#ffb300")
        else:
            how = drawing.look(number)
            drawing.curve(chart, [(x, y - 4), (x + 26, y - 4)], how, 1)
            drawing.mark(chart, how, x + 13, y - 4)
        drawing.words(chart, name, x + 34, y)


def _in_order(report: Report, curves: Container[str]) -> list[str]:
    """The carriers that have a curve, as in the tables."""
    return [line.carrier for line in report.progress.carriers if line.carrier in curves]


def _cumulative(delays: dict[int, int], longest: int, stride: int) -> list[tuple[float, float]]:
    """(seconds, per cent) at every `stride` seconds up to `longest`."""
    total = sum(delays.values())
    points, seen = [(0.0, 0.0)], 0
    for second in range(longest + 1):
        seen += delays.get(second, 0)
        if second % stride == 0 or second == longest:
            points.append((second + 1.0, round(100 * seen / total, 2)))
    return points
