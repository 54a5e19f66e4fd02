"""A link's waits end in time, and never swallow that their task is to end."""

import asyncio

import pytest

from broadcast.smpp.link import _at_most


async def test_a_cancellation_at_the_moment_of_success_counts() -> None:
    """Otherwise a worker whose SMSC closes while it shuts down binds again for ever."""
    answer = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(_at_most(10, answer))
    await asyncio.sleep(0)
    answer.set_result(None)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_it_gives_up_quietly() -> None:
    await _at_most(0, asyncio.get_running_loop().create_future())
