"""How late the event loop wakes a timer: the first sign that a worker's core is full."""

import asyncio

from broadcast.monitor.metrics import Metrics

EVERY_S = 0.1


async def measure_lag(metrics: Metrics) -> None:
    """Observe the loop's lag ten times a second, for ever; a worker runs it as one of its tasks."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))
