"""`broadcast list`: numbers by name."""

from pathlib import Path

import click

from broadcast.actions import lists as actions
from broadcast.actions.lists import ListImport
from broadcast.cli.file_lines import say_refused_file, show_lines
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table, say, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, headings

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("list")
def list_() -> None:
    """Numbers by name: to leave people out, to choose them, to reach who is at a place.

    \b
    Example:
      broadcast list import hospital staff.csv
      broadcast list show
    """


@list_.command("import")
@click.argument("name")
@click.argument("file", type=_FILE)
@click.option("--add", is_flag=True, help="Beside who is on the list already, not in their place.")
@click.option(
    "--carrier",
    metavar="CARRIER",
    help="Numbers of other countries are on it too; this carrier reaches them, in whose network they are.",
)
@click.option("--refused", type=_FILE, help="Where refused lines go. Default: as of subscriber import.")
@login_option
@json_option
def import_(
    name: str, file: Path, add: bool, carrier: str | None, refused: Path | None, as_json: bool
) -> None:
    """Bring a file of numbers in as the list NAME; all of it or nothing.

    CSV or Parquet as of subscriber import, with a column msisdn; - is standard input. Who is on the list now is
    replaced. An alert that names the list and runs already goes on as it was: see audience add.

    \b
    Example:
      broadcast list import hospital staff.csv
      broadcast list import roaming visitors.csv --carrier viettel
    """
    plan = actions.list_file(name, file, refused, add=add, carrier=carrier)
    done = act(lambda session: actions.import_list(session, plan), configuration())
    if as_json:
        print_json(done)
    else:
        show_import(done)


def show_import(done: ListImport) -> None:
    """Every line of the file accounted for."""
    show_lines(done)
    say(
        _(
            "{members} are on the list {name}, {new} of them new",
            members=done.members,
            name=words(done.name),
            new=done.new,
        )
    )
    if done.refused:
        say_refused_file(done.refused_file)


@list_.command()
@click.argument("name", required=False)
@login_option
@json_option
def show(name: str | None, as_json: bool) -> None:
    """Every list, or one: how many are on it, since when. Never a number.

    \b
    Example:
      broadcast list show hospital
    """
    found = act(lambda session: actions.known_lists(session, name))
    if as_json:
        print_json(found)
        return
    rows = [(e.name, e.members, e.carrier, e.source, e.changed_at, e.changed_by) for e in found]
    columns = headings("list", "numbers", "carrier of foreign ones", "file", "changed", "by")
    print_table(_("Lists"), columns, rows)


@list_.command()
@click.argument("name")
@login_option
@json_option
def drop(name: str, as_json: bool) -> None:
    """Forget a list. Refused while an alert that may still be sent names it.

    \b
    Example:
      broadcast list drop hospital
    """
    act(lambda session: actions.drop_list(session, name))
    if as_json:
        print_json({"dropped": name})
    else:
        say(_("the list {name} is gone", name=words(name)))
