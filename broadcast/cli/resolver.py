"""`broadcast resolver`: the process that lets receipts meet their submissions."""

import gc
from collections.abc import Sequence
from functools import partial

import click

from broadcast.cli.heap import map_large_arrays
from broadcast.cli.ledger import chosen, ledger_option
from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.process import metrics_options, parent_option
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.cli.signals import say_where_it_hangs, stopping
from broadcast.cli.waiting import wait_option
from broadcast.engine.lives import Lives
from broadcast.engine.parent import die_with
from broadcast.engine.resolver import Resolver
from broadcast.engine.target import Target
from broadcast.monitor import logs
from broadcast.monitor.metrics import Metrics
from broadcast.monitor.served import served


@click.command(epilog="Example: broadcast resolver --metrics-port 9463")
@click.option(
    "--carrier",
    "carriers",
    multiple=True,
    metavar="NAME",
    help="Only this carrier; repeat for more. Default: all that no other resolver has.",
)
@metrics_options
@parent_option
@wait_option
@ledger_option
@login_option
def resolver(
    carriers: Sequence[str],
    metrics_port: int,
    metrics_host: str,
    parent: int | None,
    wait: bool,
    ledger: str | None,
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
    say_where_it_hangs()
    gc.freeze()  # and collected as usual: what it holds are arrays, which the collector does not walk
    metrics, target = Metrics("resolver"), Target("resolver")
    begin = partial(Resolver, here.config, metrics, here.url, carriers, target)
    run(with_levels(_serve(Lives(begin, wait=wait), metrics, target, here.url, metrics_host, metrics_port)))


async def _serve(
    lives: Lives[Resolver], metrics: Metrics, target: Target, url: str, host: str, port: int
) -> None:
    """Until told to stop. url: where the target is written."""
    stop = stopping()
    checks = {
        "lease": lives.of(Resolver.ready),
        "database": lives.database,
        "receipts": lives.of(Resolver.keeps_up),
    }
    async with served(metrics, checks, host, port, stop, words=lives.words) as taken:
        target.at(host, taken)
        await lives.run(stop)
        await target.end(url)
