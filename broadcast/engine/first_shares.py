"""Alerts of which a first share goes ahead: who looks how that went, and lets the rest go or holds it.

Home decides, also about its ledgers: in each of them the tidier notes how the share goes there, its heralds carry that
home, and the verdict comes back as every order does. Home's tidier looks, or, where home has nobody of it, heralds do.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import asyncpg

from broadcast.campaign import canary
from broadcast.campaign.canary import Seen, Share
from broadcast.campaign.plan import Canary
from broadcast.monitor import events
from broadcast.monitor.loggable import Sentence
from broadcast.monitor.logger import logger
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logger(__name__)


async def look(connection: Connection) -> None:
    """At each of them, in one transaction. Of two who look, the first one's verdict holds."""
    async with connection.transaction():
        await connection.execute(plans.LOOK_UP)
        for row in await connection.fetch(sql("first_shares_here")):
            figures = json.dumps(await _figures(connection, row))
            await connection.execute(sql("keep_first_share"), row["campaign_id"], "", row["now"], figures)
        for row in await connection.fetch(sql("first_shares")):
            await _judge(connection, row)


async def _figures(connection: Connection, campaign: asyncpg.Record) -> dict[str, Any]:
    """Of one database, as `first_share.figures` has them: shares by carrier, last_sent, behind."""
    rows = await connection.fetch(sql("first_share_figures"), campaign["campaign_id"], campaign["paced"])
    last_sent, behind = (rows[0]["last_sent"], rows[0]["behind"]) if rows else (None, 0)
    shares = [{name: row[name] for name in Share.__slots__} for row in rows]
    return {"shares": shares, "last_sent": last_sent, "behind": behind}


def _seen(figures: dict[str, Any], at: float) -> Seen:
    return Seen(tuple(Share(**each) for each in figures["shares"]), figures["last_sent"], at)


def _elsewhere(rows: Sequence[asyncpg.Record]) -> tuple[list[Seen], set[str]]:
    """What other ledgers said last; the carriers of those that said nothing yet."""
    seen, unheard = list[Seen](), set[str]()
    for row in rows:
        if row["at"] is not None:
            seen.append(_seen(json.loads(row["figures"]), math.inf if row["over"] else row["at"]))
        elif not row["over"]:
            unheard |= json.loads(row["carriers"]).keys()
    return seen, unheard


async def _judge(connection: Connection, campaign: asyncpg.Record) -> None:
    campaign_id = campaign["campaign_id"]
    seen, unheard = _elsewhere(await connection.fetch(sql("first_share_parts"), campaign_id))
    own = _seen(await _figures(connection, campaign), campaign["now"])
    shares, last_sent, at = canary.together([own, *seen], unheard)
    plan = Canary(**json.loads(campaign["canary"]))
    decision = canary.decide(plan, shares, last_sent, at)
    if decision.what == "wait":
        return
    verdict = "held" if decision.what == "hold" else "passed"
    found = canary.kept(plan, decision, shares)
    if await connection.fetchval(sql("first_share_ends"), campaign_id, verdict, json.dumps(found)):
        if verdict == "held":
            log(events.FIRST_SHARE_HELD, campaign=campaign_id, why=Sentence(canary.in_words(found)))
        else:
            log(events.FIRST_SHARE_PASSED, campaign=campaign_id)
