"""`broadcast audience count`: how many people a filter, areas or lists choose, before there is an alert."""

from typing import Any

import click

from broadcast.actions.counting import People
from broadcast.actions.counting import count as counted
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table, say
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, grouped, headings


@click.command("count")
@click.option(
    "--area", "areas", multiple=True, metavar="NAME_OR_CODE", help="Who lives there or below it; repeatable."
)
@click.option("--where", metavar="FILTER", help="Whom this fits, of those of the areas or of all.")
@click.option("--list", "lists", multiple=True, metavar="NAME", help="Who is on it too; repeatable.")
@click.option("--carrier", "carriers", multiple=True, metavar="NAME", help="Of this one alone; repeatable.")
@login_option
@json_option
def count(carriers: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """How many subscribers a choice reaches, by carrier: as an alert that names the same would count and reach them.

    \b
    Example:
      broadcast audience count --area "Quảng Nam" --where 'language = "vi" and not in list "hospital"'
    """
    plan = {name: value for name, value in options.items() if value}
    found = act(lambda session: counted(session, plan, carriers), configuration())
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: People) -> None:
    rows = [(each.carrier, each.people, each.opted_out, each.connected) for each in found.carriers]
    print_table(found.whom or _("everybody"), headings("carrier", "people", "opted out", "connected"), rows)
    say(
        _(
            "{recipients} would hear an alert, {all} an emergency",
            recipients=grouped(found.recipients),
            all=grouped(found.recipients_of_emergency),
        )
    )
