"""`broadcast exporter`: the process that serves the national figures to Prometheus."""

import asyncio

import click

from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.process import metrics_options, parent_option
from broadcast.cli.runner import run
from broadcast.cli.settings import perhaps_configuration
from broadcast.cli.signals import say_where_it_hangs, stopping
from broadcast.config import Config
from broadcast.engine.parent import die_with
from broadcast.engine.target import Target
from broadcast.exporter.exporter import Exporter
from broadcast.monitor import logs
from broadcast.monitor.served import served
from broadcast.store.pool import database_url


@click.command(epilog="Example: broadcast exporter --metrics-port 9462")
@metrics_options
@parent_option
@login_option
def exporter(metrics_port: int, metrics_host: str, parent: int | None) -> None:
    """Serve the national figures to Prometheus, read from home and every ledger, until SIGTERM.

    One is enough; `broadcast up` starts one by itself. A second one stands by, and takes over when the first ends.
    """
    logs.configure()
    say_where_it_hangs()
    if parent is not None:
        die_with(parent)
    run(with_levels(_serve(perhaps_configuration(), database_url(), metrics_host, metrics_port)))


async def _serve(config: Config | None, url: str, host: str, port: int) -> None:
    target = Target("exporter")
    life, stop = Exporter(config, url, target), stopping()
    checks = {"database": life.database, "leads": life.leads}
    async with served(life, checks, host, port, stop, takes_part=["database"]) as taken:
        target.at(host, taken)
        passing_on = asyncio.create_task(_pass_on(stop, life), name="stop")
        try:
            await life.run()
            await target.end(url)
        finally:
            passing_on.cancel()


async def _pass_on(stop: asyncio.Event, life: Exporter) -> None:
    await stop.wait()
    life.stop()
