"""The moments that an operator waits for: planning, the first message, and what a lost or restarted worker costs.

A pause is the longest time between two answers of the SMSCs while there was work: what people would see as a gap in
the graph of what is sent.
"""

import asyncio
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from broadcast.campaign import campaigns
from broadcast.cli.bench.campaign import approved, prepare
from broadcast.cli.bench.load import Load
from broadcast.cli.bench.stage import LOOK_S, Stage, bound, staged, start_worker, start_workers
from broadcast.cli.runner import run
from broadcast.errors import BroadcastError
from broadcast.reports.audit import audit
from broadcast.store.pool import connect

TPS = 5000  # of the carrier, unless told: a pause is what shows, not the speed
_STEADY_S = 6.0
_RETURN_S = 30.0
_BACK = 0.9  # of the TPS: full speed, with the edges of what one sees of it
_ANSWERS = """
    SELECT submitted_at FROM outcome WHERE campaign_id = $1 AND submitted_at > $2
    UNION ALL SELECT submitted_at FROM submission WHERE campaign_id = $1 AND submitted_at > $2
    UNION ALL SELECT submitted_at FROM open_submission WHERE campaign_id = $1 AND submitted_at > $2
"""
_COUNT = f"SELECT count(*) FROM ({_ANSWERS}) AS answer"
_FIRST = f"SELECT min(submitted_at) FROM ({_ANSWERS}) AS answer"
_PAUSE = f"""
SELECT extract(epoch FROM max(gap))::float8
  FROM (SELECT submitted_at - lag(submitted_at) OVER (ORDER BY submitted_at) AS gap FROM ({_ANSWERS}) AS answer) AS gaps
"""


@dataclass(frozen=True, slots=True)
class Moments:
    """Seconds. planning: from the launch to its commit, the snapshot of `recipients` included; first_message: from
    that commit until an SMSC had accepted one; pauses: after SIGTERM and a new start, and after kill -9 and one."""

    recipients: int
    planning_s: float
    first_message_s: float
    restart_pause_s: float
    kill_pause_s: float


def moments(load: Load) -> Moments:
    """One worker, one carrier. Raises AuditError when the books do not balance in the end."""
    with staged(load, database=True) as stage:
        return run(_measure(stage))


async def _measure(stage: Stage) -> Moments:
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        await prepare(connection, stage.config, stage.load)
        start_workers(stage)
        await bound(connection, stage.load)
        campaign = await approved(connection, stage.config, stage.load)
        began = time.monotonic()
        launched = await campaigns.launch(connection, stage.config, campaign, "approver")
        planning_s, committed_at = time.monotonic() - began, datetime.now(UTC)
        first = await _first_answer(connection, launched.campaign_id)
        pauses = [
            await _pause(connection, stage, launched.campaign_id, how)
            for how in (signal.SIGTERM, signal.SIGKILL)
        ]
        found = await audit(connection, launched.campaign_id)
        if found.problems:
            raise BroadcastError(f"the books do not balance: {'; '.join(found.problems)}")
    finally:
        await connection.close()
    first_s = max(0.0, (first - committed_at).total_seconds())
    return Moments(stage.load.messages, planning_s, first_s, *pauses)


async def _first_answer(connection: asyncpg.Connection, campaign_id: int) -> datetime:
    deadline = time.monotonic() + _RETURN_S
    while time.monotonic() < deadline:
        first: datetime | None = await connection.fetchval(
            _FIRST, campaign_id, datetime(2000, 1, 1, tzinfo=UTC)
        )
        if first is not None:
            return first
        await asyncio.sleep(LOOK_S)
    raise BroadcastError(f"nothing was sent within {_RETURN_S:.0f} s of the launch")


async def _pause(
    connection: asyncpg.Connection, stage: Stage, campaign_id: int, how: signal.Signals
) -> float:
    """End the worker, start another, wait until it sends at full speed: the longest time without an answer."""
    await asyncio.sleep(_STEADY_S)
    since = datetime.now(UTC) - timedelta(seconds=1)
    await asyncio.to_thread(stage.shell.end, "worker-0", how)
    start_worker(stage, 0)
    ended_at = datetime.now(UTC)
    tps, deadline = stage.load.tps, time.monotonic() + _RETURN_S
    while time.monotonic() < deadline:
        await asyncio.sleep(LOOK_S)
        a_second_ago = datetime.now(UTC) - timedelta(seconds=1)
        if (
            a_second_ago > ended_at
            and await connection.fetchval(_COUNT, campaign_id, a_second_ago) >= _BACK * tps
        ):
            pause: float = await connection.fetchval(_PAUSE, campaign_id, since)
            return pause
    raise BroadcastError(f"the traffic was not back {_RETURN_S:.0f} s after {how.name}")
