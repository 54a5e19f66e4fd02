"""`broadcast campaign archive`: a finished campaign's recipients as Parquet files instead of rows."""

from pathlib import Path

import click

from broadcast.actions.archive import archive
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say, words
from broadcast.cli.session import act_on
from broadcast.languages import _


@click.command("archive")
@click.argument("name")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    default=".",
    help="The folder in which NAME.archive is made. Default: the current one.",
)
@click.option("--drop", is_flag=True, help="Once the files are proved: remove the rows from the database.")
@click.option("--anyway", is_flag=True, help="Although a cap on how often people are told counts this alert.")
@login_option
@json_option
def campaign_archive(name: str, folder: Path, drop: bool, anyway: bool, as_json: bool) -> None:
    """Move a finished alert's recipients into Parquet files, with whole numbers: keep them safe.

    The files are read back, counted and summed, and compared with the database before anything is dropped.
    `report` and `audit` read them then. An archive that is there already is checked and used; when its files
    were moved after the drop, the same command with their new folder tells the database.

    \b
    Example:
      broadcast campaign archive flood-warning --to /srv/alerts
      broadcast campaign archive flood-warning --to /srv/alerts --drop
    """
    done = act_on(name, lambda session: archive(session, name, folder, drop=drop, anyway=anyway))
    if as_json:
        print_json(done)
        return
    each = _(", {octets:.1f} octets each", octets=done.octets / done.recipients) if done.recipients else ""
    say(
        _(
            "{name} is archived and proved: {recipients:,} recipients{each}, in {place}",
            name=name,
            recipients=done.recipients,
            each=each,
            place=words(done.place),
        )
    )
    say(
        _("its rows are gone from the database")
        if done.dropped
        else _("its rows are still in the database: --drop")
    )
