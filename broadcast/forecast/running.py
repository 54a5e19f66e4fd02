"""What else is sent, and what was spent, as a ledger's tallies have it now."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from broadcast.campaign.plan import Plan
from broadcast.campaign.precedence import Claim, claim
from broadcast.config import Carrier
from broadcast.forecast.budget import Spending, price_of
from broadcast.forecast.flow import Flow, people_pace
from broadcast.forecast.hours import quiet_spans
from broadcast.forecast.kept import Kept
from broadcast.ids import CampaignId
from broadcast.rules.hours import Hours
from broadcast.rules.limits import read
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Running:
    """What a running campaign has yet to send at one carrier of one ledger. segments: of a message, at most.
    hours, people_per_s: those that its rules and its plan allow."""

    campaign_id: CampaignId
    carrier: str
    claim: Claim
    hours: Hours
    people_per_s: float
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
    rows = await connection.fetch(sql("forecast_running"), but)
    everybody = Counter[CampaignId]()
    for row in rows:
        everybody[row["campaign_id"]] += row["waiting"]
    return [_running(row, everybody[row["campaign_id"]]) for row in rows]


def _running(row: asyncpg.Record, everybody: int) -> Running:
    """everybody: of the campaign, in this ledger."""
    plan, limits = Plan.read(json.loads(row["plan"] or "{}")), read(row["rules"])
    return Running(
        row["campaign_id"],
        row["carrier"],
        claim(row["category"], row["status"], row["priority"], plan),
        limits.hours,
        people_pace(limits.people_per_hour, row["waiting"], everybody),
        row["expires_at"],
        row["segments"],
        row["waiting"],
    )


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
    by_carrier: dict[str, tuple[Flow, ...]] = {}
    for each in found:
        own = foreseen.get(each.campaign_id)
        segments = (own and own.segments_each(each.carrier)) or each.segments
        flow = Flow(
            each.waiting * segments,
            each.claim,
            most_per_s=each.people_per_s * segments,
            until_s=max(0.0, (each.expires_at - now).total_seconds()),
            quiet=quiet_spans(each.hours, now),
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
