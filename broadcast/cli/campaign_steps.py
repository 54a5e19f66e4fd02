"""`broadcast campaign draft` to `cancel`: each a step that a person takes with an alert."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from broadcast.actions import campaign as actions
from broadcast.actions.session import Actor, Session
from broadcast.actions.terms import Terms
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.cli.campaign_content import content_options, terms
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import actor_option
from broadcast.cli.output import json_option, print_json, say, say_hidden, words
from broadcast.cli.runner import run
from broadcast.cli.session import act
from broadcast.cli.settings import configuration, perhaps_configuration
from broadcast.errors import DatabaseDownError, InputError
from broadcast.languages import _
from broadcast.visible import visible


@click.command()
@click.argument("name")
@content_options
@actor_option
@json_option
def draft(name: str, actor: str, as_json: bool, **options: Any) -> None:
    """Write down an alert; nothing is sent before a second person approves it and it is launched.

    \b
    Example:
      broadcast campaign draft wash-hands --text-file alert.txt --category health --expires 6h
    """
    write_draft(name, actor, terms(options), as_json)


def write_draft(name: str, actor: str, said: Terms, as_json: bool) -> None:
    """And say what comes next."""
    made = act(lambda session: actions.draft(session, Actor(actor), name, said), configuration())
    _say(
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
@actor_option
@json_option
def edit(name: str, actor: str, as_json: bool, **options: Any) -> None:
    """Change an alert that was not launched yet: only what is given. An approval is void.

    \b
    Example:
      broadcast campaign edit wash-hands --expires 12h
    """
    config, said = configuration(), terms(options)
    done = act(lambda session: actions.edit(session, Actor(actor), name, said), config)
    _say(
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
@click.option("--content", "code", metavar="CODE", help="As `show` printed it. Asked for at a terminal.")
@actor_option
@json_option
def approve(name: str, code: str | None, actor: str, as_json: bool) -> None:
    """Approve an alert that somebody else drafted: exactly what `broadcast campaign show` printed with this code.

    \b
    Example:
      broadcast campaign show wash-hands
      broadcast campaign approve wash-hands --as second-person --content 3fa9-07c2
    """
    said = _ask_code(name) if code is None else code
    done = act(lambda session: actions.approve(session, Actor(actor), name, said))
    _say(
        done,
        _(
            "{name} is approved by {approved_by}: content {code}",
            name=name,
            approved_by=done.approved_by,
            code=done.code,
        ),
        as_json,
    )


@click.command()
@click.argument("name")
@actor_option
@json_option
def launch(name: str, actor: str, as_json: bool) -> None:
    """Fix the audience and begin to send, as soon as workers run.

    \b
    Example:
      broadcast campaign launch wash-hands
    """
    done = act(lambda session: actions.launch(session, Actor(actor), name), configuration())
    _say(
        done,
        _(
            "{name} is launched: {audience:,} in the audience, {segments} segments each",
            name=name,
            audience=done.audience,
            segments=done.segments,
        ),
        as_json,
    )


@click.command()
@click.argument("name")
@actor_option
@json_option
def pause(name: str, actor: str, as_json: bool) -> None:
    """Stop sending within 2 seconds; receipts still count.

    \b
    Example:
      broadcast campaign pause wash-hands
    """
    done = _stop(name, actor, CampaignState.PAUSED, actions.pause)
    _say(done, _("{name} is paused", name=name), as_json)


@click.command()
@click.argument("name")
@actor_option
@json_option
def resume(name: str, actor: str, as_json: bool) -> None:
    """Go on with a paused alert.

    \b
    Example:
      broadcast campaign resume wash-hands
    """
    done = act(lambda session: actions.resume(session, Actor(actor), name))
    _say(done, _("{name} runs again", name=name), as_json)


@click.command()
@click.argument("name")
@actor_option
@json_option
def cancel(name: str, actor: str, as_json: bool) -> None:
    """Stop for good within 2 seconds. What was sent stays sent, and its receipts still count.

    \b
    Example:
      broadcast campaign cancel wash-hands
    """
    done = _stop(name, actor, CampaignState.CANCELLED, actions.cancel)
    _say(done, _("{name} is cancelled", name=name), as_json)


def _stop(
    name: str, actor: str, state: CampaignState, stop: Callable[[Session, Actor, str], Awaitable[Campaign]]
) -> Campaign:
    """Also while home is away, where there are ledgers beside it."""
    try:
        return act(lambda session: stop(session, Actor(actor), name))
    except DatabaseDownError as error:
        config, why = perhaps_configuration(), error
        if config is None or not config.ledgers:
            raise
    return run(actions.order_without_home(config, Actor(actor), name, state, show_notice, why))


def _ask_code(name: str) -> str:
    """Of whoever sits there; a script gives it."""
    if not sys.stdin.isatty():
        raise InputError(
            _("give --content CODE: the content code that `broadcast campaign show {name}` prints", name=name)
        )
    asked = _("Content code that `broadcast campaign show {name}` printed", name=act(_named(name)).name)
    said: str = click.prompt(visible(asked), err=True)
    return said


def _named(name: str) -> Callable[[Session], Awaitable[Campaign]]:
    return lambda session: campaigns.by_name(session.connection, name)


def _say(done: Campaign, line: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(line)
    say_hidden(text=done.text, sender=done.sender)
