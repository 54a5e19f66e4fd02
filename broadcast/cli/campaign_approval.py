"""`broadcast campaign approve`, `override`, `withdraw`, `return`: what second persons say to a draft."""

import sys
from collections.abc import Awaitable, Callable

import click

from broadcast.actions import campaign as actions
from broadcast.actions.session import Session
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.cli.campaign_steps import say_done
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option
from broadcast.cli.session import act
from broadcast.errors import InputError
from broadcast.languages import _, term
from broadcast.visible import visible

_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why, for who reads `show`.")


@click.command()
@click.argument("name")
@click.option("--content", "code", metavar="CODE", help="As `show` printed it. Asked for at a terminal.")
@login_option
@json_option
def approve(name: str, code: str | None, as_json: bool) -> None:
    """Approve an alert that somebody else drafted: exactly what `broadcast campaign show` printed with this code.

    \b
    Example:
      broadcast campaign show wash-hands
      broadcast campaign approve wash-hands --as second-person --content 3fa9-07c2
    """
    said = _ask_code(name) if code is None else code
    done = act(lambda session: actions.approve(session, name, said))
    if done.state is CampaignState.APPROVED:
        line = _(
            "{name} is approved by {approved_by}: content {code}",
            name=name,
            approved_by=done.approved_by,
            code=done.code,
        )
    else:
        line = _(
            "your approval is noted, and {name} needs another person's: content {code}",
            name=name,
            code=done.code,
        )
    say_done(done, line, as_json)


@click.command()
@click.argument("name")
@login_option
@json_option
def override(name: str, as_json: bool) -> None:
    """Go on alone with an alert that you approved and that needs more people, where a rule allows that after a while.

    \b
    Example:
      broadcast campaign override wash-hands
    """
    done = act(lambda session: actions.override(session, name))
    line = _(
        "{name} IS APPROVED BY {approved_by} ALONE, by override: every log says so",
        name=name,
        approved_by=done.approved_by,
    )
    say_done(done, line, as_json)


@click.command()
@click.argument("name")
@_REASON
@login_option
@json_option
def withdraw(name: str, reason: str, as_json: bool) -> None:
    """Take your approval back, before the launch.

    \b
    Example:
      broadcast campaign withdraw wash-hands --reason "the ministry has another text"
    """
    done = act(lambda session: actions.withdraw(session, name, reason))
    line = _("your approval of {name} is withdrawn: it is {state}", name=name, state=term(done.state))
    say_done(done, line, as_json)


@click.command("return")
@click.argument("name")
@_REASON
@login_option
@json_option
def send_back(name: str, reason: str, as_json: bool) -> None:
    """Say no to an alert as it is, before the launch: it needs another edit, and no approval of it holds.

    \b
    Example:
      broadcast campaign return wash-hands --reason "the hotline is missing"
    """
    done = act(lambda session: actions.send_back(session, name, reason))
    line = _(
        "{name} is returned to {drafted_by}: it needs an edit, then approval",
        name=name,
        drafted_by=done.drafted_by,
    )
    say_done(done, line, as_json)


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
