"""The moments that an operator waits for: planning, the first message, and what a lost or restarted worker costs.

A pause is the longest time between two answers of the SMSCs while there was work: what people would see as a gap in
the graph of what is sent.
"""

import asyncio
import signal
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import asyncpg

from broadcast.bench.campaign import answered, approved, prepare
from broadcast.bench.load import Load
from broadcast.bench.people import APPROVER, acting
from broadcast.bench.stage import LOOK_S, Stage, bound, staged, start_worker, start_workers
from broadcast.campaign.launch import launch
from broadcast.cli.runner import run
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.reports.audit import audit
from broadcast.reports.progress import progress
from broadcast.store.pool import connect

TPS = 5000  # of the carrier, unless told: a pause is what shows, not the speed
_STEADY_S = 6.0
_RETURN_S = 30.0
_BACK = 0.9  # of the TPS: full speed, with the edges of what one sees of it


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
        async with acting(connection, APPROVER):
            launched = await launch(connection, stage.config, campaign)
        planning_s, committed_at = time.monotonic() - began, time.time()
        await _first_answer(connection, launched.campaign_id)
        spans = [
            await _span(connection, stage, launched.campaign_id, how)
            for how in (signal.SIGTERM, signal.SIGKILL)
        ]
        answers = await answered(connection, launched.campaign_id)
        found = await audit(connection, launched.campaign_id)
        if found.problems:
            raise BroadcastError(f"the books do not balance: {'; '.join(found.problems)}")
    finally:
        await connection.close()
    first_s = max(0.0, answers[0] - committed_at)
    return Moments(
        stage.load.messages, planning_s, first_s, *[longest_pause(answers, *span) for span in spans]
    )


def longest_pause(answers: Sequence[float], since: float, until: float) -> float:
    """Seconds between two answers that follow each other, of those from since to until. All in seconds of Unix time,
    answers in order; two at least are in between."""
    within = answers[bisect_left(answers, since) : bisect_right(answers, until)]
    return max(after - before for before, after in pairwise(within))


def back(looks: Sequence[tuple[float, int]], tps: int) -> bool:
    """Whether the last second and a bit was at full speed. looks: (monotonic, segments accepted so far), in order."""
    now, segments = looks[-1]
    past = [each for each in looks if each[0] <= now - 1.0]
    return bool(past) and segments - past[-1][1] >= _BACK * tps * (now - past[-1][0])


async def _first_answer(connection: asyncpg.Connection, campaign_id: CampaignId) -> None:
    deadline = time.monotonic() + _RETURN_S
    while not (await progress(connection, campaign_id)).total.segments:
        if time.monotonic() > deadline:
            raise BroadcastError(f"nothing was sent within {_RETURN_S:.0f} s of the launch")
        await asyncio.sleep(LOOK_S)


async def _span(
    connection: asyncpg.Connection, stage: Stage, campaign_id: CampaignId, how: signal.Signals
) -> tuple[float, float]:
    """End the worker, start another, wait until it sends at full speed: from a second before to then, in Unix time."""
    await asyncio.sleep(_STEADY_S)
    since = time.time() - 1.0
    await asyncio.to_thread(stage.shell.end, "worker-0", how)
    start_worker(stage, 0)
    deadline = time.monotonic() + _RETURN_S
    looks: list[tuple[float, int]] = []
    while time.monotonic() < deadline:
        looks.append((time.monotonic(), (await progress(connection, campaign_id)).total.segments))
        if back(looks, stage.load.tps):
            return since, time.time()
        await asyncio.sleep(LOOK_S)
    raise BroadcastError(f"the traffic was not back {_RETURN_S:.0f} s after {how.name}")
