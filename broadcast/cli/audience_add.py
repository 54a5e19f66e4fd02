"""`broadcast audience add`: who comes later."""

from pathlib import Path

import click

from broadcast.actions import entrants as actions
from broadcast.actions.entrants import Added
from broadcast.actions.lists import list_file
from broadcast.cli.file_lines import refused_rows, say_refused_file
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, headings, term

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("add")
@click.argument("campaign")
@click.argument("file", type=_FILE)
@click.option("--list", "name", required=True, metavar="NAME", help="A list that the alert names.")
@click.option("--refused", type=_FILE, help="Where refused lines go. Default: as of subscriber import.")
@login_option
@json_option
def add(campaign: str, file: Path, name: str, refused: Path | None, as_json: bool) -> None:
    """Who is in FILE enters the list NAME; if the alert runs, they hear it now.

    What was approved covers whoever is on the lists that it names. Nobody hears an alert twice: give whole lists, or
    those who came, as often as you like, every minute say. The file is as of list import; - is standard input.

    \b
    Example:
      broadcast audience add storm --list da-nang visitors.csv
    """
    plan = list_file(name, file, refused, add=True)
    done = act(lambda session: actions.add(session, campaign, plan), configuration())
    if as_json:
        print_json(done)
    else:
        _show(done)


def _show(done: Added) -> None:
    rows = [(_("repeated lines"), done.repeated), *refused_rows(done.refused)]
    if (entered := done.entered) is not None:
        rows += [(_("hear it now"), entered.entered), (_("in the alert before"), entered.already)]
        rows += [(_("left out: {reason}", reason=term(why)), many) for why, many in entered.excluded.items()]
        rows += [(_("of no carrier of the alert"), entered.unreached)]
    else:
        rows += [(_("hear it from its launch on"), done.numbers)]
    print_table(
        _("{new} are new on the list {name}", new=done.new, name=words(done.list)),
        headings("", "people"),
        rows,
    )
    if done.refused:
        say_refused_file(done.refused_file)
