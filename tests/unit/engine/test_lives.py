"""One life after the other: what ends a life, and what ends the process."""

import asyncio
import logging

import pytest

from broadcast.engine import lives
from broadcast.engine.lives import Lives
from broadcast.errors import DatabaseDownError, FencedError


class Life:
    """Ends as it is told to; None: at its stop."""

    def __init__(self, end: Exception | None) -> None:
        self.end = end
        self.begun = False
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        if isinstance(self.end, DatabaseDownError):
            raise self.end
        self.begun = True
        if self.end is not None:
            raise self.end
        await self.stopping.wait()

    def stop(self) -> None:
        self.stopping.set()

    async def database(self) -> str | None:
        return None

    def words(self) -> str:
        return repr(self.end)


async def turns() -> None:
    """More than all that is under way needs."""
    for _ in range(200):
        await asyncio.sleep(0)


AWAY = DatabaseDownError("the database does not answer")
FENCED = FencedError("this worker was taken for dead")


async def lived(monkeypatch: pytest.MonkeyPatch, *ends: Exception | None, wait: bool) -> Lives[Life]:
    """These lives, the last of which is stopped; said by the one that is then, and by all of them together."""
    monkeypatch.setattr(lives, "AGAIN_S", 0.0)
    made = iter([Life(end) for end in (*ends, None)])
    several, stop = Lives(lambda: next(made), wait=wait), asyncio.Event()
    running = asyncio.create_task(several.run(stop))
    await turns()
    assert running.done() or (several.life.begun and several.life.end is None)
    stop.set()
    await running
    return several


async def test_lost_leases_and_a_database_that_is_away_afterwards_end_a_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = await lived(monkeypatch, FENCED, AWAY, AWAY, wait=False)
    assert await several.database() is None


async def test_the_first_one_waits_only_when_told_to(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DatabaseDownError):
        await lived(monkeypatch, AWAY, wait=False)
    caplog.set_level(logging.WARNING)
    several = await lived(monkeypatch, AWAY, AWAY, AWAY, wait=True)
    assert await several.database() is None
    assert caplog.text.count("worker_waits") == 1


async def test_why_none_could_begin_is_the_databases_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "AGAIN_S", 3600.0)
    several, stop = Lives(lambda: Life(AWAY), wait=True), asyncio.Event()
    running = asyncio.create_task(several.run(stop))
    await turns()
    assert await several.database() == "the database does not answer"
    stop.set()
    await running
