"""What else is sent, and what was spent, as a ledger's tallies have it now."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from broadcast.campaign.plan import Plan
from broadcast.config import Carrier
from broadcast.forecast.budget import Spending, price_of
from broadcast.forecast.flow import Flow
from broadcast.forecast.kept import Kept
from broadcast.forecast.ways import callers_pace
from broadcast.ids import CampaignId
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Running:
    """What a running campaign has yet to send at one carrier of one ledger. segments: of a message, at most."""

    campaign_id: CampaignId
    carrier: str
    priority: int
    plan: Plan
    expires_at: datetime
    segments: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Of a campaign at one carrier of one ledger. each: segments of a message, at most; segments: accepted; waiting:
    recipients that it will yet send to."""

    campaign_id: CampaignId
    carrier: str
    alphabet: str
    each: int
    segments: int
    waiting: int


async def running(connection: Connection, but: CampaignId) -> list[Running]:
    """Of all but one campaign."""
    return [
        Running(
            row["campaign_id"], row["carrier"], row["priority"], Plan.read(json.loads(row["plan"] or "{}")),
            row["expires_at"], row["segments"], row["waiting"],
        )
        for row in await connection.fetch(sql("forecast_running"), but)
    ]  # fmt: skip


async def spent(connection: Connection, since: datetime) -> list[Spent]:
    """Of campaigns launched since."""
    return [Spent(**row) for row in await connection.fetch(sql("forecast_spent"), since)]


async def kept(home: Connection, campaigns: Iterable[CampaignId]) -> dict[CampaignId, Kept]:
    """What was foreseen of them; one that an older version launched is missing."""
    rows = await home.fetch(sql("forecasts_kept"), sorted(set(campaigns)))
    return {row["campaign_id"]: Kept.read(json.loads(row["foreseen"])) for row in rows}


def flows(
    found: Sequence[Running], foreseen: Mapping[CampaignId, Kept], now: datetime
) -> dict[str, tuple[Flow, ...]]:
    """By carrier, over all ledgers. Pure."""
    everybody: dict[CampaignId, int] = {}
    for each in found:
        everybody[each.campaign_id] = everybody.get(each.campaign_id, 0) + each.waiting
    by_carrier: dict[str, tuple[Flow, ...]] = {}
    for each in found:
        own = foreseen.get(each.campaign_id)
        segments = each.waiting * ((own and own.segments_each(each.carrier)) or each.segments)
        flow = Flow(
            segments,
            each.priority,
            each.plan.weight,
            each.plan.reserve,
            most_per_s=callers_pace(each.plan.callers_per_hour, segments, everybody[each.campaign_id]),
            until_s=max(0.0, (each.expires_at - now).total_seconds()),
        )
        by_carrier[each.carrier] = (*by_carrier.get(each.carrier, ()), flow)
    return by_carrier


def spendings(
    found: Sequence[Spent], foreseen: Mapping[CampaignId, Kept], carriers: Mapping[str, Carrier]
) -> list[Spending]:
    """At the prices of their launches; where nothing was foreseen, at those of the configuration. Pure."""
    made = []
    for each in found:
        own = foreseen.get(each.campaign_id)
        configured = carriers[each.carrier].price if each.carrier in carriers else None
        price = own.price(each.carrier) if own else price_of(configured, each.alphabet)
        to_come = each.waiting * ((own and own.segments_each(each.carrier)) or each.each)
        made.append(Spending(each.carrier, each.segments, to_come, price))
    return made
