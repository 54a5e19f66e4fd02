"""`broadcast board`: the control room's page, as one process."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from broadcast.cli.log import with_levels
from broadcast.cli.operator import login_option
from broadcast.cli.runner import run
from broadcast.cli.settings import Settings
from broadcast.cli.signals import stopping
from broadcast.config import Config, named
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.monitor import board_events as events
from broadcast.monitor import logs
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import logger
from broadcast.monitor.served import told
from broadcast.web.app import make_runtime
from broadcast.web.security import Front
from broadcast.web.serve import Served, is_loopback, names_of, tls_context

log = logger(__name__)

_FILE = click.Path(dir_okay=False, path_type=Path)
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@click.command(
    epilog="Example: broadcast board --as board --tls-cert board.pem --tls-key board.key --host 10.0.0.5"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Default: 8443, without TLS 8080; 0 takes a free one."
)
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Its certificate, with those between, in PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The certificate's key, in PEM.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="By which browsers ask for it; repeat for more. Default: --host and those of the certificate.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy before it has the TLS, sets Host and X-Forwarded-For, and nobody else reaches this port.",
)
@login_option
def board(
    host: str,
    port: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    names: Sequence[str],
    behind_proxy: bool,
) -> None:
    """Serve the control room's page: alerts live, behind a login, until SIGTERM.

    People log in by their accounts of the database. It reads by the login of --as: an auditor's, so that it can
    tell who was reached where.
    """
    logs.configure()
    tls = _tls(tls_cert, tls_key)
    front = _front(host, tls is not None, behind_proxy, [*names, *(names_of(tls_cert) if tls_cert else ())])
    opened = port if port is not None else 8443 if tls else 8080
    run(with_levels(_serve(front, tls, host, opened, _configuration())))


def _configuration() -> Config | None:
    """None where none is named: one database, and times in UTC. Raises ConfigError where it is wrong: whoever starts a
    board is there to mend it."""
    settings = click.get_current_context().find_root().ensure_object(Settings)
    return settings.config if named(settings.files) else None


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if (certificate is None) != (key is None):
        raise click.UsageError(_("--tls-cert and --tls-key go together: give both, or none"))
    return None if certificate is None or key is None else tls_context(certificate, key)


def _front(host: str, tls: bool, behind_proxy: bool, names: Sequence[str]) -> Front:
    """Raises InputError: passwords would go over a network as they are typed, or nobody could name it."""
    if not (is_loopback(host) or tls or behind_proxy):
        raise InputError(
            _(
                "on {host} others would read the passwords on their way: give --tls-cert and --tls-key, or put a proxy "
                "with TLS before it and say --behind-proxy",
                host=host,
            )
        )
    known = {each.lower().strip("[]") for each in names}
    if is_loopback(host):
        known |= _HERE
    elif host not in ("0.0.0.0", "::", ""):
        known.add(host.lower())
    if behind_proxy and not names:
        raise InputError(_("--behind-proxy needs --name HOST: by which name browsers ask for it"))
    if not known:
        raise InputError(_("give --name HOST: by which name browsers ask for it"))
    return Front(tls or behind_proxy, frozenset(known), behind_proxy)


async def _serve(
    front: Front, tls: ssl.SSLContext | None, host: str, port: int, config: Config | None
) -> None:
    stop = stopping()
    zone = ZoneInfo(config.country.time_zone) if config else UTC
    served = Served(make_runtime(front, config, zone), tls)
    opened = await served.start(host, port)
    log(events.BOARD_SERVING, url=Name(f"{'https' if tls else 'http'}://{host}:{opened}"))
    try:
        async with told(stop, _serving, ["page"]):
            await stop.wait()
    finally:
        await asyncio.shield(served.stop())


async def _serving() -> dict[str, str]:
    """It takes part from its first answer on: whether it reaches the database, its page says."""
    return {"page": "ok"}
