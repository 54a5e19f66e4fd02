"""Orders to the ledgers: home has decided, and each copy of a campaign is to follow.

A ledger that cannot be told hears of it from home: each of its workers asks there twice a second, and stops where it
cannot (broadcast/engine/herald.py).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from broadcast.campaign import campaigns, refusals
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Ledger
from broadcast.errors import BroadcastError, InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.store import failures, plans, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import Away, Part, Parts, identity, open_ledger
from broadcast.store.queries import sql
from broadcast.store.types import Connection

Untold = Callable[[Away], None]
_TELL_S: Final = 3.0


def to_nobody(away: Away) -> None:
    """For who asks again, and for tests."""


async def push(parts: Parts, campaign: Campaign, untold: Untold) -> list[Part]:
    """Home's last order, to each ledger side by side; untold: those that did not take it, and why. Gives the others."""
    remote = [part for part in parts.reached if not part.home]
    told = await asyncio.gather(*(_told(part, campaign) for part in remote))
    for each in (*parts.away, *told):
        if isinstance(each, Away):
            untold(each)
    return [each for each in told if isinstance(each, Part)]


async def _told(part: Part, campaign: Campaign) -> Part | Away:
    try:
        with pool.within(part.connection, _TELL_S):
            await obey(
                part.connection, campaign.campaign_id, campaign.control_no, campaign.state, campaign.stage
            )
    except (asyncpg.PostgresError, *MENDABLE) as error:
        return Away(part.name, failures.explain(error))
    except BroadcastError as error:
        return Away(part.name, error)
    return part


async def obey(ledger: Connection, campaign_id: CampaignId, control_no: int, state: str, stage: int) -> None:
    """A copy follows home's order of this number, unless it knows a later one or is over; its workers are told.

    stage: 1: the rest follows its first share, but not before home has heard what was ordered in the ledger itself."""
    await ledger.execute(sql("obey_rest" if stage else "obey"), campaign_id, control_no, state)


async def order_here(name: str, ledger: Ledger, alert: str, state: str) -> Campaign | Away | None:
    """While home is away: an alert is `paused` or `cancelled` in this ledger, for home to take over. Gives the ledger's
    copy as it is then; None: the ledger has none."""
    try:
        connection = await open_ledger(name, ledger, None)
    except BroadcastError as error:
        return Away(name, error)
    try:
        with pool.within(connection, _TELL_S):
            if (await identity(connection)).ledger != name:
                return Away(
                    name, RefusedError(_("ledger {name}: its URL leads to another database", name=name))
                )
            return await _order_here(connection, alert, state)
    except InputError:
        return None
    except RefusedError as error:
        return Away(name, error)
    except (asyncpg.PostgresError, *MENDABLE) as error:
        return Away(name, failures.explain(error))
    finally:
        connection.terminate()


async def _order_here(ledger: Connection, alert: str, state: str) -> Campaign:
    """Raises InputError when it has none of it; RefusedError."""
    with refusals.told():
        campaign_id = (await campaigns.by_name(ledger, alert)).campaign_id
        await ledger.execute(sql("order_here"), campaign_id, state)
        return await campaigns.get(ledger, campaign_id)


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
    await home.execute(
        sql("take_over"), order.campaign_id, ledger, order.order_no, order.at, order.actor, order.state
    )


async def end_stopped(connection: Connection) -> None:
    """What still waits of cancelled and expired campaigns has its end, though no worker may run that tidies."""
    async with connection.transaction():
        await connection.execute(plans.SETS)
        await connection.execute(sql("desk_end_stopped"))
