"""`--wait`: what a process that begins does while the database is away."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def wait_option(command: F) -> F:
    """As the parameter `wait`."""
    return click.option(
        "--wait",
        is_flag=True,
        help="Wait for a database that does not answer, alive and not ready, also at the start; else that is an error.",
    )(command)
