"""The growth of a run as a picture: rate, commit time, memory over the millions settled."""

from pathlib import Path

import pygal
from pygal.style import Style

from broadcast.bench.growth import MILLION, Step
from broadcast.cli.files import write_text

_COLOURS = ("#1565c0", "#ef6c00", "#2e7d32", "#6a1b9a")


def draw(path: Path, steps: tuple[Step, ...], title: str) -> None:
    """Write an SVG: the rate to the left; commit time, resolve lag and memory to the right."""
    chart = pygal.XY(
        style=Style(background="white", plot_background="white", colors=_COLOURS, font_family="sans-serif"),
        width=1000,
        height=480,
        js=(),
        title=title,
        x_title="millions of messages settled",
        dots_size=2,
        range=(0, max((step.rate for step in steps), default=1.0) * 1.1),
        x_value_formatter=lambda x: f"{x:g}",
        value_formatter=lambda value: f"{value:,.0f}",
        legend_at_bottom=True,
    )
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
