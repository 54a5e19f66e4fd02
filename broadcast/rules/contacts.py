"""Whom alerts of a category told lately, or may yet tell, from the slices of one database: columns, no object a person.

Read within a transaction by a cursor; one process at a time lets people go, so nobody is missed who was let go before.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg
import numpy as np
import numpy.typing as npt

from broadcast.ids import CarrierNo
from broadcast.rules.caps import UNTOLD, Contacts, People, Times
from broadcast.rules.gate import BUCKETS
from broadcast.store import arrays, plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_SLICES_AT_ONCE: Final = 100
_NOBODY: Final = np.empty(0, np.int64)
_NEVER: Final = np.empty(0, np.float64)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts. since: Unix seconds; those before it count no more. before: held slices of what was launched
    before that count, as those that will be told first; None: all held ones. carrier_no: of one; None: of all."""

    category: str
    since: float
    before: datetime | None = None
    carrier_no: CarrierNo | None = None


async def count(connection: Connection, wanted: Wanted) -> int:
    """How many contacts there may be, at most."""
    since = datetime.fromtimestamp(wanted.since, UTC)
    return int(await connection.fetchval(sql("contact_count"), wanted.category, since))


async def read(
    connection: Connection,
    wanted: Wanted,
    buckets: range = range(BUCKETS),
    *,
    of: People | None = None,
    elsewhere: bool = False,
) -> Contacts:
    """Those of the numbers in these buckets. of: of these people alone, in ascending order. elsewhere: of a database in
    which nobody will be looked at again: who may be sent a second copy there counts as untold, and who is untold until
    their alert's expiry."""
    people: list[People] = []
    times: list[Times] = []
    since = datetime.fromtimestamp(wanted.since, UTC)
    async with plans.by_index(connection):
        now = (await connection.fetchval(sql("database_time"))).timestamp()
        given = (wanted.category, since, wanted.carrier_no, wanted.before)
        async for row in connection.cursor(sql("contact_slices"), *given, prefetch=_SLICES_AT_ONCE):
            numbers = arrays.numbers(row["msisdns"])
            told = _times(row, now)
            if elsewhere and row["alive"]:
                told[np.isposinf(told) | bool(row["resends"])] = row["expires_at"]
            kept = (told > wanted.since) & (numbers > 0)
            if len(buckets) < BUCKETS:
                bucket = numbers % BUCKETS
                kept &= (bucket >= buckets.start) & (bucket < buckets.stop)
            if of is not None:
                kept &= _among(numbers, of)
            people.append(numbers[kept])
            times.append(told[kept])
    return Contacts(np.concatenate([*people, _NOBODY]), np.concatenate([*times, _NEVER]))


def _among(numbers: People, people: People) -> npt.NDArray[np.bool_]:
    """Which of the numbers are among people, who are in ascending order."""
    if not len(people):
        return np.zeros(len(numbers), bool)
    found: npt.NDArray[np.bool_] = people[np.searchsorted(people, numbers) % len(people)] == numbers
    return found


def _times(row: asyncpg.Record, now: float) -> Times:
    """Until when each of a slice was told: inf: may yet be; -inf: neither."""
    found = np.full(row["total"], UNTOLD if row["alive"] else -np.inf)
    mark = row["mark"]
    told = now if row["state"] == "leased" else row["sent_until"]
    again = np.unpackbits(np.frombuffer(row["retry"], np.uint8), bitorder="little")[:mark].astype(bool)
    sent = np.ones(mark, bool)
    sent[: len(again)] = ~again
    found[:mark][sent] = -np.inf if told is None else told
    if row["state"] not in ("held", "ready", "leased"):
        found[np.isposinf(found)] = -np.inf
    return found


@asynccontextmanager
async def claimed(connection: Connection) -> AsyncIterator[bool]:
    """Whether this session alone lets people go in this database, within the block."""
    mine = bool(await connection.fetchval(sql("capping_claim")))
    try:
        yield mine
    finally:
        if mine and not connection.is_closed():
            await connection.fetchval(sql("capping_end"))


def none() -> Contacts:
    """Of nobody."""
    return Contacts(_NOBODY, _NEVER)
