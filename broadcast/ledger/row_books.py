"""The books of a campaign whose people are rows: slices, final rows, open submissions, the ring."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import asyncpg

from broadcast.ledger import doubts
from broadcast.ledger.books import (
    CarrierSums,
    Doubt,
    Doubted,
    Exclusion,
    Outcomes,
    People,
    SecondCopies,
    Shape,
    Sum,
)
from broadcast.ledger.states import RecipientState
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_FETCH = 8_192
_DROPPED = ("slices", "exclusions", "open", "journal")


class RowBooks:
    """LiveBooks of one campaign, by the statements of store/sql/row_books.sql and doubts.sql."""

    def __init__(self, connection: Connection, campaign_id: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id

    async def counted(self, in_ring: Mapping[int, int]) -> dict[tuple[int, RecipientState], int]:
        counted = Counter(
            {
                (row["carrier_no"], RecipientState(row["state"])): row["recipients"]
                for row in await self._fetch("rows_counted")
            }
        )
        for carrier_no, accepted in in_ring.items():
            counted[carrier_no, RecipientState.ACCEPTED] += accepted
        return {key: count for key, count in counted.items() if count}

    async def twice(self) -> bool:
        return bool(await self._fetch("rows_twice"))

    async def problems(self) -> Sequence[str]:
        """None: rows bear no sums of their own, `counted` and the tallies speak for them."""
        return ()

    async def outcomes(self, launched_at: datetime, step_s: float, longest_s: int) -> list[Outcomes]:
        return [Outcomes(**row) for row in await self._fetch("rows_outcomes", launched_at, step_s, longest_s)]

    async def exclusions(self) -> list[Exclusion]:
        return [Exclusion(**row) for row in await self._fetch("rows_exclusions")]

    async def never_sent(self) -> dict[str, int]:
        return {row["carrier"]: row["recipients"] for row in await self._fetch("rows_never_sent")}

    async def doubts(self) -> list[Doubt]:
        return await doubts.counts(self._connection, self._campaign_id)

    async def doubted(self, ended_as: str | None = None) -> list[Doubted]:
        return await doubts.doubted(self._connection, self._campaign_id, ended_as)

    async def resent(self) -> dict[str, dict[int, int]]:
        return await doubts.resent(self._connection, self._campaign_id)

    async def second_copies(self) -> list[SecondCopies]:
        return await doubts.second_copies(self._connection, self._campaign_id)

    def people(self) -> AsyncIterator[People]:
        return self._streamed("rows_people")

    def in_order(self) -> AsyncIterator[People]:
        return self._streamed("rows_in_order")

    async def sums(self) -> list[CarrierSums]:
        rows = await self._fetch("rows_sums")
        return [_sums(list(group)) for _, group in groupby(rows, key=lambda row: int(row["carrier_no"]))]

    def doubt_history(self) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        return doubts.history(self._connection, self._campaign_id)

    async def drop(self) -> int:
        for each in _DROPPED:
            await self._connection.execute(sql(f"rows_drop_{each}"), self._campaign_id)
        await self._connection.execute(sql("drop_doubts"), self._campaign_id)
        gone: int = await self._connection.fetchval(sql("rows_drop_outcomes"), self._campaign_id)
        return gone

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        return await self._connection.fetch(sql(name), self._campaign_id, *arguments)

    async def _streamed(self, name: str) -> AsyncIterator[People]:
        """name: of a statement that gives carrier_no, carrier and the columns of People, in this order."""
        cursor = await self._connection.cursor(sql(name), self._campaign_id)
        while rows := await cursor.fetch(_FETCH):
            for carrier_no, group in groupby(rows, key=lambda row: int(row["carrier_no"])):
                mine = list(group)
                yield People(carrier_no, mine[0]["carrier"], *list(zip(*mine, strict=True))[2:])


def _sums(rows: Sequence[asyncpg.Record]) -> CarrierSums:
    """rows: of rows_sums, one per state."""
    return CarrierSums(
        carrier_no=rows[0]["carrier_no"],
        carrier=rows[0]["carrier"],
        shape=Shape.of(
            decimals=all(row["decimals"] for row in rows),
            uuids=all(row["uuids"] for row in rows),
            most_ids=max(row["parts"] for row in rows),
        ),
        settled=sum(row["settled"] for row in rows),
        sums={row["state"]: Sum(row["recipients"], int(row["checksum"])) for row in rows},
    )
