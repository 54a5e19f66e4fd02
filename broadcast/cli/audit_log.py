"""`broadcast audit log`: who did what, when, from where."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from broadcast.actions import clock
from broadcast.actions.session import Session
from broadcast.acts.entry import Entry
from broadcast.acts.export import document
from broadcast.campaign import campaigns
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table
from broadcast.cli.session import act
from broadcast.cli.settings import time_zone
from broadcast.errors import InputError
from broadcast.languages import _, headings, term
from broadcast.reports import acts

_AGO_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_HEXADECIMAL = 8  # digits of a hash on a screen, as of a content code


@click.command("log")
@click.option("--campaign", metavar="NAME", help="Only what was done to this one.")
@click.option("--since", metavar="WHEN", help="1h, 2d (ago), or the country's time, 2030-01-31T18:00 say.")
@click.option("--latest", type=click.IntRange(1), default=1000, show_default=True, help="At most so many.")
@login_option
@json_option
def audit_log(campaign: str | None, since: str | None, latest: int, as_json: bool) -> None:
    """The acts, oldest first.

    \b
    Example:
      broadcast audit log --campaign flood-warning --since 2d
    """
    found, names = act(lambda session: _read(session, campaign, since, latest))
    if as_json:
        print_json([document(each) for each in found])
        return
    rows = [
        (each.act_no, each.at, each.who, each.origin, term(each.what), _subject(each, names), _details(each))
        for each in found
    ]
    print_table("", headings("act", "at", "who", "from", "what", "of", "details"), rows)


async def _read(
    session: Session, campaign: str | None, since: str | None, latest: int
) -> tuple[Sequence[Entry], dict[int, str]]:
    begin = None if since is None else _since(since, await clock.now(session))
    found = await acts.log(session.connection, begin, campaign, latest)
    named = {int(each.campaign_id): each.name for each in await campaigns.all_campaigns(session.connection)}
    return found, named


def _since(said: str, now: datetime) -> datetime:
    """Raises InputError."""
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", said.strip().lower()):
        return now - timedelta(seconds=int(ago[1]) * _AGO_S[ago[2]])
    try:
        written = datetime.fromisoformat(said.strip())
    except ValueError:
        raise InputError(
            _("--since {said}: write 90m, 6h, 2d, or a time such as 2030-01-31T18:00", said=said)
        ) from None
    return written if written.tzinfo else written.replace(tzinfo=time_zone())


def _subject(each: Entry, names: dict[int, str]) -> str:
    number = each.campaign_id
    return each.subject if number is None else names.get(number, each.subject)


def _details(each: Entry) -> str:
    """name = value of what there is; a hash by its first digits."""
    told = document(each)["details"]
    if not isinstance(told, dict):  # no function of ours wrote that
        return each.details
    return ", ".join(f"{name} = {_word(value)}" for name, value in told.items())


def _word(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value[:_HEXADECIMAL]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
