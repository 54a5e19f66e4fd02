"""`broadcast plan`: what alerts to a nation take, before anything is bought or built."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from broadcast import config as files_of
from broadcast.capacity.costs import LEDGER_SEGMENTS_PER_S, WORKERS_LEAST
from broadcast.capacity.demand import Demand, parts
from broadcast.capacity.plan import plan as planned
from broadcast.cli.output import json_option, print_json
from broadcast.cli.plan_page import show
from broadcast.cli.settings import Settings, configuration
from broadcast.config import Config
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.tables import read_toml

_MOST = 10**12


def _count(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A whole number as people write large ones: 125e6, 125_000_000, 125,000,000."""
    if value is None:
        return None
    try:
        number = Decimal(value.replace(",", ""))
    except InvalidOperation:
        raise click.BadParameter(
            _("{value!r} is no number: write 125e6, 125000000 or 125_000_000", value=value)
        ) from None
    if not number.is_finite() or not 1 <= number <= _MOST:
        raise click.BadParameter(_("{value!r} is not between 1 and 1e12", value=value))
    if number != int(number):
        raise click.BadParameter(_("{value!r} is no whole number", value=value))
    return int(number)


def _shares(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> Mapping[str, float]:
    """viettel=54: carriers and their parts of the people, in any unit."""
    found: dict[str, float] = {}
    for value in values:
        carrier, _sign, part = value.partition("=")
        try:
            number = Decimal(part.removesuffix("%").replace(",", ""))
        except InvalidOperation:
            raise click.BadParameter(_("{value!r} is not NAME=PART: viettel=54, say", value=value)) from None
        if not number.is_finite() or not 0 < number <= _MOST:
            raise click.BadParameter(_("{value!r}: a part is more than 0, and 1e12 at most", value=value))
        if carrier in found:
            raise click.BadParameter(_("names {carrier} twice", carrier=carrier))
        found[carrier] = float(number)
    return found


@click.command("plan")
@click.option(
    "--subscribers",
    "people",
    callback=_count,
    metavar="COUNT",
    required=True,
    help="People in all: 125e6, say.",
)
@click.option(
    "--segments",
    type=click.IntRange(1, 255),
    required=True,
    help="Of one message, as `campaign forecast` says. A text of Vietnamese has one for each 67 letters.",
)
@click.option(
    "--messages",
    callback=_count,
    metavar="COUNT",
    help="To everybody in all, 15e9 say. Default: one alert's.",
)
@click.option("--alerts", type=click.IntRange(1, 1_000_000), help="How many, instead of --messages.")
@click.option(
    "--carriers",
    "files",
    multiple=True,
    metavar="FILE",
    help="Their configuration, instead of --config's; repeat for more. The country's is --config's, or named here.",
)
@click.option(
    "--share",
    "shares",
    callback=_shares,
    multiple=True,
    metavar="NAME=PART",
    help="A carrier's part of the people, in any unit (`subscriber stats` has them). Give every carrier's. Default: "
    "by the numbers that the numbering plan gives each.",
)
@click.option(
    "--receipt-s",
    type=click.FloatRange(0, 259_200),
    default=30.0,
    show_default=True,
    help="How long receipts take, nearly all of them.",
)
@click.option("--cores", type=click.IntRange(1, 1024), default=8, show_default=True, help="Of one machine.")
@click.option("--machines", type=click.IntRange(1, 1000), help="That you have. Default: as many as it takes.")
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=WORKERS_LEAST,
    show_default=True,
    help="Of each database, at least.",
)
@click.option(
    "--ledger-tps",
    type=click.IntRange(1000, 10_000_000),
    default=LEDGER_SEGMENTS_PER_S,
    show_default=True,
    help="Segments a second that one database carries: measure yours by `broadcast bench --nation --only ledger`.",
)
@json_option
def plan(
    people: int, segments: int, messages: int | None, alerts: int | None, files: tuple[str, ...],
    shares: Mapping[str, float], receipt_s: float, cores: int, machines: int | None, workers: int,
    ledger_tps: int, as_json: bool,
) -> None:  # fmt: skip
    """What alerts to a nation take: hours, workers, cores, databases, disk, log, memory, network, and what bounds them.

    Computed from what was measured (docs/performance.md) and from each carrier's TPS, binds and windows; nothing is
    connected to.

    \b
    Example:
      broadcast plan --subscribers 125e6 --segments 5 --carriers config/vietnam.toml --carriers carriers.toml
      broadcast plan --subscribers 125e6 --segments 5 --messages 15e9 --machines 2 --cores 16
    """
    if messages and alerts:
        raise click.UsageError(_("--messages and --alerts say the same: give one"))
    config = _config(files)
    carriers = parts(config, people, segments, shares)
    engine = config.engine
    found = planned(
        Demand(carriers, messages or people * (alerts or 1), receipt_s, cores, machines, workers, ledger_tps,
               engine.slice_size, engine.group_s)
    )  # fmt: skip
    if as_json:
        print_json(found)
    else:
        show(found)


def _config(files: Sequence[str]) -> Config:
    """The command's configuration, or these carriers in its country. Raises ConfigError."""
    if not files:
        return configuration()
    paths = [Path(file) for file in files]
    if any("country" in read_toml(path) for path in paths):
        return files_of.load(paths)
    named = files_of.named(click.get_current_context().find_root().ensure_object(Settings).files)
    others = [path for path in map(Path, named) if "carriers" not in read_toml(path)]
    if not any("country" in read_toml(path) for path in others):
        raise ConfigError(
            _(
                "{files}: no [country] there, and --config has none in a file of its own: add the country's "
                "file, --carriers config/vietnam.toml say",
                files=", ".join(files),
            )
        )
    return files_of.load([*others, *paths])
