"""`broadcast campaign correct`: a draft for everybody who may have heard a wrong alert."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import click

from broadcast.actions import drafting
from broadcast.actions.templates import texts_of
from broadcast.actions.terms import Terms, worded
from broadcast.cli.campaign_content import terms
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say, say_hidden, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.cli.template import given
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _

# what a correction has of the alert that it corrects
_AS_CORRECTED: Final = {
    **dict.fromkeys(("alphabet", "sender", "category", "priority", "in_doubt", "grace", "status")),
    "carriers": (),
}


@click.command("correct")
@click.argument("name")
@click.option("--template", metavar="TEMPLATE", help="A text written beforehand: correction-flood, say.")
@click.option("--set", "values", multiple=True, metavar="PARAMETER=VALUE", help="One of the template's.")
@click.option("--text", "texts", multiple=True, metavar="[LANGUAGE=]TEXT", help="As of `draft`.")
@click.option("--text-file", "text_files", multiple=True, metavar="[LANGUAGE=]FILE", help="As of `draft`.")
@click.option("--languages", metavar="LANGUAGE,...", help="As of `draft`.")
@click.option("--plain", is_flag=True, help="Write the text without diacritics: fewer segments.")
@click.option("--expires", metavar="WHEN", help="6h, 90m, 2d, or the country's time. Default: 24h.")
@click.option("--name", "called", metavar="CORRECTION", help="Default: the alert's name, and -correction.")
@login_option
@json_option
def campaign_correct(name: str, called: str | None, as_json: bool, **options: Any) -> None:
    """Draft a correction for exactly those who heard an alert, or may have.

    \b
    Example:
      broadcast campaign cancel flood-warning
      broadcast campaign correct flood-warning --template correction-flood
      broadcast campaign correct flood-warning --text "The warning of 18:00 was wrong. There is no flood."
    """
    config = configuration()
    said = _terms(config, options)
    made = act(lambda session: drafting.correct(session, name, said, called), config)
    if as_json:
        print_json(made)
        return
    say(
        _(
            "{correction} is drafted for those who may have heard {name}, expires {at}: `broadcast campaign show"
            " {correction}`, have it approved, and launch it",
            correction=made.name,
            name=name,
            at=words(made.expires_at),
        )
    )
    say_hidden(text=made.text, sender=made.sender)


def _terms(config: Config, options: Mapping[str, Any]) -> Terms:
    """Raises InputError."""
    said = terms({**_AS_CORRECTED, **options})
    name, values = options["template"], given(options["values"])
    if name is None:
        if values:
            raise InputError(_("--set goes with --template"))
        return said
    if said.text or said.texts:
        raise InputError(_("give --template or the text itself, not both"))
    texts = texts_of(config, name, values)
    return replace(said, texts={each: worded(text, plain=said.plain) for each, text in texts.items()})
