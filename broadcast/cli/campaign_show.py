"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

import click

from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.cli.findings import show_findings
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden
from broadcast.cli.session import act
from broadcast.reports import campaigns


@click.command("list")
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
    columns = ("name", "state", "category", "priority", "audience", "drafted by", "approved by", "expires")
    print_table("", columns, [_row(each.campaign) for each in found])
    for each in found:
        show_findings(each.findings, f"What is wrong with {each.campaign.name}")


def _row(each: Campaign) -> tuple[object, ...]:
    who = (each.drafted_by, each.approved_by)
    return (each.name, each.state, each.category, each.priority, each.audience, *who, each.expires_at)


@click.command("show")
@click.argument("name")
@json_option
def campaign_show(name: str, as_json: bool) -> None:
    """One alert: its text, what was decided about it, and by whom. Its content code is what `approve` asks for.

    \b
    Example:
      broadcast campaign show wash-hands
    """
    found = act(lambda session: campaigns.shown(session.connection, name))
    if as_json:
        print_json(found.document())
        return
    alert = found.campaign
    print_facts("", _facts(alert))
    say("")
    say(alert.text)
    say_hidden(text=alert.text, sender=alert.sender)
    say("")
    print_table("", ("at", "who", "what"), [(each.at, each.actor, _what(each)) for each in found.events])


def _what(each: CampaignEvent) -> str:
    """An audit with what it found; the other events say it all."""
    found = each.details.get("differences") if each.event == "audited" else None
    return each.event if found is None else f"audited: {found or 'no'} difference{'' if found == 1 else 's'}"


def _facts(found: Campaign) -> dict[str, object]:
    return {
        "name": found.name,
        "state": found.state,
        **({} if found.status == "actual" else {"status": found.status}),
        "category": found.category,
        "priority": found.priority,
        "sender": found.sender,
        "alphabet": found.alphabet,
        "languages": found.languages,
        "carriers": found.carriers,
        **({"areas": tuple(each.description for each in found.areas)} if found.areas else {}),
        "expires": found.expires_at,
        "in doubt": f"{found.in_doubt_policy} after {found.grace_s} s",
        "audience": found.audience,
        "segments each": found.segments,
        "content code": found.code,
    }
