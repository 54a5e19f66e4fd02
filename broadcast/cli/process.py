"""What every process that serves metrics is told: where, and with whom it ends."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def metrics_options(command: F) -> F:
    """metrics_port, metrics_host."""
    command = click.option(
        "--metrics-host", default="127.0.0.1", show_default=True, help="Address to serve them on."
    )(command)
    return click.option(
        "--metrics-port",
        type=click.IntRange(0, 65535),
        default=0,
        help="Port of /metrics, /healthz and /readyz; 0, the default, takes a free one.",
    )(command)


def parent_option(command: F) -> F:
    """parent: its pid."""
    return click.option(
        "--parent", type=int, hidden=True, help="End when this process does, which started this one."
    )(command)
