"""How a worker ends its tasks."""

import asyncio
import contextlib

from waiting import PATIENCE_S

from broadcast.engine.shift import _end


async def test_a_task_that_takes_its_end_for_a_lost_connection_ends_all_the_same() -> None:
    """As the rollback of a cancelled transaction does on a connection that is gone."""
    lost: list[str] = []

    async def stubborn() -> None:
        while True:
            with contextlib.suppress(ConnectionError):
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if len(lost) < 2:
                        lost.append("connection")
                        raise ConnectionResetError from None
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        await _end([task])
    assert (len(lost), task.cancelled()) == (2, True)
