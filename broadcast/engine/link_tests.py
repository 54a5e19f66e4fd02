"""The worker that tries the ways to its carriers: whichever got the lock, each address once in a round.

Where workers are bound is not tried: their links are asked all the time whether they live. Where nobody is, and at each
standby address, a link is opened and closed again. What came of it is kept for who launches
(broadcast/reports/link_tests.py) and, for a week, for whoever asks how it was.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from broadcast.channel.trying import Tried, Way
from broadcast.engine.connections import ANSWER_S
from broadcast.engine.lane import Lane
from broadcast.ids import CarrierNo
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import about
from broadcast.store import pool
from broadcast.store.queries import sql

ROUND_S: Final = 60.0
KEPT_S: Final = 7 * 86400.0
AT_ONCE: Final = 4  # links that are tried at a time at one carrier

_BOUND: Final = "bound"


class LinkTests:
    """Those of one worker."""

    def __init__(self, lanes: Mapping[CarrierNo, Lane]) -> None:
        self._ways = {number: (lane, tuple(lane.channel.ways())) for number, lane in lanes.items()}

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled. The first round comes after one: links that are just being opened are no news."""
        mine = False
        while True:
            await asyncio.sleep(ROUND_S)
            with pool.within(connection, ANSWER_S):
                mine = mine or await connection.fetchval(sql("link_testing_claim"))
            if mine:
                async with asyncio.TaskGroup() as group:
                    tries = {
                        number: group.create_task(
                            self._tried(ways, lane, await self._bound(connection, number))
                        )
                        for number, (lane, ways) in self._ways.items()
                    }
                for number, task in tries.items():
                    await self._note(connection, number, task.result())

    async def _bound(self, connection: asyncpg.Connection, carrier_no: CarrierNo) -> set[int]:
        with pool.within(connection, ANSWER_S):
            return {row["slot_no"] for row in await connection.fetch(sql("bound_slots"), carrier_no)}

    async def _tried(
        self, ways: Sequence[Way], lane: Lane, bound: set[int]
    ) -> list[tuple[Way, Tried | None]]:
        """None: workers are bound there."""
        few = asyncio.Semaphore(AT_ONCE)

        async def one(way: Way) -> tuple[Way, Tried | None]:
            if way.slots & bound:
                return way, None
            async with few:
                with about(carrier=Name(lane.name)):
                    return way, await lane.channel.try_way(way)

        return await asyncio.gather(*map(one, ways))

    async def _note(
        self, connection: asyncpg.Connection, carrier_no: CarrierNo, tried: Sequence[tuple[Way, Tried | None]]
    ) -> None:
        with pool.within(connection, ANSWER_S):
            await connection.execute(
                sql("note_link_tests"),
                carrier_no,
                [way.bind for way, _ in tried],
                [way.address for way, _ in tried],
                [_BOUND if each is None else each.state for _, each in tried],
                ["" if each is None else each.said for _, each in tried],
                [None if each is None else each.seconds for _, each in tried],
            )
            await connection.execute(sql("forget_link_tests"), carrier_no, KEPT_S)
