"""`broadcast metrics`: what is served to Prometheus, and where."""

import asyncio
import contextlib
import json
from dataclasses import asdict
from pathlib import Path

import click

from broadcast.actions.session import Session
from broadcast.cli.files import write_text
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table
from broadcast.cli.runner import run
from broadcast.cli.settings import perhaps_configuration
from broadcast.cli.signals import stopping
from broadcast.languages import _, headings
from broadcast.monitor.catalogue import METRICS, SECTIONS
from broadcast.reports.targets import Targets
from broadcast.store import failures
from broadcast.store.failures import MENDABLE


@click.group()
def metrics() -> None:
    """What is served to Prometheus, and where.

    \b
    Example:
      broadcast metrics list
    """


@metrics.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every metric: type, unit, labels, who serves it, and what it means.

    \b
    Example:
      broadcast metrics list --json
    """
    if as_json:
        print_json([{**asdict(each), "of": sorted(each.of)} for each in METRICS.values()])
        return
    columns = headings("metric", "type", "unit", "labels", "of", "meaning")
    for title, section in SECTIONS.items():
        rows = [
            (each.name, each.kind, each.unit, " ".join(each.labels), " ".join(sorted(each.of)), each.meaning)
            for each in section
        ]
        print_table(title, columns, rows)


@metrics.command("targets")
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it there, for Prometheus' file_sd_configs; never half a file. Default: to stdout.",
)
@click.option(
    "--every",
    type=click.FloatRange(1, 3600),
    metavar="SECONDS",
    help="Again so often, until SIGTERM; with --file.",
)
@login_option
def targets_command(path: Path | None, every: float | None) -> None:
    """Where workers, resolvers and exporters that live serve their metrics, as JSON that Prometheus reads.

    Each says so in its database. Of a database that does not answer those that were found last stay.

    \b
    Example:
      broadcast metrics targets --file /etc/prometheus/broadcast.json --every 10
    """
    if every is not None and path is None:
        raise click.UsageError(_("--every needs --file"))
    run(_tell(path, every))


async def _tell(path: Path | None, every: float | None) -> None:
    stop, known = stopping(), Targets()
    while True:
        try:
            async with (
                Session.open(perhaps_configuration(), show_notice) as session,
                session.all_parts() as parts,
            ):
                await known.look(session.connection, parts)
            _put(known, path)
        except MENDABLE as error:
            if every is None:
                raise
            note(_("what was written stays: {error}", error=failures.in_words(error)))
        if every is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stop.wait()
        if stop.is_set():
            return


def _put(known: Targets, path: Path | None) -> None:
    for name in known.away:
        note(_("ledger {name} cannot be reached: its processes are as they were", name=name))
    said = json.dumps(known.document(), indent=2) + "\n"
    if path is None:
        click.echo(said, nl=False)
    else:
        write_text(path, said)
