"""An alert from its approval to its last moment: what a person may do with it (drafts: drafting.py, launch: launch.py).

Each action is one transaction (of `campaigns`) by who logged in, leaves one event and gives the campaign as it is then.
Raises InputError where there is no such campaign, or what was given is no use; RefusedError where a rule forbids it.
"""

import asyncio
import contextlib
from typing import Final

from broadcast.actions import clock
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.notices import HomeAway, Untold
from broadcast.actions.session import Session, Tell
from broadcast.campaign import campaigns, orders
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.config import Config
from broadcast.errors import DatabaseDownError, RefusedError
from broadcast.languages import _
from broadcast.store import pool
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import Away, parts_to_tell
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_END_S: Final = 30.0


async def approve(session: Session, name: str, code: str) -> Campaign:
    """A second person approves what has this code."""
    await tell_of_unfinished(session)
    await clock.now(session)
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.approve(session.connection, found, code)


async def override(session: Session, name: str) -> Campaign:
    """Who approved it goes on alone, where a rule allows that and more are wanted."""
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.override(session.connection, found)


async def withdraw(session: Session, name: str, reason: str) -> Campaign:
    """Who approved it takes that back, before the launch."""
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.withdraw(session.connection, found, reason)


async def send_back(session: Session, name: str, reason: str) -> Campaign:
    """An approver returns it to be edited."""
    found = await campaigns.by_name(session.connection, name)
    return await campaigns.send_back(session.connection, found, reason)


async def pause(session: Session, name: str) -> Campaign:
    """Nothing leaves from 2 s after it on (law 7); receipts still count."""
    found = await campaigns.by_name(session.connection, name)
    return await ordered(session, await campaigns.pause(session.connection, found))


async def resume(session: Session, name: str) -> Campaign:
    """A paused alert goes on."""
    found = await campaigns.by_name(session.connection, name)
    await clock.now(session)
    correction = await session.connection.fetchval(sql("corrections"), found.campaign_id)
    if correction is not None:
        raise RefusedError(
            _(
                "{correction} corrects it, and was launched: whoever hears {name} from now on would not hear that;"
                " cancel {name}",
                correction=correction,
                name=found.name,
            )
        )
    return await ordered(session, await campaigns.resume(session.connection, found))


async def cancel(session: Session, name: str) -> Campaign:
    """Its end. First the order itself, then, in a transaction of its own, what no worker may be there to do."""
    found = await campaigns.by_name(session.connection, name)
    done = await ordered(session, await campaigns.cancel(session.connection, found))
    await orders.end_stopped(session.connection)
    return await campaigns.get(session.connection, done.campaign_id)


async def order_without_home(
    config: Config, name: str, state: CampaignState, tell: Tell, why: DatabaseDownError
) -> Campaign:
    """Home does not answer: an alert stops in every ledger that is reached. state: PAUSED or CANCELLED.

    Gives a ledger's copy. Raises `why` where there are no ledgers but home, or none that has the alert;
    DatabaseDownError: the others have it, and it may go on in one that was not reached.
    """
    remote = [(ledger, each) for ledger, each in sorted(config.ledgers.items()) if not each.home]
    done = await asyncio.gather(
        *(orders.order_here(ledger, each, name, state.value) for ledger, each in remote)
    )
    found = {
        ledger: each for (ledger, _), each in zip(remote, done, strict=True) if isinstance(each, Campaign)
    }
    if found:
        tell(HomeAway(tuple(found), str(why)))
    if away := [each for each in done if isinstance(each, Away)]:
        reasons = "; ".join(f"{each.name} ({each.reason})" for each in away)
        raise DatabaseDownError(
            _(
                "home does not answer, nor could these ledgers be told, and it may go on there: {reasons}; give the "
                "order again where they can be reached",
                reasons=reasons,
            )
        )
    if not found:
        raise why
    return next(iter(found.values()))


async def ordered(session: Session, done: Campaign) -> Campaign:
    """Home has decided; now the ledgers are told, and who acts hears which could not be."""
    rows = await session.connection.fetch(sql("campaign_parts"), done.campaign_id)
    known = session.configuration.ledgers if session.configuration else {}
    named = {row["ledger"]: known.get(row["ledger"]) for row in rows}
    for name, ledger in named.items():
        if ledger is None:
            session.tell(Untold(name, None))
    ledgers = {name: ledger for name, ledger in named.items() if ledger is not None}
    async with parts_to_tell(session.connection, ledgers) as parts:
        told = await orders.push(parts, done, lambda away: tell_untold(session, away))
        if done.state is CampaignState.CANCELLED:
            await asyncio.gather(*(_end_stopped(part.connection) for part in told))
    return done


async def _end_stopped(ledger: Connection) -> None:
    """The order holds already: what a ledger does not end now, its next worker does."""
    with contextlib.suppress(*MENDABLE), pool.within(ledger, _END_S):
        await orders.end_stopped(ledger)


def tell_untold(session: Session, away: Away) -> None:
    session.tell(Untold(away.name, away.reason))
