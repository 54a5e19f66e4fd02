"""Waiting to be woken."""

import asyncio

from broadcast.engine.wake import Wake


async def test_set_before_or_while_one_waits_and_only_once() -> None:
    wake = Wake()
    wake.set()
    await wake.wait(3600)
    asyncio.get_running_loop().call_soon(wake.set)
    await wake.wait(3600)
    await wake.wait(0)  # its time has come: nobody set it
