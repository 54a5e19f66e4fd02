"""One alert in words: what who approves it reads before, at a terminal or on the board. Pure."""

from collections.abc import Callable
from typing import Any

from broadcast.campaign import canary
from broadcast.campaign.approval import Approval
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.campaign.marks import mark_words
from broadcast.campaign.precedence import EMERGENCY, rank
from broadcast.languages import _, ngettext, term
from broadcast.reports.campaigns import Shown, Wanted
from broadcast.reports.withdrawals import in_words

Words = Callable[[Any], str]
"""A value in one line, as `broadcast.words` in the country's time."""


def facts(found: Shown) -> dict[str, object]:
    """What it is, by name, but for its text and who hears it."""
    came = {_("came from"): found.came_from} if found.came_from else {}
    ends = {_("its launch ends"): found.supersedes} if found.supersedes else {}
    rules = {_("rules"): found.rules} if found.rules else {}
    return {**_facts(found.campaign), **rules, **came, **ends}


def hearers(found: Shown) -> list[str]:
    """Who hears it, where that is not plain; whom a cancel spared: a line each."""
    lines = []
    if found.corrects:
        lines.append(_("heard by: those who may have heard {name}, and nobody else", name=found.corrects))
    elif found.whom:
        lines.append(_("heard by: {whom}", whom=found.whom))
    if found.campaign.areas and not (found.campaign.plan.areas or found.corrects):
        lines.append(_("ITS AREAS CHOOSE NOBODY: EVERYBODY ON THE LIST HEARS IT, WHEREVER THEY LIVE"))
    if found.withdrawals:
        lines.append(_("asked back: {told}", told=in_words(found.withdrawals)))
    return lines


def approvals(found: Shown, words: Words) -> list[str]:
    """Who approved it, who is missing, and what is other than what was approved or returned before: a line each."""
    lines = [_approval(each, words) for each in found.approvals]
    if found.campaign.launched_at is None:
        lines += _missing(found.wanted)
    if before := found.before:
        event, at = term(before.event), words(before.at)
        lines.append(_("since it was {event} by {who} at {at}:", event=event, who=before.actor, at=at))
        for name, (old, new) in before.changes.items():
            lines.append(_("  {field} was {value}", field=term(name), value=words(old)))
            lines.append(_("  {field} is {value}", field=term(name), value=words(new)))
    return lines


def _approval(each: Approval, words: Words) -> str:
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


def event_words(each: CampaignEvent) -> str:
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
