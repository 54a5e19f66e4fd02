"""`broadcast campaign pause` to `cancel`: each a step that a person takes with an alert."""

from collections.abc import Awaitable, Callable

import click

from broadcast.actions import campaign as actions
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.campaign.marks import marked
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say, say_hidden
from broadcast.cli.runner import run
from broadcast.cli.session import act
from broadcast.cli.settings import perhaps_configuration
from broadcast.errors import DatabaseDownError
from broadcast.languages import _


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
