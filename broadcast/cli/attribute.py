"""`broadcast attribute`: what lists may say of people beside area and language."""

import click

from broadcast.actions import attribute as actions
from broadcast.audience.attributes import KINDS, MOST, Kind
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table, say
from broadcast.cli.session import act
from broadcast.languages import _, headings


@click.group()
def attribute() -> None:
    """What lists may say of people beside area and language: an age band, an institution. For groups, 16 at most.

    \b
    Example:
      broadcast attribute add age_band --type number
      broadcast attribute list
    """


@attribute.command()
@click.argument("name")
@click.option("--type", "kind", type=click.Choice(KINDS), required=True, help="What its cells hold.")
@login_option
@json_option
def add(name: str, kind: Kind, as_json: bool) -> None:
    """From now on imports read the column of this name.

    \b
    Example:
      broadcast attribute add age_band --type number
    """
    done = act(lambda session: actions.add(session, name, kind))
    if as_json:
        print_json(done)
    else:
        say(_("{name}: {kind}; the next import reads the column of this name", name=name, kind=kind))


@attribute.command("list")
@login_option
@json_option
def list_(as_json: bool) -> None:
    """Every attribute and its type; `broadcast subscriber stats` says of how many people each is known.

    \b
    Example:
      broadcast attribute list
    """
    found = act(actions.registered)
    if as_json:
        print_json(found)
        return
    title = _("Attributes: {known}, at most {most}", known=len(found), most=MOST)
    print_table(title, headings("attribute", "type"), [(each.name, each.type) for each in found])


@attribute.command()
@click.argument("name")
@click.option(
    "--forget", is_flag=True, help="Also where it is known of people: it is forgotten of everybody."
)
@login_option
@json_option
def drop(name: str, forget: bool, as_json: bool) -> None:
    """Imports read it no more. Refused while an alert goes by it.

    \b
    Example:
      broadcast attribute drop age_band --forget
    """
    act(lambda session: actions.drop(session, name, forget=forget))
    if as_json:
        print_json({"dropped": name})
    else:
        say(_("{name} is no attribute any more", name=name))
