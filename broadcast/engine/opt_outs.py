"""What replies bring about, at home and in what runs already: rounds of one worker at a time.

Apart from reading replies, for this needs home as well.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

import asyncpg

from broadcast.engine.apart import Apart, Turns
from broadcast.engine.connections import AGAIN_S
from broadcast.engine.herald import Home
from broadcast.engine.replies import BUSY_PAUSE_S, PAUSE_S, ROUND_MOST, ROUND_S
from broadcast.ids import CarrierNo
from broadcast.ledger import opt_outs
from broadcast.ledger.opt_outs import Sides
from broadcast.monitor.metrics import Metrics
from broadcast.store import pool
from broadcast.store.failures import MENDABLE

SLICES_MOST: Final = 20  # recalled ones: 2,000 people each


class OptOuts:
    """That of one worker. home: the way there; None: the ledger is home. names: of carriers, for the metrics."""

    def __init__(
        self, metrics: Metrics, home: Home | None = None, names: Mapping[CarrierNo, str] | None = None
    ) -> None:
        self._home = home
        self._metrics = metrics
        self._names = names or {}
        self._effects, self._recalls = Apart("opt_outs", metrics), Apart("recalls", metrics)
        self._slices = Apart("slices", metrics)

    async def run(self, connection: asyncpg.Connection) -> None:
        """Until cancelled. connection: to the ledger. Raises RefusedError as `Home.check`."""
        if self._home is None:
            await self._go_on(Sides(connection, connection, ""))
            return
        while True:
            home = None
            try:
                home = await self._home.connections.connect()
                await self._home.check(home)
                await self._go_on(Sides(home, connection, self._home.ledger))
            except MENDABLE:
                if connection.is_closed() or not (home is None or home.is_closed()):
                    raise
                await asyncio.sleep(AGAIN_S)  # home is away, which the herald tells
            finally:
                if home is not None:
                    home.terminate()

    async def _go_on(self, sides: Sides) -> None:
        while True:
            with pool.within(sides.home, ROUND_S), pool.within(sides.ledger, ROUND_S):
                busy = await self.round(sides)
            await asyncio.sleep(BUSY_PAUSE_S if busy else PAUSE_S)

    async def round(self, sides: Sides) -> bool:
        """Opt out who asked for it, free what runs of them. Whether there is more to do.

        Raises what a whole queue fails with alike, once the others had their turn.
        """
        if not await opt_outs.to_do(sides.ledger, await opt_outs.newest(sides.home)):
            return False
        turns = Turns()
        applied = await turns.tried(self._apply(sides))
        trimmed = await turns.tried(self._take_out(sides))
        turns.over()
        return bool(trimmed) or applied >= ROUND_MOST

    async def _apply(self, sides: Sides) -> int:
        out = Counter[CarrierNo]()
        applied = await self._effects.run(
            lambda: opt_outs.apply_replies(sides, ROUND_MOST, None, out),
            lambda: opt_outs.without_effect(sides.ledger, ROUND_MOST),
            lambda number: opt_outs.apply_replies(sides, 1, number, out),
            lambda number, why: opt_outs.set_aside(sides.ledger, number, why),
        )
        for number, people in out.items():
            self._metrics.opt_outs.labels(self._names.get(number, "")).inc(people)
        return applied

    async def _take_out(self, sides: Sides) -> int:
        await self._recalls.run(
            lambda: opt_outs.recall(sides, ROUND_MOST),
            lambda: opt_outs.behind(sides),
            lambda campaign_id: opt_outs.recall(sides, ROUND_MOST, campaign_id),
        )
        return await self._slices.run(  # what fails stays recalled: nobody in it is sent to
            lambda: opt_outs.trim_recalled(sides, SLICES_MOST),
            lambda: opt_outs.to_trim(sides.ledger, SLICES_MOST + self._slices.resting),
            lambda slice_id: opt_outs.trim_recalled(sides, 1, slice_id),
        )
