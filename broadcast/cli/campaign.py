"""`broadcast campaign`: an alert from its first draft to its last report."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plain import PlainText
from broadcast.cli.campaign_archive import campaign_archive
from broadcast.cli.campaign_audit import campaign_audit
from broadcast.cli.campaign_content import content_options, edited_content, given_text, new_content
from broadcast.cli.campaign_doubts import campaign_doubts
from broadcast.cli.campaign_forecast import campaign_forecast
from broadcast.cli.campaign_replies import campaign_replies
from broadcast.cli.campaign_report import campaign_report
from broadcast.cli.campaign_show import campaign_list, campaign_show
from broadcast.cli.campaign_watch import campaign_watch
from broadcast.cli.day_time import database_now
from broadcast.cli.import_warning import warn_of_unfinished
from broadcast.cli.operator import actor_option
from broadcast.cli.output import json_option, print_json, say, say_hidden, words
from broadcast.cli.runner import run
from broadcast.cli.settings import configuration
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.ledger import close
from broadcast.store.pool import connect
from broadcast.store.types import Connection
from broadcast.visible import visible

Change = Callable[[Connection, Campaign, str], Awaitable[Campaign]]


@click.group()
def campaign() -> None:
    """Draft, approve, launch and follow an alert.

    \b
    Example:
      broadcast campaign draft wash-hands --text-file alert.txt --category health --expires 6h
      broadcast campaign forecast wash-hands
      broadcast campaign show wash-hands
      broadcast campaign approve wash-hands --as SOMEBODY-ELSE --content 3fa9-07c2
      broadcast campaign launch wash-hands
      broadcast campaign watch wash-hands
    """


for _command in (
    campaign_archive,
    campaign_audit,
    campaign_doubts,
    campaign_forecast,
    campaign_list,
    campaign_replies,
    campaign_report,
    campaign_show,
    campaign_watch,
):
    campaign.add_command(_command)


@campaign.command()
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
    made = run(_draft(configuration(), name, options, given_text(options), actor))
    _say(
        made,
        f"{name} is drafted, expires {words(made.expires_at)}: see `broadcast campaign forecast {name}`, then have"
        " it approved",
        as_json,
    )


@campaign.command()
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
    done = run(_edit(configuration(), name, options, given_text(options), actor))
    _say(
        done,
        f"{name} is a draft by {done.drafted_by}, expires {words(done.expires_at)}: it needs approval",
        as_json,
    )


@campaign.command()
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
    done = run(_approve(name, actor, _ask_code(name) if code is None else code))
    _say(done, f"{name} is approved by {done.approved_by}: content {done.code}", as_json)


@campaign.command()
@click.argument("name")
@actor_option
@json_option
def launch(name: str, actor: str, as_json: bool) -> None:
    """Fix the audience and begin to send, as soon as workers run.

    \b
    Example:
      broadcast campaign launch wash-hands
    """
    done = run(_launch(configuration(), name, actor))
    _say(
        done, f"{name} is launched: {done.audience:,} in the audience, {done.segments} segments each", as_json
    )


@campaign.command()
@click.argument("name")
@actor_option
@json_option
def pause(name: str, actor: str, as_json: bool) -> None:
    """Stop sending within 2 seconds; receipts still count.

    \b
    Example:
      broadcast campaign pause wash-hands
    """
    _say(run(_change(name, campaigns.pause, actor)), f"{name} is paused", as_json)


@campaign.command()
@click.argument("name")
@actor_option
@json_option
def resume(name: str, actor: str, as_json: bool) -> None:
    """Go on with a paused alert.

    \b
    Example:
      broadcast campaign resume wash-hands
    """
    _say(run(_change(name, _resume, actor)), f"{name} runs again", as_json)


@campaign.command()
@click.argument("name")
@actor_option
@json_option
def cancel(name: str, actor: str, as_json: bool) -> None:
    """Stop for good within 2 seconds. What was sent stays sent, and its receipts still count.

    \b
    Example:
      broadcast campaign cancel wash-hands
    """
    _say(run(_change(name, _cancel, actor)), f"{name} is cancelled", as_json)


def _ask_code(name: str) -> str:
    """Of whoever sits there; a script gives it."""
    if not sys.stdin.isatty():
        raise InputError(
            f"give --content CODE: the content code that `broadcast campaign show {name}` prints"
        )
    asked = f"Content code that `broadcast campaign show {run(_known(name)).name}` printed"
    said: str = click.prompt(visible(asked), err=True)
    return said


async def _known(name: str) -> Campaign:
    conn = await connect()
    try:
        return await campaigns.by_name(conn, name)
    finally:
        await conn.close()


def _say(done: Campaign, line: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(line)
    say_hidden(text=done.text, sender=done.sender)


async def _draft(
    config: Config, name: str, options: dict[str, Any], text: PlainText | None, actor: str
) -> Campaign:
    conn = await connect()
    try:
        content, changes = new_content(config, options, text, await database_now(conn))
        return await campaigns.draft(conn, name, content, actor, changes)
    finally:
        await conn.close()


async def _edit(
    config: Config, name: str, options: dict[str, Any], text: PlainText | None, actor: str
) -> Campaign:
    conn = await connect()
    try:
        found = await campaigns.by_name(conn, name)
        content, changes = edited_content(config, options, text, await database_now(conn), found.content)
        return await campaigns.edit(conn, found, content, actor, changes)
    finally:
        await conn.close()


async def _approve(name: str, actor: str, code: str) -> Campaign:
    conn = await connect()
    try:
        await warn_of_unfinished(conn)
        await database_now(conn)
        return await campaigns.approve(conn, await campaigns.by_name(conn, name), actor, code)
    finally:
        await conn.close()


async def _launch(config: Config, name: str, actor: str) -> Campaign:
    conn = await connect()
    try:
        await warn_of_unfinished(conn)
        await database_now(conn)
        return await campaigns.launch(conn, config, await campaigns.by_name(conn, name), actor)
    finally:
        await conn.close()


async def _change(name: str, change: Change, actor: str) -> Campaign:
    conn = await connect()
    try:
        return await change(conn, await campaigns.by_name(conn, name), actor)
    finally:
        await conn.close()


async def _resume(conn: Connection, found: Campaign, actor: str) -> Campaign:
    await database_now(conn)
    return await campaigns.resume(conn, found, actor)


async def _cancel(conn: Connection, found: Campaign, actor: str) -> Campaign:
    """First the order itself, then what no worker may be there to do."""
    done = await campaigns.cancel(conn, found, actor)
    await close.end_stopped(conn)
    return await campaigns.get(conn, done.campaign_id)
