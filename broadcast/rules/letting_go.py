"""People under caps and paces are looked at when their moment comes, and let go where the caps allow it then.

A round of the tidier: the due slices of one campaign and carrier, some hundred thousand people at most, against what
the category's alerts told these lately or may yet tell them in this database. What another's told is in their moment
already. Campaigns take turns by whose moment came first: one whose people are looked at again and again keeps no other
from being looked at.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import numpy as np

from broadcast.rules import contacts
from broadcast.rules.caps import STEP_S
from broadcast.rules.contacts import Wanted
from broadcast.rules.gate import NEVER, NOW, Gate
from broadcast.rules.limits import HOUR_S, Limits, read
from broadcast.store import arrays, plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

SLICES_MOST: Final = 256  # in a round


@dataclass(slots=True)
class _Round:
    """What becomes of slices. seen: people who are let go in it; allowed: how many more may be."""

    allowed: int
    seen: set[int] = field(default_factory=set)
    go: list[int] = field(default_factory=list)
    later: dict[float, list[int]] = field(default_factory=dict)


async def look(connection: Connection) -> None:
    """One round, in a transaction of its own; nothing while a launch or somebody else lets people go."""
    async with connection.transaction():
        await connection.execute(plans.LOOK_UP)
        campaigns = await connection.fetch(sql("campaigns_to_check"))
        if not campaigns or not await connection.fetchval(sql("capping_claim_briefly")):
            return
        for row in campaigns:
            limits = read(row["rules"])
            if limits.hours.may_leave(row["now"]) and await _look(connection, row, limits):
                return


async def _look(connection: Connection, campaign: asyncpg.Record, limits: Limits) -> bool:
    """At the first due slices of a campaign. Returns whether there were any."""
    slices = await connection.fetch(sql("slices_to_check"), campaign["campaign_id"], SLICES_MOST)
    if not slices:
        return False
    now, expires = campaign["now"], campaign["expires_at"]
    oldest = now - max((cap.seconds for cap in limits.caps), default=0.0)
    wanted = Wanted(campaign["category"], oldest, campaign["launched_at"], slices[0]["carrier_no"])
    found = contacts.none()
    if limits.caps:
        people = np.unique(np.concatenate([arrays.numbers(row["msisdns"]) for row in slices]))
        found = await contacts.read(connection, wanted, of=people)
    gate = Gate(limits, found, now, expires)
    done = _Round(await _allowance(connection, campaign["campaign_id"], limits))
    for row in slices:
        await _part(connection, gate, done, row)
    await connection.execute(sql("let_go"), done.go)
    for moment, slice_ids in done.later.items():
        await connection.execute(sql("look_later"), slice_ids, min(moment, expires))
    return True


async def _allowance(connection: Connection, campaign_id: int, limits: Limits) -> int:
    """How many more may be let go this hour: whoever was, and is untold, counts as long as that lasts."""
    if limits.people_per_hour is None:
        return 2**31
    told: int = await connection.fetchval(sql("told_lately"), campaign_id, HOUR_S)
    return limits.people_per_hour - told


async def _part(connection: Connection, gate: Gate, done: _Round, row: asyncpg.Record) -> None:
    """One slice goes, waits, or is cut in those who do and those who do not."""
    people = arrays.numbers(row["msisdns"])
    moments = gate.moments(people)
    again = np.fromiter((number in done.seen for number in people.tolist()), bool, len(people))
    moments[again & (moments == NOW)] = gate.now + STEP_S
    if len(people) > done.allowed:
        moments[moments == NOW] = gate.now + 1.0
    each = np.unique(moments).tolist()
    free = int((moments == NOW).sum())
    done.allowed -= free
    if gate.limits.caps:
        done.seen.update(people[moments == NOW].tolist())
    if len(each) == 1:
        if each[0] == NOW:
            done.go.append(row["slice_id"])
        else:
            done.later.setdefault(each[0], []).append(row["slice_id"])
        return
    for moment in each:
        until: Any = None if moment == NOW else gate.expires if moment == NEVER else moment
        await connection.execute(
            sql("part_slice"), row["slice_id"], people[moments == moment].tolist(), until
        )
    await connection.execute(sql("parted"), row["slice_id"])
