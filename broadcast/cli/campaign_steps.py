"""`broadcast campaign draft` to `cancel`: each a step that a person takes with an alert."""

from collections.abc import Awaitable, Callable
from typing import Any

import click

from broadcast.actions import campaign as actions
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.campaign.marks import marked
from broadcast.cli.campaign_content import content_options, terms
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say, say_hidden, words
from broadcast.cli.runner import run
from broadcast.cli.session import act
from broadcast.cli.settings import configuration, perhaps_configuration
from broadcast.errors import DatabaseDownError
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
    made = act(lambda session: actions.draft(session, name, said), configuration())
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
    done = act(lambda session: actions.edit(session, name, said), config)
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


@click.command()
@click.argument("name")
@login_option
@json_option
def pause(name: str, as_json: bool) -> None:
    """Stop sending within 2 seconds; receipts still count.

    \b
    Example:
      broadcast campaign pause wash-hands
    """
    done = _stop(name, CampaignState.PAUSED, actions.pause)
    say_done(done, _("{name} is paused", name=name), as_json)


@click.command()
@click.argument("name")
@login_option
@json_option
def resume(name: str, as_json: bool) -> None:
    """Go on with a paused alert; where its first share was held, or asks, everybody else hears it now.

    \b
    Example:
      broadcast campaign resume wash-hands
    """
    done = act(lambda session: actions.resume(session, name))
    say_done(done, _("{name} runs again", name=name), as_json)


@click.command()
@click.argument("name")
@login_option
@json_option
def cancel(name: str, as_json: bool) -> None:
    """Stop for good within 2 seconds. What was sent stays sent, and its receipts still count.

    \b
    Example:
      broadcast campaign cancel wash-hands
    """
    done = _stop(name, CampaignState.CANCELLED, actions.cancel)
    say_done(done, _("{name} is cancelled", name=name), as_json)


def _stop(name: str, state: CampaignState, stop: Callable[[Session, str], Awaitable[Campaign]]) -> Campaign:
    """Also while home is away, where there are ledgers beside it."""
    try:
        return act(lambda session: stop(session, name))
    except DatabaseDownError as error:
        config, why = perhaps_configuration(), error
        if config is None or not config.ledgers:
            raise
    return run(actions.order_without_home(config, name, state, show_notice, why))


def say_done(done: Campaign, line: str, as_json: bool) -> None:
    """How every step ends."""
    if as_json:
        print_json(done)
        return
    say(marked(done.status, line))
    say_hidden(text=done.text, sender=done.sender)
