"""Waiting for what other processes and tasks bring about."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 150.0  # what only a hang takes: how soon something comes is judged where a test says so


async def until(holds: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> None:
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


def starved_s() -> float:
    """Seconds so far in which this thread was ready to run and had no core (Linux; 0 elsewhere): what a busy machine
    adds to a time that timers bound."""
    try:
        _, ready_ns, _ = Path("/proc/thread-self/schedstat").read_text().split()
    except FileNotFoundError:
        return 0.0
    return int(ready_ns) / 1e9
