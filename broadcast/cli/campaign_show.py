"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

from collections.abc import Sequence

import click

from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.marks import mark_words
from broadcast.cli.campaign_reach import show_reach
from broadcast.cli.findings import show_findings
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden, words
from broadcast.cli.session import act
from broadcast.languages import _, headings, term
from broadcast.reports import campaigns
from broadcast.reports.progress import Progress
from broadcast.reports.shown import approvals, event_words, facts, hearers


@click.command("list")
@login_option
@json_option
def campaign_list(as_json: bool) -> None:
    """Every alert, the newest first.

    \b
    Example:
      broadcast campaign list
    """
    found = act(lambda session: campaigns.listed(session.connection, session.configuration))
    if as_json:
        print_json([each.document() for each in found])
        return
    columns = headings(
        "name",
        "state",
        "status",
        "category",
        "priority",
        "audience",
        "drafted by",
        "approved by",
        "expires",
    )
    print_table("", columns, [_row(each.campaign) for each in found])
    for each in found:
        show_findings(each.findings, _("What is wrong with {name}", name=each.campaign.name))


def _row(each: Campaign) -> tuple[object, ...]:
    who = (each.drafted_by, each.approved_by)
    what = (mark_words(each.status) or term(each.status), term(each.category), each.priority, each.audience)
    return (each.name, each.state, *what, *who, each.expires_at)


@click.command("show")
@click.argument("name")
@login_option
@json_option
def campaign_show(name: str, as_json: bool) -> None:
    """One alert: its text, what was decided about it, and by whom. Its content code is what `approve` asks for.

    \b
    Example:
      broadcast campaign show wash-hands
    """
    found = act(lambda session: campaigns.shown(session.connection, name, session.configuration))
    if as_json:
        print_json(found.document())
        return
    alert = found.campaign
    print_facts(mark_words(alert.status), facts(found))
    for line in hearers(found):
        say(line)
    say("")
    show_reach(found.reach)
    say(alert.text)
    say_hidden(text=alert.text, sender=alert.sender)
    say("")
    if lines := approvals(found, words):
        say("\n".join([*lines, ""]))
    rows = [(each.at, each.actor, event_words(each)) for each in found.events]
    print_table("", headings("at", "who", "what"), rows)
    if found.progress is not None:
        print_table(_("Everybody, by state"), *_states(found.progress))
    show_findings(found.findings, _("What is wrong"))


def _states(now: Progress) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Heads and rows: those of the states that somebody is in, a line for each carrier and one for all."""
    columns = [name for name, count in now.total.states.items() if count]
    lines = [*now.carriers, *([now.total] if len(now.carriers) > 1 else [])]
    rows = [
        (_("all") if each.carrier == "all" else each.carrier, *(each.states[name] for name in columns))
        for each in lines
    ]
    return [*headings("carrier"), *(term(name).replace("_", " ") for name in columns)], rows
