"""`broadcast carrier`: the carriers, and simulated ones to rehearse with."""

import click

from broadcast.cli.lazy import LazyGroup

_PLACES = {
    "check": "cli.carrier_check:carrier_check",
    "invoice": "cli.carrier_invoice:carrier_invoice",
    "links": "cli.carrier_links:carrier_links",
    "list": "cli.carrier_show:carrier_list",
    "show": "cli.carrier_show:carrier_show",
    "simulate": "cli.carrier_simulate:carrier_simulate",
}


@click.group(cls=LazyGroup, places=_PLACES)
def carrier() -> None:
    """The carriers, and simulated ones to rehearse with.

    \b
    Example:
      broadcast carrier list
      broadcast carrier check viettel --to 0912345678
      broadcast carrier links
      broadcast carrier simulate --personality config/simulator/viettel.toml
    """
