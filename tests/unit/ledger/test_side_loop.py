"""Work on a thread with a loop of its own."""

import asyncio
import threading

import pytest
from waiting import PATIENCE_S

from broadcast.ledger.side_loop import SideLoop


async def test_it_runs_on_another_thread_and_answers() -> None:
    async def who() -> str:
        return threading.current_thread().name

    with SideLoop("beside") as side:
        assert await side.run(who()) == "beside"
    assert "beside" not in {thread.name for thread in threading.enumerate()}


async def test_it_goes_on_while_this_loop_is_busy() -> None:
    answered = threading.Event()

    async def answer() -> None:
        await asyncio.sleep(0)
        answered.set()

    with SideLoop("beside") as side:
        task = asyncio.create_task(side.run(answer()))
        await asyncio.sleep(0)  # it has begun
        assert answered.wait(timeout=PATIENCE_S)  # and ends although this loop does not turn
        await task


async def test_what_it_raises_arrives() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with SideLoop("beside") as side, pytest.raises(LookupError, match="gone"):
        await side.run(fail())


async def test_cancelling_here_cancels_there() -> None:
    ended = threading.Event()
    begun = threading.Event()

    async def wait_for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with SideLoop("beside") as side:
        task = asyncio.create_task(side.run(wait_for_ever()))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(begun.wait, PATIENCE_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, PATIENCE_S)
