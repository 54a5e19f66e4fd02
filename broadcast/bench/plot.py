"""The growth of a run as a picture: rate, cost, lag, memory over the millions."""

from collections.abc import Callable
from pathlib import Path

import pygal
from pygal.style import Style

from broadcast.bench.growth import MILLION, Step
from broadcast.bench.meters import SENDER
from broadcast.bench.nation_growth import NationStep
from broadcast.bench.stage import RESOLVER
from broadcast.cli.files import write_text

_COLOURS = ("#1565c0", "#ef6c00", "#2e7d32", "#6a1b9a", "#c62828")


def draw(path: Path, steps: tuple[Step, ...], title: str) -> None:
    """Write an SVG: the rate to the left; commit time, resolve lag and memory to the right."""
    chart = _chart(title, "millions of messages settled", max((step.rate for step in steps), default=1.0))
    chart.add("messages/s", [(step.settled / MILLION, step.rate) for step in steps])
    chart.add(
        "commit, median ms",
        [(step.settled / MILLION, step.commit_ms) for step in steps if step.commit_ms is not None],
        secondary=True,
    )
    chart.add(
        "resolve lag, s", [(step.settled / MILLION, step.resolve_lag_s) for step in steps], secondary=True
    )
    chart.add("worker, MiB", [(step.settled / MILLION, step.worker_mib) for step in steps], secondary=True)
    write_text(path, chart.render(is_unicode=True))


def draw_nation(path: Path, steps: tuple[NationStep, ...], title: str) -> None:
    """Write an SVG: the rate to the left; CPU seconds, resolve lag and memory in tens of MiB to the right."""
    chart = _chart(title, "millions of segments accepted", max((step.rate for step in steps), default=1.0))

    def add(name: str, value: Callable[[NationStep], float], *, secondary: bool = True) -> None:
        chart.add(name, [(step.segments / MILLION, value(step)) for step in steps], secondary=secondary)

    add("segments/s", lambda step: step.rate, secondary=False)
    add("CPU s per million", lambda step: sum(step.cpu_s.values()))
    add("resolve lag, s", lambda step: step.lag_s)
    add("resolver, 10 MiB", lambda step: step.mib[RESOLVER] / 10)
    add("worker, 10 MiB", lambda step: step.mib[SENDER] / 10)
    write_text(path, chart.render(is_unicode=True))


def _chart(title: str, x_title: str, most: float) -> pygal.XY:
    """most: to the left."""
    return pygal.XY(
        style=Style(background="white", plot_background="white", colors=_COLOURS, font_family="sans-serif"),
        width=1000,
        height=480,
        js=(),
        title=title,
        x_title=x_title,
        dots_size=2,
        range=(0, most * 1.1),
        x_value_formatter=lambda x: f"{x:g}",
        value_formatter=lambda value: f"{value:,.0f}",
        legend_at_bottom=True,
    )
