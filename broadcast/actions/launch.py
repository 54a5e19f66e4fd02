"""A launch: what a person hears before it, who hears the alert, and what it ends. As the actions of campaign.py; apart
from them, for it loads much that a pause has no use for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from broadcast.actions import clock, forecast, live, preflight
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.campaign import ordered, tell_untold
from broadcast.actions.notices import Superseded, Waits
from broadcast.actions.session import Session
from broadcast.audience.selection import variant_of
from broadcast.campaign import campaigns, messages, orders
from broadcast.campaign import launch as launching
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.let_go import CLAIM_S
from broadcast.campaign.ruled import in_words, reasons_for
from broadcast.errors import RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger.corrected import Corrected, Heard
from broadcast.rules import limits
from broadcast.store.clock import database_time
from broadcast.store.queries import sql

_TRY_S: Final = 0.1


async def launch(session: Session, name: str, typed: int | None = None, *, anyway: bool = False) -> Campaign:
    """The audience is fixed, and workers begin. typed: how many hear it, by who launches it; see `live.check`. anyway:
    though no link to a carrier is open; see `preflight.look`."""
    await tell_of_unfinished(session)
    await clock.now(session)
    found = await campaigns.by_name(session.connection, name)
    await preflight.look(session, found, anyway=anyway)
    counted = await live.check(session, found, typed)
    hearers = None if found.corrects is None else await _hearers(session, found, CampaignId(found.corrects))
    async with _one_budget(session, found):
        foreseen = await forecast.at_launch(session, found)
        done = await launching.launch(
            session.connection,
            session.config,
            found,
            lambda away: tell_untold(session, away),
            launching.Asked(counted, foreseen),
            hearers,
        )
    await _superseded(session, done)
    await _tell_who_waits(session, done)
    return done


@asynccontextmanager
async def _one_budget(session: Session, found: Campaign) -> AsyncIterator[None]:
    """Within the block nobody else launches what the budget may refuse: two at once would both find it left. An
    emergency waits for nobody. Raises RefusedError when somebody else does for too long."""
    if session.config.budget is None or found.category == "emergency":
        yield
        return
    connection = session.connection
    for _turn in range(int(CLAIM_S / _TRY_S)):
        if await connection.fetchval(sql("budget_claim")):
            break
        await asyncio.sleep(_TRY_S)
    else:
        raise RefusedError(
            _("another alert is being launched, which the budget is to pay too: try when that is done")
        )
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.fetchval(sql("budget_end"))


async def _hearers(session: Session, correction: Campaign, corrects: CampaignId) -> Corrected:
    of = await campaigns.get(session.connection, corrects)
    if of.launched_at is None or of.segments is None:
        raise RefusedError(_("{name} was never launched, and nobody has heard it", name=of.name))
    heard = Heard(of.campaign_id, of.name, of.launched_at, of.segments, _variants(of, correction))
    return Corrected(heard, session.config, reasons_for(session.config, correction.content))


def _variants(of: Campaign, correction: Campaign) -> Sequence[int]:
    """By the number of the message that somebody heard, that of the correction: in the language in which they did."""
    heard = of.content.variants
    if not correction.plan.own_language:
        return [0] * len(heard)
    return [variant_of(correction.languages)(each.language) for each in heard]


async def _tell_who_waits(session: Session, launched: Campaign) -> None:
    """Who is held by the rules, and all, where it is their quiet hours."""
    found = limits.read(launched.rules)
    if found == limits.NO_LIMITS:
        return
    async with session.all_parts() as parts:
        rows = [
            await part.connection.fetchrow(sql("held_people"), launched.campaign_id) for part in parts.reached
        ]
    held = [row for row in rows if row is not None and row["people"]]
    now = (await database_time(session.connection)).timestamp()
    opens = found.hours.opening(now).opens
    if opens > now:
        at = datetime.fromtimestamp(opens, ZoneInfo(found.zone))
        session.tell(Waits(launched.audience or 0, at, at, in_words(found)))
    elif held:
        first, last = min(row["first"] for row in held), max(row["last"] for row in held)
        session.tell(Waits(sum(row["people"] for row in held), first, last, in_words(found)))


async def _superseded(session: Session, launched: Campaign) -> None:
    """What a CAP Update updates has ended in the launch's own transaction; now the ledgers are told."""
    ended = await messages.ended_by(session.connection, launched.campaign_id)
    if not ended:
        return
    session.tell(Superseded(tuple(each.name for each in ended)))
    for each in ended:
        await ordered(session, each)
    await orders.end_stopped(session.connection)
