"""The bare link, the bare ledger and the peer in the nation's shape: what the product stands beside.

Three senders, each a process with a carrier of its own, against the same simulated carriers with the same habits. Each
sends as fast as it can for SENDING_MOST_S at most (the peer within its own bounds), and the link waits then for its
receipts, _LAST_S at most: those that take minutes count for no rate.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from broadcast.bench import ledger, link, peer
from broadcast.bench.campaign import launch, prepare
from broadcast.bench.load import Load, Part
from broadcast.bench.meters import Meters
from broadcast.bench.nation import Watch
from broadcast.bench.senders import SENDING_MOST_S, Senders, Work, senders
from broadcast.bench.stage import Stage, staged, start_resolver
from broadcast.bench.window import COST_S, LOOK_S, Cost, pending, within
from broadcast.cli.runner import run
from broadcast.errors import AuditError, BroadcastError
from broadcast.reports.audit import audit
from broadcast.store.pool import connect

_LAST_S = 35.0
_MOST_S = 2 * SENDING_MOST_S  # to the last answer


@dataclass(frozen=True, slots=True)
class Limit:
    """One part. segments: accepted in all. The rates and cpu_s are those of nation.Nation.

    told_per_s: segments that became final; without a ledger, receipts that were acked, doubled ones too.
    """

    segments: int
    sent_s: float
    segments_per_s: float
    told_per_s: float
    cpu_s: dict[str, float]
    peak_mib: dict[str, float]


def bare_link(load: Load) -> Limit:
    """Raises BroadcastError when a link is lost or a submit stays without an answer."""
    return _without_ledger(load, link.sending, last_s=_LAST_S)


def aiosmpplib(load: Load) -> Limit:
    """Not waited for beyond its bounds. Raises BroadcastError when an answer lacks."""
    return _without_ledger(load, peer.sending, last_s=0.0)


def bare_ledger(load: Load) -> Limit:
    """Raises AuditError when the books do not balance in the end."""
    with staged(replace(load, tps=0), database=True, simulated=False) as stage:
        return run(_with_ledger(stage))


LIMITS: dict[Part, Callable[[Load], Limit]] = {"link": bare_link, "ledger": bare_ledger, "peer": aiosmpplib}


def _without_ledger(load: Load, work: Work, last_s: float) -> Limit:
    with staged(replace(load, tps=0), database=False) as stage, senders(work, stage) as group:
        meters = Meters(stage, group.pids)
        costs = _until_answered(group, meters)
        sent_s = min(costs[-1].at_s, SENDING_MOST_S)  # then it only waits for the last answers
        until = time.monotonic() + last_s
        while time.monotonic() < until and pending(stage):
            meters.look()
            time.sleep(LOOK_S)
        segments = group.said().accepted
        group.ask()
    return Limit(segments, sent_s, *within(costs, sent_s, 1), meters.peak_mib)


def _until_answered(group: Senders, meters: Meters) -> list[Cost]:
    """From the first submit to the last answer. Raises BroadcastError when that takes too long."""
    began = time.monotonic()
    costs = [Cost(0.0, 0, 0, meters.cpu_s())]
    group.ask()
    while True:
        time.sleep(LOOK_S)
        said, at_s = group.said(), time.monotonic() - began
        meters.look()
        if said.through or at_s >= costs[-1].at_s + COST_S:
            costs.append(Cost(at_s, said.accepted, said.told, meters.cpu_s()))
        if said.through:
            return costs
        if at_s > _MOST_S:
            raise BroadcastError(f"not everything was answered in {at_s:.0f} s")


async def _with_ledger(stage: Stage) -> Limit:
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        numbers = await prepare(connection, stage.config, stage.load)
        campaign_id = await launch(connection, stage.config, stage.load)
        start_resolver(stage)
        with senders(partial(ledger.sending, stage.database.url(), campaign_id, numbers), stage) as group:
            watching = Watch(connection, campaign_id, Meters(stage, group.pids), stage.load)
            await watching.look()
            group.ask()
            sent_s = await _until_through(group, watching)
            segments = group.said().accepted
            group.ask()
        found = await audit(connection, campaign_id)
        if not found.balanced:
            raise AuditError(f"the books do not balance: {'; '.join(found.problems)}")
    finally:
        await connection.close()
    rates = within(watching.costs, sent_s, stage.load.segments)
    return Limit(segments, sent_s, *rates, watching.meters.peak_mib)


async def _until_through(group: Senders, watching: Watch) -> float:
    """Seconds of sending. Raises BroadcastError as `Senders.said`, AuditError when it takes too long."""
    while not group.said().through:
        await watching.look()
        await asyncio.sleep(LOOK_S)
    await watching.look()
    return min(watching.now_s, SENDING_MOST_S)
