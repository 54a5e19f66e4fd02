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
from broadcast.cli.waiting import wait_option
from broadcast.engine.keeper import Keeper
from broadcast.engine.supervisor import Supervisor
from broadcast.errors import DatabaseDownError
from broadcast.languages import N_, _
from broadcast.monitor import logs
from broadcast.monitor.notify import Notify
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
@wait_option
@ledger_option
@login_option
@click.pass_context
def up(
    ctx: click.Context,
    workers: int | None,
    metrics_port: int,
    metrics_host: str,
    exporter: bool,
    wait: bool,
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
    named = (*(("--ledger", ledger) if ledger else ()), *(("--wait",) if wait else ()))

    def command(number: int, *words: str) -> list[str]:
        port = metrics_port and metrics_port + number
        served = ("--metrics-host", metrics_host, "--metrics-port", str(port))
        return [sys.executable, "-m", "broadcast", *settings.words(), *words, *served]

    place = ("worker", "--no-resolver", *named, "--place")
    commands = [command(each, *place, str(uuid4())) for each in range(count)]
    beside = [command(count, "resolver", *named), *([command(count + 1, "exporter")] if exporter else [])]
    run(with_levels(_supervise(commands, beside, settings.files, ledger, wait)))


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
    wait: bool,
) -> None:
    """wait: the workers do, for the database.

    Raises BroadcastError: the database cannot be used, nothing could be started, one had to be killed.
    """
    notify = Notify.taken()  # before anything is started
    keeper = Keeper(embedded.server()) if embedded.is_chosen() else None
    if keeper is not None:
        await keeper.look()
    try:
        async with Session.open(url=chosen(read(named), ledger).url, home=False):
            pass  # what every worker would stumble over, too
    except DatabaseDownError:
        if not wait:
            raise
    keeping = None if keeper is None else asyncio.create_task(keeper.run(), name="keeper")
    supervisor = Supervisor(
        commands, lambda: _check(named, ledger), beside=beside, reloaded=lambda: notify.tell(READY="1")
    )
    stop = _signals(supervisor, notify)
    told = [
        asyncio.create_task(notify.beat(), name="sign of life"),
        asyncio.create_task(_tell(notify, supervisor, stop), name="status"),
    ]
    try:
        await supervisor.run()
    finally:
        ending = [each for each in (keeping, *told) if each is not None]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        notify.close()


def _signals(supervisor: Supervisor, notify: Notify) -> asyncio.Event:
    """SIGTERM and Ctrl-C end it, SIGHUP has it reload, from now on. Set by the first of them."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        supervisor.stop()

    def reload() -> None:
        notify.reloading()
        supervisor.reload()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: it stays ignored
        # at a terminal it says that the terminal is closed
        loop.add_signal_handler(signal.SIGHUP, end if sys.stdin.isatty() else reload)
    return stop


async def _tell(notify: Notify, supervisor: Supervisor, stop: asyncio.Event) -> None:
    async def ready() -> dict[str, str]:
        return {"workers": await supervisor.ready() or "ok"}

    await notify.follow(ready, ["workers"], supervisor.words, stop)
