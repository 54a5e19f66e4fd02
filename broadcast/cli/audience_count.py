"""`broadcast audience count`: how many people a filter, areas or lists choose, before there is an alert."""

from collections.abc import Mapping
from typing import Any

import click

from broadcast.actions.counting import People
from broadcast.actions.counting import count as counted
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, grouped, headings, term


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
      broadcast audience count --area "Quảng Ngãi" --where 'language = "vi" and not in list "hospital"'
    """
    plan = {name: value for name, value in options.items() if value}
    found = act(lambda session: counted(session, plan, carriers), configuration())
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: People) -> None:
    rows = [(each.carrier, each.people, each.connected) for each in found.carriers]
    print_table(found.whom or _("everybody"), headings("carrier", "people", "connected"), rows)
    reached = [
        (term(category), each.recipients, _left_out(each.excluded))
        for category, each in found.categories.items()
    ]
    print_table("", headings("category", "recipients", "left out"), reached)


def _left_out(excluded: Mapping[str, int]) -> str:
    return ", ".join(f"{grouped(count)} {term(reason)}" for reason, count in sorted(excluded.items()))
