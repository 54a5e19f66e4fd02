"""`broadcast worker`: one sending process."""

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import click

from broadcast.cli.collector import collect_seldom
from broadcast.cli.ledger import Chosen, chosen, ledger_option, restricted
from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.runner import run
from broadcast.cli.settings import Settings, check_passwords, configuration
from broadcast.cli.signals import stopping
from broadcast.engine.connections import AGAIN_S
from broadcast.engine.target import Target
from broadcast.engine.worker import Worker
from broadcast.errors import DatabaseDownError, FencedError
from broadcast.monitor import events, logs
from broadcast.monitor.health import HealthServer
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import logger
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel

log = logger(__name__)


@click.command(epilog="Example: broadcast worker --metrics-port 9464")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of /metrics, /healthz and /readyz; 0, the default, takes a free one.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address to serve them on.")
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
@ledger_option
@login_option
@click.pass_context
def worker(
    ctx: click.Context,
    metrics_port: int,
    metrics_host: str,
    place: UUID | None,
    resolver: bool,
    ledger: str | None,
) -> None:
    """Send what campaigns have to send, until SIGTERM. Run one for each core, on as many machines as you like."""
    logs.configure()
    config = configuration()
    check_passwords(restricted(config, ledger))
    here = chosen(config, ledger)
    collect_seldom()
    options = ctx.find_root().ensure_object(Settings).words()
    beside = _resolver(options, ledger) if resolver else None
    run(with_levels(_serve(here, metrics_host, metrics_port, place, beside)))


def _resolver(options: Sequence[str], ledger: str | None) -> list[str]:
    named = ["--ledger", ledger] if ledger else []
    return [sys.executable, "-m", "broadcast", *options, "resolver", *named, "--parent", str(os.getpid())]


async def _serve(
    here: Chosen, host: str, port: int, place: UUID | None, resolver: Sequence[str] | None
) -> None:
    """Live until told to stop; when the leases are lost, begin a new life, as soon as the database lets us."""
    metrics, target = Metrics("worker"), Target("worker")
    begin = partial(Worker, here.config, metrics, here.url, SmppChannel, place, resolver, here.one_of, target)
    life, lived, stop = begin(), False, stopping()

    async def ready() -> str | None:
        return await life.ready()

    async def keeps_up() -> str | None:
        return await life.keeps_up()

    async def database() -> str | None:
        return await life.database()

    health = HealthServer(metrics, {"lease": ready, "database": database, "receipts": keeps_up})
    taken = await health.start(host, port)
    target.at(host, taken)
    log(events.SERVING, url=Name(f"http://{host}:{taken}/metrics"))
    try:
        while not stop.is_set():
            passing_on = asyncio.create_task(_pass_on(stop, life), name="stop")
            try:
                await life.run()
            except FencedError as error:
                log(events.WORKER_FENCED, why=error)
                lived, life = True, begin()
            except DatabaseDownError as error:
                if not lived:
                    raise
                log(events.WORKER_WAITS, why=error)
                await asyncio.sleep(AGAIN_S)
                life = begin()
            finally:
                passing_on.cancel()
    finally:
        await health.stop()


async def _pass_on(stop: asyncio.Event, life: Worker) -> None:
    await stop.wait()
    life.stop()
