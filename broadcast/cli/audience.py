"""`broadcast audience`: who hears an alert."""

import click

from broadcast.cli.audience_add import add
from broadcast.cli.audience_count import count


@click.group()
def audience() -> None:
    """Who hears an alert.

    \b
    Example:
      broadcast audience count --where 'age > 60'
      broadcast audience add storm --list da-nang visitors.csv
    """


audience.add_command(add)
audience.add_command(count)
