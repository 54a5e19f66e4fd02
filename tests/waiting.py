"""Waiting for what other processes and tasks bring about."""

import asyncio
import time
from collections.abc import Callable
from typing import Any


async def until(holds: Callable[[], Any], what: str, within_s: float = 60.0) -> None:
    """Wait for a condition, plain or awaitable. Raises TimeoutError that says what was waited for."""
    deadline = time.monotonic() + within_s
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:.0f} s: {what}")
        await asyncio.sleep(0.05)
