"""`broadcast worker`: one sending process."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import click

from broadcast.cli.collector import collect_seldom
from broadcast.cli.ledger import chosen, ledger_option, restricted
from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.process import metrics_options
from broadcast.cli.runner import run
from broadcast.cli.settings import Settings, check_passwords, configuration
from broadcast.cli.signals import say_where_it_hangs, stopping
from broadcast.cli.waiting import wait_option
from broadcast.engine.lives import Lives
from broadcast.engine.target import Target
from broadcast.engine.worker import Worker
from broadcast.monitor import logs
from broadcast.monitor.metrics import Metrics
from broadcast.monitor.served import served
from broadcast.smpp.channel import SmppChannel


@click.command(epilog="Example: broadcast worker --metrics-port 9464")
@metrics_options
@click.option(
    "--place",
    type=click.UUID,
    help="For supervisors such as `broadcast up`: what a worker held that was started with this UUID before is free at "
    "once. So that one must have ended.",
)
@click.option(
    "--resolver/--no-resolver",
    default=True,
    show_default=True,
    help="Whether one of the workers runs `broadcast resolver` beside it. Not where something else runs one.",
)
@wait_option
@ledger_option
@login_option
@click.pass_context
def worker(
    ctx: click.Context,
    metrics_port: int,
    metrics_host: str,
    place: UUID | None,
    resolver: bool,
    wait: bool,
    ledger: str | None,
) -> None:
    """Send what campaigns have to send, until SIGTERM. Run one for each core, on as many machines as you like."""
    logs.configure()
    config = configuration()
    check_passwords(restricted(config, ledger))
    here = chosen(config, ledger)
    collect_seldom()
    say_where_it_hangs()
    options = ctx.find_root().ensure_object(Settings).words()
    beside = _resolver(options, ledger) if resolver else None
    metrics, target = Metrics("worker"), Target("worker")
    begin = partial(Worker, here.config, metrics, here.url, SmppChannel, place, beside, here.one_of, target)
    run(with_levels(_serve(Lives(begin, wait=wait), metrics, target, here.url, metrics_host, metrics_port)))


def _resolver(options: Sequence[str], ledger: str | None) -> list[str]:
    named = ["--ledger", ledger] if ledger else []
    return [sys.executable, "-m", "broadcast", *options, "resolver", *named, "--parent", str(os.getpid())]


async def _serve(
    lives: Lives[Worker], metrics: Metrics, target: Target, url: str, host: str, port: int
) -> None:
    """Until told to stop. url: where the target is written."""
    stop = stopping()
    checks = {
        "lease": lives.of(Worker.ready),
        "database": lives.database,
        "links": lives.of(Worker.linked),
        "receipts": lives.of(Worker.keeps_up),
    }
    async with served(metrics, checks, host, port, stop, words=lives.words) as taken:
        target.at(host, taken)
        await lives.run(stop)
        await target.end(url)
