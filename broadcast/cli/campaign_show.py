"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

import click

from broadcast.campaign import canary
from broadcast.campaign.approval import Approval
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.campaign.marks import mark_words
from broadcast.campaign.precedence import EMERGENCY, rank
from broadcast.cli.campaign_reach import show_reach
from broadcast.cli.findings import show_findings
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden, words
from broadcast.cli.session import act
from broadcast.languages import _, headings, ngettext, term
from broadcast.reports import campaigns
from broadcast.reports.campaigns import Shown, Wanted
from broadcast.reports.withdrawals import in_words


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
    came = {_("came from"): found.came_from} if found.came_from else {}
    ends = {_("its launch ends"): found.supersedes} if found.supersedes else {}
    rules = {_("rules"): found.rules} if found.rules else {}
    print_facts(mark_words(alert.status), {**_facts(alert), **rules, **came, **ends})
    _say_who(found)
    say("")
    show_reach(found.reach)
    say(alert.text)
    say_hidden(text=alert.text, sender=alert.sender)
    say("")
    _show_approvals(found)
    print_table(
        "", headings("at", "who", "what"), [(each.at, each.actor, _what(each)) for each in found.events]
    )


def _say_who(found: Shown) -> None:
    """Who hears it, where that is not plain; whom a cancel spared."""
    if found.corrects:
        say(_("heard by: those who may have heard {name}, and nobody else", name=found.corrects))
    elif found.whom:
        say(_("heard by: {whom}", whom=found.whom))
    if found.campaign.areas and not (found.campaign.plan.areas or found.corrects):
        say(_("ITS AREAS CHOOSE NOBODY: EVERYBODY ON THE LIST HEARS IT, WHEREVER THEY LIVE"))
    if found.withdrawals:
        say(_("asked back: {told}", told=in_words(found.withdrawals)))


def _show_approvals(found: Shown) -> None:
    """Who approved it, who is missing, and what is other than what was approved or returned before."""
    lines = [_approval(each) for each in found.approvals]
    if found.campaign.launched_at is None:
        lines += _missing(found.wanted)
    if before := found.before:
        event, at = term(before.event), words(before.at)
        lines.append(_("since it was {event} by {who} at {at}:", event=event, who=before.actor, at=at))
        for name, (old, new) in before.changes.items():
            lines.append(_("  {field} was {value}", field=term(name), value=words(old)))
            lines.append(_("  {field} is {value}", field=term(name), value=words(new)))
    for line in lines:
        say(line)
    if lines:
        say("")


def _approval(each: Approval) -> str:
    at = words(each.at)
    if each.kind == "override":
        return _("APPROVED BY {who} ALONE, BY OVERRIDE, at {at}", who=each.signer, at=at)
    return _("approved by {who} at {at}", who=each.signer, at=at)


def _missing(wanted: Wanted) -> list[str]:
    """Where one is enough, its state says it."""
    lines = []
    if wanted.missing and wanted.needed > 1:
        lines.append(
            _(
                "{needed} people are to approve it: {missing} missing",
                needed=wanted.needed,
                missing=wanted.missing,
            )
        )
    if wanted.needed_large > wanted.needed:
        lines.append(
            _(
                "if {large:,} people or more hear it, {needed} are to approve it",
                large=wanted.large,
                needed=wanted.needed_large,
            )
        )
    return lines


def _what(each: CampaignEvent) -> str:
    """An audit with what it found, why something was returned or held; the other events say it all."""
    found, why = each.details.get("differences"), each.details.get("reason")
    if each.event == "audited" and found is not None:
        return (
            ngettext("audited: {n} difference", "audited: {n} differences", found)
            if found
            else _("audited: no differences")
        )
    why = why or canary.in_words(each.details)
    return f"{term(each.event)}: {why}" if why else term(each.event)


def _beside(found: Campaign) -> str:
    """What it has of the TPS while others are sent."""
    first = rank(found.category, found.status, found.priority)[0] == EMERGENCY
    said = [
        _("goes before all that are no emergency")
        if first
        else _("gives way to emergencies and to higher ones"),
        _("weight {weight} among equals", weight=found.plan.weight),
    ]
    if found.plan.reserve:
        said.append(_("at least {percent} % of the TPS, but beside an emergency", percent=found.plan.reserve))
    return "; ".join(said)


def _languages(found: Campaign) -> object:
    """Of the message, or of the messages of which each person hears one."""
    if not found.plan.own_language:
        return found.languages
    return _(
        "EACH HEARS THEIR OWN ALONE: {languages}; whoever reads none of these hears {first}",
        languages=", ".join(found.languages),
        first=found.languages[0],
    )


def _alphabets(found: Campaign) -> str:
    if not found.plan.own_language:
        return found.alphabet
    return ", ".join(f"{each.language} {each.alphabet}" for each in found.content.variants[1:])


def _facts(found: Campaign) -> dict[str, object]:
    return {
        _("name"): found.name,
        _("state"): found.state,
        _("status"): mark_words(found.status) or term(found.status),
        _("who hears it"): term(found.hearers),
        _("category"): term(found.category),
        _("priority"): found.priority,
        _("beside others"): _beside(found),
        **({_("first share"): canary.plan_words(found.plan.canary)} if found.plan.canary else {}),
        _("sender"): found.sender,
        _("alphabet"): _alphabets(found),
        _("languages"): _languages(found),
        _("carriers"): found.carriers,
        **({_("areas"): "; ".join(each.description for each in found.areas)} if found.areas else {}),
        _("expires"): found.expires_at,
        _("in doubt"): _(
            "{policy} after {grace_s} s", policy=term(found.in_doubt_policy), grace_s=found.grace_s
        ),
        _("audience"): found.audience,
        _("segments each"): found.segments,
        _("content code"): found.code,
    }
