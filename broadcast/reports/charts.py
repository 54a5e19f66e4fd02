"""The charts of a report, as inline SVG. Pure."""

from collections.abc import Container
from typing import Any

import pygal
from pygal.style import Style

from broadcast.languages import _, grouped, term
from broadcast.reports.document import STATES
from broadcast.reports.report import Report, share_within

_COLOURS = {
    "delivered": "#2e7d32",
    "accepted": "#81c784",
    "waiting": "#b0bec5",
    "in_doubt": "#ffb300",
    "unknown": "#8d6e63",
    "expired": "#fb8c00",
    "rejected": "#d81b60",
    "undeliverable": "#c62828",
    "excluded": "#78909c",
}
_LINES = ("#1565c0", "#ef6c00", "#2e7d32", "#6a1b9a", "#c62828", "#00838f", "#5d4037")
_POINTS = 60


def states_chart(report: Report) -> str:
    """A bar per carrier, parted by state."""
    used = [state for state in STATES if report.progress.total.states[state]]
    chart = pygal.HorizontalStackedBar(
        **_options([_COLOURS[state] for state in used], 90 + 44 * len(report.progress.carriers)),
        title=_("Recipients per carrier"),
        value_formatter=_count,
    )
    carriers = report.progress.carriers[::-1]  # pygal draws from the bottom up
    chart.x_labels = [line.carrier for line in carriers]
    for state in used:
        chart.add(term(state), [line.states[state] for line in carriers])
    return _svg(chart)


def rate_chart(report: Report) -> str:
    """Recipients accepted per second since the launch, a line per carrier; empty when there were none."""
    sent, step_s = report.times.sent, report.times.step_s
    if not sent:
        return ""
    last = max(max(steps) for steps in sent.values())
    highest = max(max(steps.values()) for steps in sent.values()) / step_s
    chart = pygal.XY(
        **_options(_LINES, 320),
        title=_("Recipients sent per second"),
        x_title=_("seconds since launch"),
        range=(0, highest),
        **_LINE,
    )
    for carrier in _in_order(report, sent):
        points = [((step + 0.5) * step_s, sent[carrier].get(step, 0) / step_s) for step in range(last + 1)]
        chart.add(carrier, points)
    return _svg(chart)


def delay_chart(report: Report) -> str:
    """The share of final receipts that had come within so many seconds; empty when there were none."""
    delays = report.times.delays
    longest = max((share_within(each, 0.999) or 0 for each in delays.values()), default=0)
    if not delays:
        return ""
    chart = pygal.XY(
        **_options(_LINES, 320),
        title=_("Receipts come within ... (% of recipients)"),
        x_title=_("seconds since accepted"),
        range=(0, 100),
        **_LINE,
    )
    stride = max(1, (longest + 1) // _POINTS)
    for carrier in _in_order(report, delays):
        chart.add(carrier, _cumulative(dict(delays[carrier]), longest, stride))
    return _svg(chart)


_LINE: dict[str, Any] = {
    "dots_size": 1.5,
    "stroke_style": {"width": 2},
    "x_value_formatter": lambda x: f"{x:g}",
}


def _in_order(report: Report, curves: Container[str]) -> list[str]:
    """The carriers that have a curve, as in the tables."""
    return [line.carrier for line in report.progress.carriers if line.carrier in curves]


def _cumulative(delays: dict[int, int], longest: int, stride: int) -> list[tuple[int, float]]:
    """(seconds, per cent) at every `stride` seconds up to `longest`."""
    total = sum(delays.values())
    points, seen = [(0, 0.0)], 0
    for second in range(longest + 1):
        seen += delays.get(second, 0)
        if second % stride == 0 or second == longest:
            points.append((second + 1, round(100 * seen / total, 2)))
    return points


def _options(colours: Any, height: int) -> dict[str, Any]:
    style = Style(
        background="transparent",
        plot_background="transparent",
        colors=tuple(colours),
        font_family="inherit",
        guide_stroke_color="#cfd8dc",
        major_guide_stroke_color="#b0bec5",
    )
    return {
        "style": style,
        "height": height,
        "width": 900,
        "js": (),
        "disable_xml_declaration": True,
        "truncate_legend": -1,
    }


def _svg(chart: Any) -> str:
    rendered: str = chart.render(is_unicode=True)
    return rendered


def _count(value: Any) -> str:
    return grouped(value, ",.0f") if value is not None else ""
