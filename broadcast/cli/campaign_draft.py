"""`broadcast campaign draft` and `edit`: an alert is written."""

from typing import Any

import click

from broadcast.actions import drafting
from broadcast.actions.terms import Terms
from broadcast.cli.campaign_content import content_options, terms
from broadcast.cli.campaign_steps import say_done
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _


@click.command()
@click.argument("name")
@content_options
@login_option
@json_option
def draft(name: str, as_json: bool, **options: Any) -> None:
    """Write down an alert; nothing is sent before a second person approves it and it is launched.

    \b
    Example:
      broadcast campaign draft wash-hands --text-file alert.txt --category health --expires 6h
    """
    write_draft(name, terms(options), as_json)


def write_draft(name: str, said: Terms, as_json: bool) -> None:
    """And say what comes next."""
    made = act(lambda session: drafting.draft(session, name, said), configuration())
    say_done(
        made,
        _(
            "{name} is drafted, expires {expires_at}: see `broadcast campaign forecast {name}`, then have"
            " it approved",
            name=name,
            expires_at=words(made.expires_at),
        ),
        as_json,
    )


@click.command()
@click.argument("name")
@content_options
@login_option
@json_option
def edit(name: str, as_json: bool, **options: Any) -> None:
    """Change an alert that was not launched yet: only what is given. An approval is void.

    \b
    Example:
      broadcast campaign edit wash-hands --expires 12h
    """
    config, said = configuration(), terms(options)
    done = act(lambda session: drafting.edit(session, name, said), config)
    say_done(
        done,
        _(
            "{name} is a draft by {drafted_by}, expires {expires_at}: it needs approval",
            name=name,
            drafted_by=done.drafted_by,
            expires_at=words(done.expires_at),
        ),
        as_json,
    )
