"""`broadcast text`: words before they are an alert."""

import click

from broadcast.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, places={"cost": "cli.text_cost:text_cost"})
def text() -> None:
    """What a text costs while it is written.

    \b
    Example:
      broadcast text cost
    """
