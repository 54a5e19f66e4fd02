"""An alert as it is written: drafts, corrections, edits. As the actions of campaign.py; apart from them, for these look
at whom the plan chooses, which a pause has no use for."""

from dataclasses import replace

from broadcast.actions import clock
from broadcast.actions.plan import resolved
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, edited_content, new_content
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Content
from broadcast.errors import RefusedError
from broadcast.languages import _


async def draft(session: Session, name: str, terms: Terms) -> Campaign:
    """A new alert; nothing is sent before a second person approves it and it is launched."""
    said = await resolved(session, terms)
    content, changes = new_content(session, said, await clock.now(session))
    await _check(session, content)
    return await campaigns.draft(session.connection, name, content, changes)


async def correct(session: Session, name: str, terms: Terms, called: str | None = None) -> Campaign:
    """A draft for everybody who may have heard an alert: from its sender, by its carriers, and no less urgent.

    terms: its text above all. called: its name; None: the alert's, and `-correction`.
    """
    found = await campaigns.by_name(session.connection, name)
    if found.launched_at is None:
        raise RefusedError(
            _("{name} was never launched, and nobody has heard it: edit it, or cancel it", name=name)
        )
    said = replace(
        terms,
        sender=found.sender,
        carriers=found.carriers,
        category=found.category,
        priority=found.priority,
        in_doubt_policy=found.in_doubt_policy,
        grace_s=found.grace_s,
        status=found.status,
        areas=found.areas,
        hearers="corrected",
        corrects=found.campaign_id,
        plan={**terms.plan, "own_language": found.plan.own_language},
    )
    return await draft(session, called or f"{name}-correction", said)


async def edit(session: Session, name: str, terms: Terms) -> Campaign:
    """Only what is said changes. An approval is void, and the editor is the drafter."""
    found = await campaigns.by_name(session.connection, name)
    said = await resolved(session, terms)
    content, changes = edited_content(session, said, await clock.now(session), found.content)
    await _check(session, content)
    return await campaigns.edit(session.connection, found, content, changes)


async def _check(session: Session, content: Content) -> None:
    """Raises as `choosing.check` does."""
    if content.plan.chooses or content.hearers == "corrected":
        # not before somebody is chosen: what finds them brings a large library, which most drafts do not need
        from broadcast.campaign import choosing

        await choosing.check(session.connection, content)
