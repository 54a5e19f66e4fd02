"""Alerts of which a first share goes ahead: the tidier looks how that went, and lets the rest go or holds it."""

import json
import logging

import asyncpg

from broadcast.campaign import canary
from broadcast.campaign.canary import Share
from broadcast.campaign.plan import Canary
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logging.getLogger(__name__)


async def look(connection: Connection) -> None:
    """At each of them, in one transaction. Of two who look, the first one's verdict holds."""
    async with connection.transaction():
        await connection.execute(plans.LOOK_UP)
        for row in await connection.fetch(sql("first_shares")):
            await _judge(connection, row)


async def _judge(connection: Connection, campaign: asyncpg.Record) -> None:
    campaign_id = campaign["campaign_id"]
    rows = await connection.fetch(sql("first_share_figures"), campaign_id, campaign["paced"])
    shares = [Share(**{name: value for name, value in row.items() if name != "last_sent"}) for row in rows]
    last_sent = rows[0]["last_sent"] if rows else None
    plan = Canary(**json.loads(campaign["canary"]))
    decision = canary.decide(plan, shares, last_sent, campaign["now"])
    if decision.what == "wait":
        return
    verdict = "held" if decision.what == "hold" else "passed"
    found = canary.kept(plan, decision, shares)
    if await connection.fetchval(sql("first_share_ends"), campaign_id, verdict, json.dumps(found)):
        why = canary.in_words(found)
        log.info("the first share of campaign %d: %s%s", campaign_id, verdict, f": {why}" if why else "")
