"""A link's task that fails: said, and made anew."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from broadcast.engine.lane import Lane
from broadcast.engine.sessions import Sessions
from broadcast.ids import CarrierNo
from broadcast.monitor.metrics import Metrics


async def test_a_link_that_failed_is_said_and_opened_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lives = 0

    async def keep_bound(*_: Any) -> None:
        nonlocal lives
        lives += 1
        if lives == 1:
            raise ZeroDivisionError("84961234567")
        await asyncio.Event().wait()

    channel = SimpleNamespace(keep_bound=keep_bound)
    lane = cast(Lane, SimpleNamespace(carrier_no=CarrierNo(1), name="viettel", channel=channel))
    kept = Sessions(Metrics())
    for _ in range(3):  # heartbeats
        kept.open(lane, 0)
        for _ in range(3):
            await asyncio.sleep(0)
    assert lives == 2
    assert caplog.text.count("link_failed link=viettel-0 kind=ZeroDivisionError") == 1
    assert "84961234567" not in caplog.text
    await kept.close()
