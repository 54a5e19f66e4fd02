"""`broadcast up`: the workers of one machine, a resolver and an exporter, supervised."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from uuid import uuid4

import click

from broadcast.actions.session import Session
from broadcast.cli.ledger import chosen, ledger_option, restricted
from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.runner import run
from broadcast.cli.settings import Settings, check_passwords, read
from broadcast.engine.keeper import Keeper
from broadcast.engine.supervisor import Supervisor
from broadcast.languages import N_, _
from broadcast.monitor import logs
from broadcast.store import embedded

_PORT_MOST = 65535


@click.command(epilog="Example: broadcast up --workers 4 --metrics-port 9464")
@click.option(
    "--workers", type=click.IntRange(1, 1024), help="How many. Default: one for each core of this machine."
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, _PORT_MOST),
    default=0,
    help="Port of the first worker's /metrics; the others count up from it, then the resolver's, then the exporter's. "
    "0, the default: free ones.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address to serve them on.")
@click.option(
    "--exporter/--no-exporter",
    default=True,
    show_default=True,
    help="Whether one runs here that serves the national figures, or stands by. Not where something else runs one.",
)
@ledger_option
@login_option
@click.pass_context
def up(
    ctx: click.Context,
    workers: int | None,
    metrics_port: int,
    metrics_host: str,
    exporter: bool,
    ledger: str | None,
) -> None:
    """Run this machine's workers, one a core, a resolver and an exporter; start again whichever dies, until SIGTERM.

    SIGHUP reads the configuration anew: the workers are replaced one by one. The embedded database, if it is that, is
    started again too when it has ended by itself, after a full disk when there is room.
    """
    logs.configure()
    settings = ctx.find_root().ensure_object(Settings)
    count = workers or _cores()
    last = metrics_port + count + exporter
    if metrics_port and last > _PORT_MOST:
        said = N_("--metrics-port: {count} workers, a resolver and an exporter need ports up to {last}")
        raise click.UsageError(_(said, count=count, last=last))
    _check(settings.files, ledger)
    named = ("--ledger", ledger) if ledger else ()

    def command(number: int, *words: str) -> list[str]:
        port = metrics_port and metrics_port + number
        served = ("--metrics-host", metrics_host, "--metrics-port", str(port))
        return [sys.executable, "-m", "broadcast", *settings.words(), *words, *served]

    place = ("worker", "--no-resolver", *named, "--place")
    commands = [command(each, *place, str(uuid4())) for each in range(count)]
    beside = [command(count, "resolver", *named), *([command(count + 1, "exporter")] if exporter else [])]
    run(with_levels(_supervise(commands, beside, settings.files, ledger)))


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(named: Sequence[str], ledger: str | None) -> None:
    """What every worker would stumble over is said once, here. Raises ConfigError."""
    check_passwords(restricted(read(named), ledger))


async def _supervise(
    commands: Sequence[Sequence[str]],
    beside: Sequence[Sequence[str]],
    named: Sequence[str],
    ledger: str | None,
) -> None:
    """Raises BroadcastError: the database cannot be used, nothing could be started, one had to be killed."""
    keeper = Keeper(embedded.server()) if embedded.is_chosen() else None
    if keeper is not None:
        await keeper.look()
    async with Session.open(url=chosen(read(named), ledger).url, home=False):
        pass  # what every worker would stumble over, too
    keeping = None if keeper is None else asyncio.create_task(keeper.run(), name="keeper")
    supervisor = Supervisor(commands, lambda: _check(named, ledger), beside=beside)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: it stays ignored
        # at a terminal it says that the terminal is closed
        hung_up = supervisor.stop if sys.stdin.isatty() else supervisor.reload
        loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        await supervisor.run()
    finally:
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
