"""`broadcast resolver`: the process that lets receipts meet their submissions."""

import asyncio
import gc
from collections.abc import Sequence

import click

from broadcast.cli.heap import map_large_arrays
from broadcast.cli.ledger import Chosen, chosen, ledger_option
from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.cli.signals import stopping
from broadcast.engine.parent import die_with
from broadcast.engine.resolver import Resolver
from broadcast.engine.target import Target
from broadcast.monitor import events, logs
from broadcast.monitor.health import HealthServer
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics

log = logger(__name__)


@click.command(epilog="Example: broadcast resolver --metrics-port 9463")
@click.option(
    "--carrier",
    "carriers",
    multiple=True,
    metavar="NAME",
    help="Only this carrier; repeat for more. Default: all that no other resolver has.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of /metrics, /healthz and /readyz; 0, the default, takes a free one.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address to serve them on.")
@click.option("--parent", type=int, hidden=True, help="End when this process does, which started this one.")
@ledger_option
@login_option
def resolver(
    carriers: Sequence[str], metrics_port: int, metrics_host: str, parent: int | None, ledger: str | None
) -> None:
    """Find for each receipt the message that it is for, until SIGTERM.

    One is enough for all carriers; `broadcast up` and single workers start one by themselves. A second one takes over
    what the first lets go.
    """
    logs.configure()
    if parent is not None:
        die_with(parent)
    here = chosen(configuration(), ledger)
    map_large_arrays()
    gc.freeze()  # and collected as usual: what it holds are arrays, which the collector does not walk
    run(with_levels(_serve(here, metrics_host, metrics_port, carriers)))


async def _serve(here: Chosen, host: str, port: int, carriers: Sequence[str]) -> None:
    metrics = Metrics("resolver")
    target = Target("resolver")
    life = Resolver(here.config, metrics, here.url, carriers, target)
    stop = stopping()
    health = HealthServer(
        metrics, {"lease": life.ready, "database": life.database, "receipts": life.keeps_up}
    )
    taken = await health.start(host, port)
    target.at(host, taken)
    log(events.SERVING, url=Name(f"http://{host}:{taken}/metrics"))
    passing_on = asyncio.create_task(_pass_on(stop, life), name="stop")
    try:
        await life.run()
    finally:
        passing_on.cancel()
        await health.stop()


async def _pass_on(stop: asyncio.Event, life: Resolver) -> None:
    await stop.wait()
    life.stop()
