"""An alert from its first draft to its last moment: what a person may do with it.

Each action is one transaction (of `campaigns`), leaves one event and gives the campaign as it is then. Raises
InputError where there is no such campaign, or what was given is no use; RefusedError where a rule forbids it.
"""

from broadcast.actions import clock
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.session import Actor, Session
from broadcast.actions.terms import Terms, edited_content, new_content
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.ledger import close


async def draft(session: Session, actor: Actor, name: str, terms: Terms) -> Campaign:
    """A new alert; nothing is sent before a second person approves it and it is launched."""
    content, changes = new_content(session, terms, await clock.now(session))
    return await campaigns.draft(session.connection, name, content, actor.name, changes)


async def edit(session: Session, actor: Actor, name: str, terms: Terms) -> Campaign:
    """Only what is said changes. An approval is void, and the editor is the drafter."""
    found = await campaigns.by_name(session.connection, name)
    content, changes = edited_content(session, terms, await clock.now(session), found.content)
    return await campaigns.edit(session.connection, found, content, actor.name, changes)


async def approve(session: Session, actor: Actor, name: str, code: str) -> Campaign:
    """A second person approves what has this code."""
    await tell_of_unfinished(session)
    await clock.now(session)
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.approve(session.connection, found, actor.name, code)


async def launch(session: Session, actor: Actor, name: str) -> Campaign:
    """The audience is fixed, and workers begin."""
    await tell_of_unfinished(session)
    await clock.now(session)
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.launch(session.connection, session.config, found, actor.name)


async def pause(session: Session, actor: Actor, name: str) -> Campaign:
    """Nothing leaves from 2 s after it on (law 7); receipts still count."""
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.pause(session.connection, found, actor.name)


async def resume(session: Session, actor: Actor, name: str) -> Campaign:
    """A paused alert goes on."""
    found = await campaigns.by_name(session.connection, name)
    await clock.now(session)
    return await campaigns.resume(session.connection, found, actor.name)


async def cancel(session: Session, actor: Actor, name: str) -> Campaign:
    """Its end. First the order itself, then, in a transaction of its own, what no worker may be there to do."""
    found = await campaigns.by_name(session.connection, name)
    done = await campaigns.cancel(session.connection, found, actor.name)
    await close.end_stopped(session.connection)
    return await campaigns.get(session.connection, done.campaign_id)
