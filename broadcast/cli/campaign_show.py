"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

import click

from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.cli.findings import show_findings
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden
from broadcast.cli.session import act
from broadcast.languages import _, headings, ngettext, term
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
    columns = headings(
        "name", "state", "category", "priority", "audience", "drafted by", "approved by", "expires"
    )
    print_table("", columns, [_row(each.campaign) for each in found])
    for each in found:
        show_findings(each.findings, _("What is wrong with {name}", name=each.campaign.name))


def _row(each: Campaign) -> tuple[object, ...]:
    who = (each.drafted_by, each.approved_by)
    return (each.name, each.state, term(each.category), each.priority, each.audience, *who, each.expires_at)


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
    print_table(
        "", headings("at", "who", "what"), [(each.at, each.actor, _what(each)) for each in found.events]
    )


def _what(each: CampaignEvent) -> str:
    """An audit with what it found; the other events say it all."""
    found = each.details.get("differences") if each.event == "audited" else None
    if found is None:
        return term(each.event)
    return (
        ngettext("audited: {n} difference", "audited: {n} differences", found)
        if found
        else _("audited: no differences")
    )


def _facts(found: Campaign) -> dict[str, object]:
    return {
        _("name"): found.name,
        _("state"): found.state,
        **({} if found.status == "actual" else {_("status"): term(found.status)}),
        _("category"): term(found.category),
        _("priority"): found.priority,
        _("sender"): found.sender,
        _("alphabet"): found.alphabet,
        _("languages"): found.languages,
        _("carriers"): found.carriers,
        **({_("areas"): tuple(each.description for each in found.areas)} if found.areas else {}),
        _("expires"): found.expires_at,
        _("in doubt"): _(
            "{policy} after {grace_s} s", policy=term(found.in_doubt_policy), grace_s=found.grace_s
        ),
        _("audience"): found.audience,
        _("segments each"): found.segments,
        _("content code"): found.code,
    }
