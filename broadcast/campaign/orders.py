"""Orders to the ledgers: home has decided, and each copy of a campaign is to follow.

A ledger that cannot be told hears of it from home: each of its workers asks there twice a second, and stops where it
cannot (broadcast/engine/herald.py).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import MOVES, CampaignState
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import Away, Part, Parts
from broadcast.store.queries import sql
from broadcast.store.types import Connection

Untold = Callable[[Away], None]
_TELL_S: Final = 3.0


def to_nobody(away: Away) -> None:
    """For who asks again, and for tests."""


async def push(parts: Parts, campaign: Campaign, untold: Untold) -> None:
    """Home's last order, to each ledger side by side; untold: those that did not take it, and why."""
    remote = [part for part in parts.reached if not part.home]
    failed = await asyncio.gather(*(_told(part, campaign) for part in remote))
    for away in (*parts.away, *(each for each in failed if each is not None)):
        untold(away)


async def _told(part: Part, campaign: Campaign) -> Away | None:
    try:
        with pool.within(part.connection, _TELL_S):
            await obey(
                part.connection, campaign.campaign_id, campaign.control_no, campaign.state, campaign.priority
            )
    except MENDABLE as error:
        return Away(part.name, failures.explain(error))
    except BroadcastError as error:
        return Away(part.name, error)
    return None


async def obey(
    ledger: Connection, campaign_id: CampaignId, control_no: int, state: str, priority: int
) -> None:
    """A copy follows home's order of this number, unless it knows a later one or is over; its workers are told."""
    async with ledger.transaction():
        if await ledger.fetchval(sql("obey"), campaign_id, control_no, state, priority) is not None:
            await ledger.execute(sql("notify_control"), str(campaign_id))


async def order_here(parts: Sequence[Part], campaign_id: CampaignId, state: str, actor: str) -> list[str]:
    """While home is away: `paused` or `cancelled` in these ledgers, for home to take over. Gives those that follow."""
    followed = []
    for part in parts:
        async with part.connection.transaction():
            if await part.connection.fetchval(sql("order_here"), campaign_id, state, actor) is not None:
                await part.connection.execute(sql("notify_control"), str(campaign_id))
                followed.append(part.name)
    return followed


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """What was ordered in a ledger while home was away. state: `paused` or `cancelled`."""

    order_no: int
    campaign_id: CampaignId
    at: datetime
    actor: str
    state: str


async def take_over(home: Connection, ledger: str, order: LedgerOrder) -> None:
    """Home does as it was ordered in one of its ledgers, once; what home has done since, and forbids it, stands."""
    async with home.transaction():
        row = await home.fetchrow(sql("lock_campaign"), order.campaign_id)
        if row is None or await home.fetchval(sql("order_known"), order.campaign_id, ledger, order.order_no):
            return
        origin, target = CampaignState(row["state"]), CampaignState(order.state)
        details = {
            "from": origin.value,
            "ledger": ledger,
            "order_no": order.order_no,
            "ordered_at": order.at.isoformat(),
        }
        if target in MOVES[origin]:
            await home.execute(sql("move_campaign"), order.campaign_id, target.value)
            await campaigns.note(home, order.campaign_id, order.actor, target.value, details)
        else:
            await campaigns.note(home, order.campaign_id, order.actor, f"{target.value} in a ledger", details)
